"""What one customer went through: all their cases, and every contact with them, in one line of time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

import orjson

from amends_domain.actors import is_system
from amends_domain.events import (
    ApologyGiven,
    CallbackAgreed,
    CallbackMade,
    CaseReopened,
    ClosedUnsatisfied,
    ComplaintReceived,
    ComplaintWithdrawn,
    ContactAttempted,
    ContactRecorded,
    CustomerConfirmed,
    CustomerDeclined,
    FollowedUp,
    MergedInto,
    PersonalDataErased,
    PromiseKept,
    PromiseMade,
)
from amends_domain.policy import Policy
from amends_store.read import Executor
from amends_store.records import StoredEvent
from amends_workflow.case_list import COLUMNS, Scope
from amends_workflow.pages import POSITION, Shape
from amends_workflow.statements import statement

CASES_MAX: Final = 200
KEY: Final[Shape] = (POSITION,)

# Each exchange with the customer, what they were promised, where their cases began and ended, and why the words of
# people may be gone.
_TYPES: Final = tuple(
    event.TYPE
    for event in (
        ComplaintReceived,
        CaseReopened,
        ApologyGiven,
        CallbackAgreed,
        CallbackMade,
        ContactAttempted,
        ContactRecorded,
        PromiseMade,
        PromiseKept,
        CustomerConfirmed,
        CustomerDeclined,
        FollowedUp,
        ComplaintWithdrawn,
        ClosedUnsatisfied,
        MergedInto,
        PersonalDataErased,
    )
)
_CASES = statement("customer_cases").replace("{columns}", COLUMNS)
_EVENTS = statement("customer_events")


class CustomerEvents(NamedTuple):
    """One page of events, the latest first, and the key after which the next begins; None when there is none."""

    rows: list[StoredEvent]
    last: tuple[int] | None


def spoken_by(row: StoredEvent) -> str | None:
    """The staff id of whoever spoke with the customer, or promised; None where the system wrote the event."""
    if is_system(row.actor):
        return None
    data = orjson.loads(row.data)
    return str(data.get("spoken_by") or data.get("promised_by") or row.actor)


async def customer_cases(executor: Executor, scope: Scope, customer_ref: str) -> list[Any]:
    """The customer's cases as the scope sees them, the latest received first."""
    rows: list[Any] = await executor.fetch(_CASES, scope.tenant, scope.branches, customer_ref, CASES_MAX)
    return rows


def promise_clocks(policies: Iterable[Policy]) -> set[str]:
    """The clocks whose breach is a broken promise."""
    return {rule.name for policy in policies for rule in policy.clocks if rule.from_event == PromiseMade.TYPE}


async def customer_events(
    executor: Executor, cases: Sequence[Any], clocks: Iterable[str], limit: int, after: Sequence[Any] | None
) -> CustomerEvents:
    """One page of what happened in these cases; of the breaches only those of `clocks`. `after` is the key that the
    page before gave."""
    before_position = after[0] if after is not None else None
    ids = [case["id"] for case in cases]
    rows = await executor.fetch(_EVENTS, ids, list(_TYPES), before_position, limit + 1, list(clocks))
    events = [StoredEvent(*row) for row in rows[:limit]]
    return CustomerEvents(events, (events[-1].position,) if len(rows) > limit else None)
