"""Adding up the log up to a position, case by case and without keeping any case.

What is recorded never changes, so that the position is all that makes it one state: no transaction holds back a vacuum
for as long as reading takes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from itertools import groupby
from operator import attrgetter
from typing import NamedTuple
from uuid import UUID

import asyncpg

from amends_domain.measures.contribution import Contribution, Sum, contribution
from amends_domain.measures.pack import Cut, span_of
from amends_domain.measures.told import Span, tell
from amends_platform.exporting.extract import scope_of_times
from amends_platform.policy.book import PolicyBook
from amends_platform.recorded import all_recorded
from amends_store.read import Executor
from amends_store.records import StoredEvent
from amends_workflow.statements import statement

_BY_TYPE, _BEGUN = statement("events_by_type"), statement("cases_begun")
_NEXT, _EVENTS = statement("next_streams"), statement("events_of_streams")


class Summed(NamedTuple):
    """The sum of a month, and what the database itself counted of it."""

    total: Sum
    logged: Mapping[str, int]
    cases: int


async def summed(
    conn: asyncpg.Connection, tenant: str, policies: PolicyBook, cut: Cut, total: Sum, *, pause_seconds: float = 0
) -> Summed:
    """Add up everything up to the cut, in `total`. Raises UnknownPolicy, UnknownEventType, BrokenStream.

    `pause_seconds`: how long others are let in first, every few cases.
    """
    await _add_all(conn, tenant, policies, cut, total, pause_seconds)
    since = await scope_of_times(conn, since=span_of(cut).start, before=None, until=cut.position)
    logged = await events_by_type(conn, tenant, since.after, cut.position)
    return Summed(total, logged, await cases_begun(conn, tenant, 0, cut.position))


async def events_of(
    conn: Executor, stream_ids: Sequence[UUID], position: int
) -> AsyncIterator[tuple[UUID, list[StoredEvent]]]:
    """Each of these cases that had begun by the position, and all its events up to there."""
    rows = await conn.fetch(_EVENTS, stream_ids, position)
    for case_id, stream in groupby(map(StoredEvent._make, rows), attrgetter("stream_id")):
        yield case_id, list(stream)


async def events_by_type(conn: Executor, tenant: str, after: int, until: int) -> dict[str, int]:
    """How many events of each type there are after a position up to another, as the database counts."""
    return {row["type"]: row["count"] for row in await conn.fetch(_BY_TYPE, tenant, after, until)}


async def cases_begun(conn: Executor, tenant: str, after: int, until: int) -> int:
    """How many cases began there."""
    begun: int = await conn.fetchval(_BEGUN, tenant, after, until)
    return begun


async def contributed(events: Sequence[StoredEvent], policies: PolicyBook, span: Span) -> Contribution:
    """What a case adds, from all its events up to the cut. Raises as `summed`."""
    case_id, recorded = events[0].stream_id, all_recorded(events)
    return await policies.judge(lambda known: contribution(tell(case_id, recorded, known), span))


async def _add_all(
    conn: asyncpg.Connection, tenant: str, policies: PolicyBook, cut: Cut, total: Sum, pause_seconds: float
) -> None:
    span = span_of(cut)
    last = UUID(int=0)
    while rows := await conn.fetch(_NEXT, tenant, last, cut.position):
        stream_ids = [row["stream_id"] for row in rows]
        async for _, events in events_of(conn, stream_ids, cut.position):
            total.add(await contributed(events, policies, span))
        last = stream_ids[-1]
        await asyncio.sleep(pause_seconds)
