"""What people call the codes of the domain and of the built-in policies, in English; by the kind of code.

The kind is the message's context in the catalog: "received" is one thing as a state and another as a flag. A code
that is a word already stands as it is; another word is given where the code's would mislead.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from amends_platform.words.refusals import REFUSALS


def _spoken(code: str) -> str:
    return code.replace("_", " ").replace("-", " ")


def _as_they_are(*codes: str) -> dict[str, str]:
    return {code: _spoken(code) for code in codes}


TERMS: Final[Mapping[str, Mapping[str, str]]] = {
    "state": _as_they_are(
        "received",
        "apologized",
        "investigated",
        "proposed",
        "customer-confirmed",
        "followed-up",
        "withdrawn",
        "closed-unsatisfied",
        "merged",
        "incident-closed",
        "open",
        "closed",
    ),
    "verdict": {
        **_as_they_are("met", "extended", "cancelled", "breached"),
        "pending": "running",
    },
    "clock": {
        **_as_they_are(
            "apology",
            "callback",
            "cash_jam",
            "refund_call",
            "retained_card",
            "promise",
            "corrective_action",
        ),
        "statutory": "statutory decision",
        "hand_off": "hand-off",
        "follow_up": "follow-up",
        "telecom_reply": "telecom reply",
        "psd2_reply": "PSD2 reply",
        "rg271_acknowledgement": "RG 271 acknowledgement",
        "rg271_response": "RG 271 response",
        "cfpb_response": "CFPB response",
        "reg_e_investigation": "Reg E investigation",
        "reg_e_correction": "Reg E correction",
        "reg_e_result": "Reg E result",
        "disp_acknowledgement": "DISP acknowledgement",
        "disp_summary_resolution": "DISP summary resolution",
        "disp_final_response": "DISP final response",
        "disp_payment_response": "DISP payment response",
    },
    "grade": _as_they_are("ordinary", "escalated", "major"),
    "role": {
        **_as_they_are(
            "agent",
            "handler",
            "supervisor",
            "department_head",
            "executive",
            "auditor",
            "integration",
        ),
        "admin": "administrator",
    },
    "ladder": {
        **_as_they_are(
            "department_manager",
            "vice_president",
            "head_office",
            "general_office",
            "head_of_unit",
            "team_leader",
            "marketing",
        ),
        "service_admin": "service administrator",
    },
    "flag": {
        **_as_they_are(
            "vulnerable", "urgent", "media-threat", "repeat", "persistent", "complex", "severe", "payment_services"
        ),
        "regulator-watch": "regulator's watch",
        "reg_e_90_days": "Reg E, 90 days",
    },
    "type": {
        "staff_mistake_or_attitude": "staff mistake or attitude",
        "waiting_time": "waiting time",
        "atm_card_or_cash": "ATM card or cash",
        "system_failure": "system failure",
        "closing_time": "closing time",
        "mis_selling": "mis-selling",
    },
    "cause": {
        **_as_they_are(
            "special_terms_not_pointed_out",
            "process_too_slow",
            "basic_work_error_at_outlet",
            "customer_not_guided",
            "not_done_as_customer_asked",
            "vulnerable_customer_not_cared_for",
            "disorder_at_outlet",
            "staff_attitude",
            "other_personnel",
            "cash_jam",
            "card_retained",
        ),
        "first_inquiry_duty_not_met": "first-inquiry duty not met",
    },
    "channel": {
        **_as_they_are("phone", "branch", "chat", "app", "web", "letter", "media", "regulator", "head_office"),
        "email": "e-mail",
    },
    "kind": _as_they_are("complaint", "inquiry", "suggestion", "praise", "incident"),
    # In a sentence: "the inquiry is now a complaint".
    "a_kind": {
        "complaint": "a complaint",
        "inquiry": "an inquiry",
        "suggestion": "a suggestion",
        "praise": "praise",
        "incident": "an incident",
    },
    "severity": _as_they_are("low", "medium", "high", "severe"),
    "outcome": {
        **_as_they_are(
            "to_be_taken_seriously",
            "respect",
            "immediate_action",
            "compensation",
            "someone_held_to_account",
            "never_again",
            "to_be_heard",
        ),
        "sincere_admission": "a sincere admission",
    },
    "proposal": _as_they_are(
        "refund", "compensation", "apology", "apology_letter", "letter", "correction", "explanation", "goodwill"
    ),
    "action": {
        **_as_they_are(
            "refund_made",
            "customer_told",
            "card_collected",
            "decision_sent",
            "corrective_action_done",
            "acknowledgement_sent",
            "summary_resolution_sent",
            "holding_reply_sent",
            "in_progress_marked",
            "error_found",
            "error_corrected",
        ),
        "provisional_credit": "provisional credit given",
    },
    "reopening": _as_they_are("overdue", "broken-promise", "passed-around", "recurrence", "new-facts"),
    # A department of a name that is not here is shown as it is called.
    "department": {
        "cards": "cards",
        "loans": "loans",
        "card_centre": "card centre",
        "wealth_management": "wealth management",
        "it_operations": "IT operations",
    },
    "relation": _as_they_are("same-matter", "same-customer", "follows", "related"),
    "promise": _as_they_are("open", "kept", "broken"),
    "answer": _as_they_are("unhappy", "neutral", "delighted"),
    "standard": _as_they_are("timeliness", "responsiveness", "accuracy"),
    "product": {
        **_as_they_are(
            "current_account",
            "savings_account",
            "debit_card",
            "credit_card",
            "social_security_card",
            "transfer",
            "personal_loan",
            "insurance",
            "investment_fund",
            "mobile_banking",
            "mobile_plan",
            "handset_contract",
            "roaming",
            "broadband",
            "business_broadband",
            "landline",
            "value_added_service",
        ),
        "sim_card": "SIM card",
        "prepaid_top_up": "prepaid top-up",
    },
    "fact": _as_they_are("channel", "kind", "type", "cause", "product", "severity", "grade", "branch", "flag"),
    "customer": _as_they_are("name", "phone", "email", "address"),
    # As the calendar of China names its days, and the domain the others.
    "day_off": {
        **_as_they_are("weekend", "after hours"),
        **{
            name: name
            for name in (
                "New Year's Day",
                "Chinese New Year's Eve",
                "Chinese New Year (Spring Festival)",
                "Tomb-Sweeping Day",
                "Labor Day",
                "Dragon Boat Festival",
                "Mid-Autumn Festival",
                "National Day",
            )
        },
    },
    "alert": _as_they_are("reminder", "breach", "escalation"),
    "escalation": {
        "deadline": "a deadline is not met",
        "notice": "to be told at once",
        "recusal": "staff of the unit are complained of",
        "asked": "asked for by a person",
    },
    "refusal": REFUSALS,
    "command": {
        "receive": "receive",
        "apologize": "apologise",
        "investigate": "investigate",
        "propose": "propose",
        "approve": "approve",
        "reject": "reject",
        "confirm": "customer accepts",
        "decline": "customer declines",
        "on-the-spot": "resolve on the spot",
        "follow-up": "follow up",
        "review": "review",
        "withdraw": "withdraw",
        "close-unsatisfied": "close unsatisfied",
        "reopen": "reopen",
        "merge": "merge",
        "assign": "assign",
        "hand-off": "hand off",
        "accept": "accept the hand-off",
        "refuse": "refuse the hand-off",
        "contact": "record a contact",
        "agree-callback": "agree a callback",
        "promise": "make a promise",
        "keep-promise": "keep a promise",
        "act": "record an action",
        "classify": "classify",
        "flag": "change flags",
        "escalate": "escalate",
        "extend": "extend a term",
        "retime": "judge by the policy in force",
        "link": "link",
        "correct": "correct an entry",
        "note": "add a note",
        "acknowledge": "acknowledge an alert",
        "hold": "place a legal hold",
        "release-hold": "release the legal hold",
        "request-erasure": "ask for erasure",
        "approve-erasure": "approve the erasure",
        "reject-erasure": "reject the erasure",
        "open-incident": "open an incident",
        "close-incident": "close the incident",
    },
    "event": _as_they_are(
        "complaint-received",
        "apology-given",
        "investigation-completed",
        "resolution-proposed",
        "proposal-approved",
        "proposal-rejected",
        "customer-confirmed",
        "customer-declined",
        "followed-up",
        "follow-up-failed",
        "review-recorded",
        "complaint-withdrawn",
        "case-reopened",
        "unsatisfied-closure-requested",
        "unsatisfied-closure-approved",
        "closed-unsatisfied",
        "merged-into",
        "case-absorbed",
        "callback-made",
        "contact-attempted",
        "contact-recorded",
        "callback-agreed",
        "owner-assigned",
        "hand-off-offered",
        "hand-off-accepted",
        "hand-off-refused",
        "promise-made",
        "promise-kept",
        "countermeasure-planned",
        "action-taken",
        "case-classified",
        "grade-raised",
        "reclassified",
        "flags-changed",
        "case-escalated",
        "case-linked",
        "linked-to-incident",
        "incident-opened",
        "incident-closed",
        "children-acted",
        "legal-hold-placed",
        "legal-hold-released",
        "erasure-requested",
        "erasure-rejected",
        "personal-data-erased",
        "entry-corrected",
        "note-added",
        "alert-acknowledged",
        "deadline-extended",
        "deadline-retimed",
        "reminder-issued",
        "deadline-breached",
    ),
}


def english_term(kind: str, code: str) -> str:
    """The English for a code; one that is not listed is spoken as it is written."""
    known = TERMS.get(kind, {}).get(code)
    return _spoken(code) if known is None else known
