"""The life cycle as data: which command is legal in which state, and where it leads.

`decide` refuses by this table, answers list `allowed` from it, and the state diagram and the generated test are
made of it. Source: DOMAIN, the life of a case.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import NamedTuple

from amends_domain.case import CLOSED, OPEN, Case, Status


class Approval(Enum):
    """What a rule asks of the proposal on the table."""

    ANY = "any"
    PENDING = "approval pending"
    SETTLED = "no approval pending"


class Rule(NamedTuple):
    """`leads_to` is None where the state stays. `complaints_only` rules are the life cycle itself:
    inquiries, suggestions and praise do not run it."""

    allowed_from: frozenset[Status]
    leads_to: Status | None
    approval: Approval = Approval.ANY
    complaints_only: bool = True


def _only(*statuses: Status) -> frozenset[Status]:
    return frozenset(statuses)


TRANSITIONS: Mapping[str, Rule] = {
    "apologize": Rule(_only(Status.RECEIVED), Status.APOLOGIZED),
    "investigate": Rule(_only(Status.APOLOGIZED), Status.INVESTIGATED),
    "propose": Rule(_only(Status.INVESTIGATED), Status.PROPOSED),
    "approve": Rule(_only(Status.PROPOSED), None, Approval.PENDING),
    "reject": Rule(_only(Status.PROPOSED), Status.INVESTIGATED, Approval.PENDING),
    "confirm": Rule(_only(Status.PROPOSED), Status.CUSTOMER_CONFIRMED, Approval.SETTLED),
    "decline": Rule(_only(Status.PROPOSED), Status.INVESTIGATED, Approval.SETTLED),
    "follow-up": Rule(_only(Status.CUSTOMER_CONFIRMED), Status.FOLLOWED_UP),
    "review": Rule(_only(Status.FOLLOWED_UP), None),
    "withdraw": Rule(OPEN, Status.WITHDRAWN, complaints_only=False),
    "reopen": Rule(CLOSED, Status.RECEIVED, complaints_only=False),
    "assign": Rule(OPEN, None, complaints_only=False),
    "contact": Rule(OPEN, None, complaints_only=False),
    "agree-callback": Rule(OPEN, None, complaints_only=False),
    "act": Rule(OPEN, None, complaints_only=False),
}


def is_allowed(name: str, case: Case) -> bool:
    """Whether the life cycle lets the command named `name` happen to the case now."""
    rule = TRANSITIONS[name]
    if case.status not in rule.allowed_from or (rule.complaints_only and case.kind != "complaint"):
        return False
    match rule.approval:
        case Approval.ANY:
            return True
        case Approval.PENDING:
            return case.approval_pending
        case Approval.SETTLED:
            return not case.approval_pending


def allowed(case: Case) -> tuple[str, ...]:
    """The commands that are legal now, in the order of the table."""
    return tuple(name for name in TRANSITIONS if is_allowed(name, case))
