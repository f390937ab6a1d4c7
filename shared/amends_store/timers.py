"""Timers: rows that become events when the database's clock says they are due."""

from __future__ import annotations

from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

from amends_store.read import Executor
from amends_store.statements import statement

_CATCH_UP_TIMERS: Final = statement("catch_up_timers")
_FIRED_EVENTS: Final = statement("fired_events")


class Fired(NamedTuple):
    """A timer that became the event at `position`: the next of its case, or the first of a case that it began."""

    position: int
    case_id: UUID
    fires_at: datetime


class FiredEvent(NamedTuple):
    """What a timer became. `id_before` is of the event of its case before it; None where it began the case."""

    id: UUID
    type: str
    case_id: UUID
    correlation_id: UUID
    id_before: UUID | None


async def fired_events(conn: Executor, fired: list[Fired]) -> list[FiredEvent]:
    """The events at the positions of what fired."""
    rows = await conn.fetch(_FIRED_EVENTS, [each.position for each in fired])
    return [FiredEvent._make(row) for row in rows]


async def catch_up(conn: Executor, limit: int, batches_max: int) -> list[Fired]:
    """Fire what is due, the oldest first and what is due of one case together, in batches of at most `limit`, while
    there is as much. Malformed timers go to `timer_quarantine`. `conn` is in no transaction: each batch has its own,
    and what was committed stays when a later one fails."""
    row = await conn.fetchrow(_CATCH_UP_TIMERS, limit, batches_max)
    return [Fired._make(each) for each in zip(row["positions"], row["case_ids"], row["fired_for"], strict=True)]
