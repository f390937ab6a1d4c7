"""The life cycle as data: which command is legal in which state, and where it leads.

`decide` refuses by this table, answers list `allowed` from it, and the state diagram and the generated test are
made of it. Source: DOMAIN, the life of a case.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum
from typing import NamedTuple

from amends_domain.alerts import has_open_alert
from amends_domain.case import CLOSED, COMPLAINT, INCIDENT, KINDS, OPEN, Case, Status


class Needs(Enum):
    """What a rule asks of the case besides its state."""

    NOTHING = "nothing"
    APPROVAL_PENDING = "approval pending"
    NO_APPROVAL_PENDING = "no approval pending"
    DECLINE = "proposal that the customer declined"
    HAND_OFF = "hand-off pending"
    NO_HAND_OFF = "no hand-off pending"
    PROMISE = "open promise"
    COUNTERMEASURE = "open countermeasure, where it is closed"
    ALERT = "alert that nobody has acknowledged"
    HOLD = "legal hold"
    NO_HOLD = "no legal hold"

    @property
    def is_something(self) -> bool:
        """Whether it is a thing that may be missing, and not its absence."""
        return self not in (Needs.NOTHING, Needs.NO_APPROVAL_PENDING, Needs.NO_HAND_OFF, Needs.NO_HOLD)


_COMPLAINTS = frozenset({COMPLAINT})
_RECORDS = frozenset(KINDS)
_INCIDENTS = frozenset({INCIDENT})
_ALL = _RECORDS | _INCIDENTS


class Rule(NamedTuple):
    """`leads_to` is None where the state stays. `kinds`: complaints run the life cycle, inquiries, suggestions and
    praise do not; an incident hands some commands on to its cases."""

    allowed_from: frozenset[Status]
    leads_to: Status | None
    needs: Needs = Needs.NOTHING
    kinds: frozenset[str] = _COMPLAINTS


def _only(*statuses: Status) -> frozenset[Status]:
    return frozenset(statuses)


_ANY = frozenset(Status)

TRANSITIONS: Mapping[str, Rule] = {
    "apologize": Rule(_only(Status.RECEIVED), Status.APOLOGIZED),
    "investigate": Rule(_only(Status.APOLOGIZED), Status.INVESTIGATED),
    "propose": Rule(_only(Status.INVESTIGATED), Status.PROPOSED),
    "approve": Rule(_only(Status.PROPOSED), None, Needs.APPROVAL_PENDING),
    "reject": Rule(_only(Status.PROPOSED), Status.INVESTIGATED, Needs.APPROVAL_PENDING),
    "confirm": Rule(_only(Status.PROPOSED), Status.CUSTOMER_CONFIRMED, Needs.NO_APPROVAL_PENDING),
    "decline": Rule(_only(Status.PROPOSED), Status.INVESTIGATED, Needs.NO_APPROVAL_PENDING),
    "on-the-spot": Rule(_only(Status.RECEIVED), Status.CUSTOMER_CONFIRMED),
    "follow-up": Rule(_only(Status.CUSTOMER_CONFIRMED), Status.FOLLOWED_UP),
    "review": Rule(_only(Status.FOLLOWED_UP), None),
    "withdraw": Rule(OPEN, Status.WITHDRAWN, kinds=_RECORDS),
    "close-unsatisfied": Rule(_only(Status.INVESTIGATED), Status.CLOSED_UNSATISFIED, Needs.DECLINE),
    "reopen": Rule(CLOSED, Status.RECEIVED, kinds=_RECORDS),
    "merge": Rule(OPEN, Status.MERGED, kinds=_RECORDS),
    "assign": Rule(OPEN, None, Needs.NO_HAND_OFF, _ALL),
    "hand-off": Rule(OPEN, None, Needs.NO_HAND_OFF, _ALL),
    "accept": Rule(OPEN, None, Needs.HAND_OFF, _ALL),
    "refuse": Rule(OPEN, None, Needs.HAND_OFF, _ALL),
    "contact": Rule(OPEN, None, kinds=_RECORDS),
    "agree-callback": Rule(OPEN, None, kinds=_RECORDS),
    "promise": Rule(OPEN, None, kinds=_RECORDS),
    "keep-promise": Rule(_ANY, None, Needs.PROMISE, _RECORDS),
    "act": Rule(_ANY, None, Needs.COUNTERMEASURE, _RECORDS),
    "classify": Rule(OPEN, None, kinds=_RECORDS),
    "flag": Rule(OPEN, None, kinds=_RECORDS),
    "escalate": Rule(OPEN, None, kinds=_ALL),
    "extend": Rule(OPEN, None, kinds=_RECORDS),
    "retime": Rule(OPEN, None, kinds=_RECORDS),
    "link": Rule(OPEN, None, kinds=_RECORDS),
    "correct": Rule(OPEN, None, kinds=_ALL),
    "note": Rule(OPEN, None, kinds=_ALL),
    "acknowledge": Rule(_ANY, None, Needs.ALERT, _ALL),
    "hold": Rule(_ANY, None, Needs.NO_HOLD, _RECORDS),
    "release-hold": Rule(_ANY, None, Needs.HOLD, _RECORDS),
    "close-incident": Rule(OPEN, Status.INCIDENT_CLOSED, kinds=_INCIDENTS),
}

# What an incident hands on to its cases, each of which decides for itself. The customers' own answers are not here.
HANDED_ON = frozenset(
    {
        "apologize",
        "investigate",
        "propose",
        "approve",
        "reject",
        "contact",
        "promise",
        "act",
        "classify",
        "flag",
    }
)

_HAS: Mapping[Needs, Callable[[Case], bool]] = {
    Needs.NOTHING: lambda _case: True,
    Needs.APPROVAL_PENDING: lambda case: case.approval_pending,
    Needs.NO_APPROVAL_PENDING: lambda case: not case.approval_pending,
    Needs.DECLINE: lambda case: case.declines > 0,
    Needs.HAND_OFF: lambda case: case.hand_off is not None,
    Needs.NO_HAND_OFF: lambda case: case.hand_off is None,
    Needs.PROMISE: lambda case: bool(case.open_promises),
    Needs.COUNTERMEASURE: lambda case: case.is_open or bool(case.open_countermeasures),
    Needs.ALERT: has_open_alert,
    Needs.HOLD: lambda case: case.held,
    Needs.NO_HOLD: lambda case: not case.held,
}


def hands_on(case: Case, name: str) -> bool:
    """Whether the command named so, given to this case, is meant for the cases that belong to it."""
    return case.kind == INCIDENT and name in HANDED_ON


def is_allowed(name: str, case: Case) -> bool:
    """Whether the life cycle lets the command named `name` happen to the case now."""
    if hands_on(case, name):
        return case.is_open
    rule = TRANSITIONS[name]
    return case.status in rule.allowed_from and case.kind in rule.kinds and _HAS[rule.needs](case)


def allowed(case: Case) -> tuple[str, ...]:
    """The commands that are legal now, in the order of the table."""
    return tuple(name for name in TRANSITIONS if is_allowed(name, case))
