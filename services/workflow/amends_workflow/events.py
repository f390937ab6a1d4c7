"""The events of cases, page by page, as the log has them. `unsealing` makes answers of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple
from uuid import UUID

import structlog

from amends_store.read import Executor
from amends_store.records import StoredEvent
from amends_workflow.pages import POSITION, VERSION, Shape
from amends_workflow.statements import statement

log = structlog.get_logger()

KEY: Final[Shape] = (VERSION,)
KEY_OF_CASES: Final[Shape] = (POSITION,)
_CASE_EVENTS = statement("case_events")
_EVENTS_OF_CASES = statement("events_of_cases")


class CaseEvents(NamedTuple):
    """One page of a stream, and the key after which the next begins; None when there is none."""

    rows: list[StoredEvent]
    last: tuple[int] | None


async def case_events(executor: Executor, case_id: UUID, limit: int, after: Sequence[Any] | None) -> CaseEvents:
    """One page of the case's events, the first first. `after` is the key that the page before gave."""
    rows = await executor.fetch(_CASE_EVENTS, case_id, after[0] if after is not None else 0, limit + 1)
    events = [StoredEvent(*row) for row in rows[:limit]]
    return CaseEvents(events, (events[-1].version,) if len(rows) > limit else None)


async def events_of_cases(
    executor: Executor, cases: Iterable[UUID], limit: int, after: Sequence[Any] | None
) -> CaseEvents:
    """One page of what happened on several cases, in the order of the log; as `case_events`."""
    rows = await executor.fetch(_EVENTS_OF_CASES, list(cases), after[0] if after is not None else 0, limit + 1)
    events = [StoredEvent(*row) for row in rows[:limit]]
    return CaseEvents(events, (events[-1].position,) if len(rows) > limit else None)
