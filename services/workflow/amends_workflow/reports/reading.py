"""Adding up the log, case by case, in one state of it and without keeping any case."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import asyncpg

from amends_domain.measures.contribution import Contribution, Sum, contribution
from amends_domain.measures.pack import Cut, span_of
from amends_domain.measures.told import Span, tell
from amends_platform.exporting.cases import streams
from amends_platform.exporting.extract import Extract, Scope, scope_of_times
from amends_platform.policy.book import PolicyBook
from amends_platform.recorded import all_recorded
from amends_store.read import Executor
from amends_store.records import StoredEvent
from amends_workflow.statements import statement

_BY_TYPE, _BEGUN = statement("events_by_type"), statement("cases_begun")
# Some milliseconds, for which nothing else is answered.
_CASES_AT_ONCE = 20


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
    async with conn.transaction(isolation="repeatable_read", readonly=True):
        await _add_all(conn, tenant, policies, cut, total, pause_seconds)
        since = await scope_of_times(conn, since=span_of(cut).start, before=None, until=cut.position)
        logged = await events_by_type(conn, tenant, since.after, cut.position)
        return Summed(total, logged, await cases_begun(conn, tenant, 0, cut.position))


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
    extract = Extract(conn, tenant, Scope(0, cut.position), None)
    number = 0
    async for stream in streams(extract, lambda _told: None):
        total.add(await contributed([entry.event for entry in stream], policies, span))
        number += 1
        if number % _CASES_AT_ONCE == 0:
            await asyncio.sleep(pause_seconds)
