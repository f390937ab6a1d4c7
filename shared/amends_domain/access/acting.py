"""The commands: who may record what. Each is asked on the case as the log has it; a body chooses neither tenant nor
role."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from amends_domain.access.roles import DESK, HEADS, INTEGRATION, LEADERS, OWNERS_AND_ABOVE
from amends_domain.access.rows import Row

_BOTH: Final = "the same of the other case"

# An agent speaks with the customer; findings and offers are the owner's; another system reports and records.
COMMANDS: Final[Mapping[str, Sequence[Row]]] = {
    "Beginning": (
        Row(
            "receive", "record a complaint", DESK | {INTEGRATION}, also="the branch that the body names is the grant's"
        ),
        Row("open-incident", "open a mass incident", LEADERS, also="for all branches only by a grant of the tenant"),
    ),
    "The life of a case": (
        Row("apologize", "apologise to the customer", DESK),
        Row("investigate", "record what was found", OWNERS_AND_ABOVE),
        Row(
            "propose",
            "propose a resolution",
            OWNERS_AND_ABOVE,
            also="above the role's limit it takes an approval before the customer is told",
        ),
        Row(
            "approve",
            "approve a proposal",
            LEADERS,
            also="not one's own proposal; the role's limit and the approval that the policy asks for",
        ),
        Row("reject", "reject a proposal", LEADERS, also="as to approve"),
        Row("confirm", "the customer accepts", DESK, also="no approval is pending"),
        Row("decline", "the customer declines", DESK, also="no approval is pending"),
        Row(
            "on-the-spot",
            "settle it in one conversation",
            DESK,
            above_ordinary=OWNERS_AND_ABOVE,
            also="within the role's limit: where the policy gives an agent none, an agent offers nothing",
            source="DOMAIN, Grades: escalated when the level that has it can't settle it; major when the source is"
            " sensitive or the matter severe",
        ),
        Row("follow-up", "check that it was carried out", DESK),
        Row("review", "say what could have been done better", OWNERS_AND_ABOVE),
        Row("withdraw", "the customer withdraws", DESK),
        Row(
            "close-unsatisfied",
            "ask, or agree, to close without satisfying the customer",
            OWNERS_AND_ABOVE,
            also="two approvals of two persons, in the roles that the policy names",
        ),
        Row("reopen", "reopen a closed case", DESK),
        Row("close-incident", "close a mass incident", LEADERS),
    ),
    "The desk": (
        Row("contact", "record a contact", DESK | {INTEGRATION}),
        Row("agree-callback", "agree on the time of the callback", DESK),
        Row("promise", "record a promise", DESK),
        Row("keep-promise", "record that a promise was kept", DESK | {INTEGRATION}),
        Row("act", "record an action that a clock waits for", OWNERS_AND_ABOVE | {INTEGRATION}),
        Row("assign", "give the case to another owner", OWNERS_AND_ABOVE, also="not to one whom the complaint names"),
        Row("hand-off", "offer the case", DESK, also="not to one whom the complaint names"),
        Row(
            "accept",
            "accept the case that was offered",
            OWNERS_AND_ABOVE,
            also="whoever was asked; not one whom the complaint names",
        ),
        # An agent takes back what they offered themselves; a department's answer is not theirs to give.
        Row("refuse", "refuse the case, or take the offer back", DESK, also="whoever was asked, or offered it"),
        Row("classify", "say what kind, type, cause or grade it is", DESK, also="a grade is raised, never lowered"),
        Row("flag", "add and remove flags", DESK | {INTEGRATION}),
        Row("escalate", "tell the next role of the ladder", DESK),
        Row("link", "link the case to another, or to an incident", DESK, also=_BOTH),
        Row("merge", "let the case go on as an older one", OWNERS_AND_ABOVE, also=_BOTH),
        Row("correct", "say what is right where an entry is wrong", DESK),
        Row("note", "add a note", DESK | {INTEGRATION}),
        Row("acknowledge", "say that an alert was seen", DESK),
        Row("extend", "approve a longer term of a clock", LEADERS, also="the role that the policy asks for, or above"),
        Row("retime", "let a clock be judged by the policy in force", HEADS),
    ),
    "Personal data": (
        Row("hold", "forbid to erase the customer's data", HEADS),
        Row("release-hold", "lift the legal hold", HEADS),
        Row(
            "request-erasure",
            "ask to erase the customer's data",
            OWNERS_AND_ABOVE,
            also="on every case of the customer",
        ),
        Row(
            "approve-erasure",
            "approve it: the key is destroyed",
            HEADS,
            also="on every case of the customer; not one's own request; no legal hold",
        ),
        Row(
            "reject-erasure",
            "refuse it, or take it back",
            OWNERS_AND_ABOVE,
            also="on every case of the customer; below a head only one's own request",
        ),
    ),
}
