"""Which role may give which command. What a role may offer in money is the policy's `authority` section."""

from __future__ import annotations

from collections.abc import Mapping

AGENT, HANDLER, SUPERVISOR, DEPARTMENT_HEAD, EXECUTIVE = (
    "agent",
    "handler",
    "supervisor",
    "department_head",
    "executive",
)
AUDITOR, ADMIN, INTEGRATION = "auditor", "admin", "integration"
ROLES = (AGENT, HANDLER, SUPERVISOR, DEPARTMENT_HEAD, EXECUTIVE, AUDITOR, ADMIN, INTEGRATION)

_OWNERS_AND_ABOVE = frozenset({HANDLER, SUPERVISOR, DEPARTMENT_HEAD, EXECUTIVE})
_DESK = _OWNERS_AND_ABOVE | {AGENT}
HEADS = frozenset({DEPARTMENT_HEAD, EXECUTIVE})
_LEADERS = HEADS | {SUPERVISOR}

# An agent speaks with the customer; findings and offers are the owner's; another system reports and records.
MAY: Mapping[str, frozenset[str]] = {
    "receive": _DESK | {INTEGRATION},
    "apologize": _DESK,
    "investigate": _OWNERS_AND_ABOVE,
    "propose": _OWNERS_AND_ABOVE,
    "approve": _LEADERS,
    "reject": _LEADERS,
    "confirm": _DESK,
    "decline": _DESK,
    # What an agent may offer in one conversation is what the policy lets an agent offer: without a limit, nothing.
    "on-the-spot": _DESK,
    "follow-up": _DESK,
    "review": _OWNERS_AND_ABOVE,
    "withdraw": _DESK,
    "close-unsatisfied": _OWNERS_AND_ABOVE,
    "reopen": _DESK,
    "merge": _OWNERS_AND_ABOVE,
    "assign": _OWNERS_AND_ABOVE,
    "hand-off": _DESK,
    "accept": _OWNERS_AND_ABOVE,
    # An agent takes back what they offered themselves; a department's answer is not theirs to give.
    "refuse": _DESK,
    "contact": _DESK | {INTEGRATION},
    "agree-callback": _DESK,
    "promise": _DESK,
    "keep-promise": _DESK | {INTEGRATION},
    "act": _OWNERS_AND_ABOVE | {INTEGRATION},
    "classify": _DESK,
    "flag": _DESK | {INTEGRATION},
    "escalate": _DESK,
    "extend": _LEADERS,
    "retime": HEADS,
    "link": _DESK,
    "correct": _DESK,
    "note": _DESK | {INTEGRATION},
    "acknowledge": _DESK,
    "hold": HEADS,
    "release-hold": HEADS,
    "request-erasure": _OWNERS_AND_ABOVE,
    "approve-erasure": HEADS,
    # Whoever asked may take it back; `decisions.erasure` has the rest.
    "reject-erasure": _OWNERS_AND_ABOVE,
    "open-incident": _LEADERS,
    "close-incident": _LEADERS,
}

# Names, numbers and words of customers. An administrator configures and an integration feeds: neither reads them.
MAY_READ_PERSONAL_DATA = _DESK | {AUDITOR}
MAY_READ_CASES = frozenset(ROLES) - {ADMIN}
MAY_READ_REFUSALS = HEADS | {AUDITOR}
