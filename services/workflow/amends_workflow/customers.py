"""What one customer went through: all their cases, and every contact with them, in one line of time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from amends_domain.events import (
    CallbackAgreed,
    CallbackMade,
    CaseReopened,
    ComplaintReceived,
    ComplaintWithdrawn,
    ContactAttempted,
    ContactRecorded,
    FollowedUp,
)
from amends_store.read import Executor
from amends_store.records import StoredEvent
from amends_workflow.case_list import COLUMNS, Scope
from amends_workflow.statements import statement

CASES_MAX: Final = 200

# Each exchange with the customer, and where their cases began and ended.
_TYPES: Final = tuple(
    event.TYPE
    for event in (
        ComplaintReceived,
        CaseReopened,
        CallbackAgreed,
        CallbackMade,
        ContactAttempted,
        ContactRecorded,
        FollowedUp,
        ComplaintWithdrawn,
    )
)
_CASES = statement("customer_cases").replace("{columns}", COLUMNS)
_EVENTS = statement("customer_events")


class CustomerEvents(NamedTuple):
    """One page of events, the latest first, and the key after which the next begins; None when there is none."""

    rows: list[StoredEvent]
    last: tuple[int] | None


async def customer_cases(executor: Executor, scope: Scope, customer_ref: str) -> list[Any]:
    """The customer's cases as the scope sees them, the latest received first."""
    rows: list[Any] = await executor.fetch(_CASES, scope.tenant, scope.branch, customer_ref, CASES_MAX)
    return rows


async def customer_events(
    executor: Executor, cases: Sequence[Any], limit: int, after: Sequence[Any] | None
) -> CustomerEvents:
    """One page of what happened in these cases. `after` is the key that the page before gave."""
    before_position = after[0] if after is not None else None
    ids = [case["id"] for case in cases]
    rows = await executor.fetch(_EVENTS, ids, list(_TYPES), before_position, limit + 1)
    events = [StoredEvent(*row) for row in rows[:limit]]
    return CustomerEvents(events, (events[-1].position,) if len(rows) > limit else None)
