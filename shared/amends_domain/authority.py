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
_LEADERS = frozenset({SUPERVISOR, DEPARTMENT_HEAD, EXECUTIVE})

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
    "follow-up": _DESK,
    "review": _OWNERS_AND_ABOVE,
    "withdraw": _DESK,
    "reopen": _DESK,
    "assign": _OWNERS_AND_ABOVE,
    "contact": _DESK | {INTEGRATION},
    "agree-callback": _DESK,
    "act": _OWNERS_AND_ABOVE | {INTEGRATION},
}

# Names, numbers and words of customers. An administrator configures and an integration feeds: neither reads them.
MAY_READ_PERSONAL_DATA = _DESK | {AUDITOR}
MAY_READ_CASES = frozenset(ROLES) - {ADMIN}
