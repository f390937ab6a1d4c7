"""The sentences about what people did with a case, and what the policy did with it at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

from amends_domain.case import ALL_BRANCHES

if TYPE_CHECKING:
    from amends_platform.words.alarms import Data
    from amends_platform.words.vocabulary import Words


def _received(said: Words, data: Data) -> str:
    kind = said.term("kind", data.get("kind", "complaint"))
    return said.clauses(
        (
            said.text(
                "{kind} received by {channel} at {branch}",
                kind=kind[:1].upper() + kind[1:],
                channel=said.term("channel", data["channel"]),
                branch=data["branch"],
            ),
            said.text("recorded now as a case from the past") if data.get("historical") else "",
        )
    )


def _investigated(said: Words, data: Data) -> str:
    cause = said.term("cause", data["cause"])
    if data["at_fault"]:
        return said.text("Investigated: {cause}; the organisation is at fault", cause=cause)
    return said.text("Investigated: {cause}; the organisation is not at fault", cause=cause)


def _proposed(said: Words, data: Data) -> str:
    kind = said.term("proposal", data["kind"])
    if data.get("amount") is None:
        proposal = said.text("Proposed: {kind}", kind=kind)
    else:
        proposal = said.text(
            "Proposed: {kind} of {amount}", kind=kind, amount=said.money(data["amount"], data["currency"])
        )
    if not data.get("approval_by"):
        return proposal
    role = said.term("role", data["approval_by"])
    return said.clauses((proposal, said.text("which takes the approval of the {role}", role=role)))


def _closed_unsatisfied(said: Words, data: Data) -> str:
    return said.text(
        "Closed with the customer unsatisfied, approved by {people}; {liable} stays answerable",
        people=said.text(" and ").join(data["approved_by"]),
        liable=data["liable"],
    )


def _recorded_contact(said: Words, data: Data) -> str:
    channel = said.term("channel", data["channel"])
    contact = (
        said.text("Contact (inbound) by {channel}", channel=channel)
        if data["direction"] == "inbound"
        else said.text("Contact (outbound) by {channel}", channel=channel)
    )
    return said.clauses(
        (contact, said.text("the reason for the delay explained") if data.get("reason_explained") else "")
    )


def _acted(said: Words, data: Data) -> str:
    done = said.text("Done: {action}", action=said.term("action", data["action"]))
    return said.clauses(
        (done, said.text("countermeasure {number}", number=data["number"]) if data.get("number") else "")
    )


def _offered(said: Words, data: Data) -> str:
    if data.get("to_person"):
        return said.text("Hand-off to {person} offered; until it is accepted the owner stays", person=data["to_person"])
    return said.text(
        "Hand-off to the department {department} offered; until it is accepted the owner stays",
        department=said.term("department", data.get("to_department")),
    )


def _classified(said: Words, data: Data) -> str:
    parts = []
    if data.get("type"):
        parts.append(said.text("type {type}", type=said.term("type", data["type"])))
    if data.get("cause"):
        parts.append(said.text("cause {cause}", cause=said.term("cause", data["cause"])))
    if data.get("product"):
        parts.append(said.text("product {product}", product=said.term("product", data["product"])))
    if data.get("severity"):
        parts.append(said.text("severity {severity}", severity=said.term("severity", data["severity"])))
    if data.get("desired_outcomes"):
        parts.append(said.text("wants {outcomes}", outcomes=said.terms("outcome", data["desired_outcomes"])))
    if data.get("complained_of"):
        parts.append(said.text("names {people}", people=said.listed(data["complained_of"])))
    if not parts:
        return said.text("Classified")
    return said.text("Classified: {as_what}", as_what=said.text("; ").join(parts))


def _graded(said: Words, data: Data) -> str:
    raised = said.text(
        "Grade raised from {before} to {grade}",
        before=said.term("grade", data["previous_grade"]),
        grade=said.term("grade", data["grade"]),
    )
    return said.clauses((raised, said.text("by a rule of the policy") if data.get("by_rule") else ""))


def _reclassified(said: Words, data: Data) -> str:
    values = {"before": said.term("kind", data["previous_kind"]), "now": said.term("a_kind", data["kind"])}
    if not data.get("broken_promise"):
        return said.text("The {before} is now {now}", **values)
    return said.text("The {before} is now {now}: promise {number} was broken", **values, number=data["broken_promise"])


def _flagged(said: Words, data: Data) -> str:
    added, removed = said.terms("flag", data.get("added") or ()), said.terms("flag", data.get("removed") or ())
    if added and removed:
        flags = said.text("Flagged {added}; no longer {removed}", added=added, removed=removed)
    elif added:
        flags = said.text("Flagged {added}", added=added)
    elif removed:
        flags = said.text("No longer {removed}", removed=removed)
    else:
        flags = said.text("Flags looked at")
    if not data.get("earlier_case"):
        return flags
    return said.text("{flags}: the customer has complained of the like before", flags=flags)


def _opened(said: Words, data: Data) -> str:
    where = said.text("all branches") if data["branch"] == ALL_BRANCHES else data["branch"]
    opened = said.text(
        "Incident opened: {title} ({same} {value}, {where})",
        title=said.incident_title(data["title"]),
        same=said.term("fact", data["same"]),
        value=said.term(data["same"], data["value"]),
        where=where,
    )
    return said.clauses((opened, said.text("by the policy, because so many came") if data.get("automatic") else ""))


def _joined(said: Words, data: Data) -> str:
    belongs = said.text("Belongs to a mass incident now")
    return said.clauses((belongs, said.text("which the policy found") if data.get("automatic") else ""))


def _children_acted(said: Words, data: Data) -> str:
    return said.text(
        "Given to the incident's cases: {command}, done by {applied}, refused by {refused}",
        command=said.term("command", data["command"]),
        applied=data["applied"],
        refused=data["refused"],
    )


def _erased(said: Words, data: Data) -> str:
    values = {"asker": data["requested_by"], "reason": data["reason"]}
    if data["approved_by"] == data["requested_by"]:
        return said.text("Personal data erased, asked for by {asker}: {reason}", **values)
    return said.text(
        "Personal data erased, asked for by {asker} and approved by {approver}: {reason}",
        **values,
        approver=data["approved_by"],
    )


def _acknowledged(said: Words, data: Data) -> str:
    alert = said.term("alert", data["alert"])
    if not data.get("clock"):
        return said.text("Acknowledged: {alert}", alert=alert)
    return said.text("Acknowledged: {alert} ({clock})", alert=alert, clock=said.term("clock", data["clock"]))


SENTENCES: Final[Mapping[str, Callable[[Words, Data], str]]] = {
    "complaint-received": _received,
    "apology-given": lambda said, data: said.text(
        "Apologised by {channel}", channel=said.term("channel", data["by_channel"])
    ),
    "investigation-completed": _investigated,
    "resolution-proposed": _proposed,
    "proposal-approved": lambda said, data: said.text("Proposal approved by {person}", person=data["approved_by"]),
    "proposal-rejected": lambda said, data: said.text("Proposal rejected by {person}", person=data["rejected_by"]),
    "customer-confirmed": lambda said, data: said.text(
        "The customer accepted, by {channel}", channel=said.term("channel", data["by_channel"])
    ),
    "customer-declined": lambda said, data: said.text(
        "The customer declined, by {channel}", channel=said.term("channel", data["by_channel"])
    ),
    "followed-up": lambda said, data: said.text(
        "Followed up: it was carried out, and the customer gives {satisfaction} of 10",
        satisfaction=data["satisfaction"],
    ),
    "follow-up-failed": lambda said, _: said.text("Followed up: it was not carried out"),
    "review-recorded": lambda said, _: said.text("Reviewed: what could have been done or said better"),
    "complaint-withdrawn": lambda said, data: said.text(
        "Withdrawn by the customer, by {channel}", channel=said.term("channel", data["by_channel"])
    ),
    "case-reopened": lambda said, data: said.text(
        "Reopened ({reason}), cycle {cycle}", reason=said.term("reopening", data["reason"]), cycle=data["cycle"]
    ),
    "unsatisfied-closure-requested": lambda said, data: said.text(
        "Closing it unsatisfied asked for by {person}", person=data["requested_by"]
    ),
    "unsatisfied-closure-approved": lambda said, data: said.text(
        "Closing it unsatisfied approved by {person}", person=data["approved_by"]
    ),
    "closed-unsatisfied": _closed_unsatisfied,
    "merged-into": lambda said, data: said.text("Merged: it goes on as {reference}", reference=data["into_reference"]),
    "case-absorbed": lambda said, data: said.text(
        "Goes on here from now on: {reference}, which was merged into this", reference=data["reference"]
    ),
    "callback-made": lambda said, data: said.text(
        "Called back, by {channel}", channel=said.term("channel", data["channel"])
    ),
    "contact-attempted": lambda said, data: said.text(
        "Tried to reach the customer by {channel}", channel=said.term("channel", data["channel"])
    ),
    "contact-recorded": _recorded_contact,
    "owner-assigned": lambda said, data: said.text(
        "Owner is now {owner}, before {before}", owner=data["owner"], before=data["previous_owner"]
    ),
    "hand-off-offered": _offered,
    "hand-off-accepted": lambda said, data: said.text(
        "Hand-off accepted: owner is now {owner}, before {before}", owner=data["owner"], before=data["previous_owner"]
    ),
    "hand-off-refused": lambda said, data: said.text(
        "Hand-off refused by {person}: the owner stays", person=data["refused_by"]
    ),
    "promise-kept": lambda said, data: said.text("Promise {number} kept", number=data["number"]),
    "action-taken": _acted,
    "case-classified": _classified,
    "grade-raised": _graded,
    "reclassified": _reclassified,
    "flags-changed": _flagged,
    "case-linked": lambda said, data: said.text(
        "Linked to {reference}: {relation}",
        reference=data["reference"],
        relation=said.term("relation", data["relation"]),
    ),
    "linked-to-incident": _joined,
    "incident-opened": _opened,
    "incident-closed": lambda said, _: said.text("Incident closed; its cases go on"),
    "children-acted": _children_acted,
    "legal-hold-placed": lambda said, _: said.text("Legal hold: nothing of the customer's may be erased"),
    "legal-hold-released": lambda said, _: said.text("Legal hold released"),
    "erasure-requested": lambda said, data: said.text(
        "Erasure asked for by {person}: {reason}", person=data["requested_by"], reason=data["reason"]
    ),
    "erasure-rejected": lambda said, data: said.text("Erasure rejected by {person}", person=data["rejected_by"]),
    "personal-data-erased": _erased,
    "entry-corrected": lambda said, data: said.text(
        "Correction of entry {number}, at position {position}", number=data["corrects"], position=data["position"]
    ),
    "note-added": lambda said, _: said.text("Note"),
    "alert-acknowledged": _acknowledged,
}
