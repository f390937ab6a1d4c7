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


async def summed(conn: asyncpg.Connection, tenant: str, policies: PolicyBook, cut: Cut) -> Summed:
    """Add up everything up to the cut. Raises UnknownPolicy, UnknownEventType, BrokenStream."""
    span = span_of(cut)
    async with conn.transaction(isolation="repeatable_read", readonly=True):
        total = await _total(conn, tenant, policies, cut, span)
        return Summed(total, *await counted(conn, tenant, cut))


async def counted(conn: asyncpg.Connection, tenant: str, cut: Cut) -> tuple[dict[str, int], int]:
    """How many events of each type the month has, and how many cases have begun at the cut, as the database counts."""
    since = await scope_of_times(conn, since=span_of(cut).start, before=None, until=cut.position)
    rows = await conn.fetch(_BY_TYPE, tenant, since.after, cut.position)
    return {row["type"]: row["count"] for row in rows}, await conn.fetchval(_BEGUN, tenant, cut.position)


async def contributed(events: Sequence[StoredEvent], policies: PolicyBook, span: Span) -> Contribution:
    """What a case adds, from all its events up to the cut. Raises as `summed`."""
    case_id, recorded = events[0].stream_id, all_recorded(events)
    return await policies.judge(lambda known: contribution(tell(case_id, recorded, known), span))


async def _total(conn: asyncpg.Connection, tenant: str, policies: PolicyBook, cut: Cut, span: Span) -> Sum:
    total = Sum()
    extract = Extract(conn, tenant, Scope(0, cut.position), None)
    number = 0
    async for stream in streams(extract, lambda _told: None):
        total.add(await contributed([entry.event for entry in stream], policies, span))
        number += 1
        if number % _CASES_AT_ONCE == 0:
            await asyncio.sleep(0)
    return total
