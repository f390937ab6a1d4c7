"""The six steps of a complaint's life, and where it stands among them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final, Literal, NamedTuple

from amends_domain.case import COMPLAINT, Case, Status
from amends_domain.events import (
    ApologyGiven,
    CaseReopened,
    ComplaintReceived,
    CustomerConfirmed,
    CustomerDeclined,
    FollowedUp,
    InvestigationCompleted,
    ProposalRejected,
    ResolutionProposed,
)

STEPS: Final = (
    Status.RECEIVED,
    Status.APOLOGIZED,
    Status.INVESTIGATED,
    Status.PROPOSED,
    Status.CUSTOMER_CONFIRMED,
    Status.FOLLOWED_UP,
)

_REACHES: Final[Mapping[str, Status]] = {
    ComplaintReceived.TYPE: Status.RECEIVED,
    CaseReopened.TYPE: Status.RECEIVED,
    ApologyGiven.TYPE: Status.APOLOGIZED,
    InvestigationCompleted.TYPE: Status.INVESTIGATED,
    ResolutionProposed.TYPE: Status.PROPOSED,
    # Back to where another proposal is to be made.
    ProposalRejected.TYPE: Status.INVESTIGATED,
    CustomerDeclined.TYPE: Status.INVESTIGATED,
    CustomerConfirmed.TYPE: Status.CUSTOMER_CONFIRMED,
    FollowedUp.TYPE: Status.FOLLOWED_UP,
}


class Step(NamedTuple):
    """`at`: when it was reached, in this cycle; of a step that was taken back, None."""

    state: Status
    how: Literal["done", "current", "to come"]
    at: datetime | None


def rail(case: Case) -> list[Step]:
    """The steps in their order; none for what is no complaint, and runs no life cycle."""
    if case.kind != COMPLAINT:
        return []
    reached, at = 0, dict[Status, datetime]()
    for mark in case.marks:
        if mark.cycle != case.cycle or mark.type not in _REACHES:
            continue
        state = _REACHES[mark.type]
        reached = STEPS.index(state)
        at.setdefault(state, mark.occurred_at)
        if mark.type in (CaseReopened.TYPE, ResolutionProposed.TYPE):
            at[state] = mark.occurred_at
    is_over = case.status not in STEPS
    steps = []
    for number, state in enumerate(STEPS):
        if number < reached or (number == reached and (is_over or state is Status.FOLLOWED_UP)):
            steps.append(Step(state, "done", at.get(state)))
        else:
            steps.append(
                Step(state, "current" if number == reached else "to come", at.get(state) if number == reached else None)
            )
    return steps
