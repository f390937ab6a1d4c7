"""The measures of the present month, to date: kept by looking only at the cases that have moved since."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final
from uuid import UUID

import asyncpg
import structlog

from amends_domain.measures.contribution import Contribution, RunningSum
from amends_domain.measures.pack import Cut, Pack, pack_of, span_of
from amends_platform.http.problems import Problem
from amends_platform.policy.book import PolicyBook
from amends_platform.reasons import reason
from amends_store.records import StoredEvent
from amends_workflow.reports.cutting import cut_to_date
from amends_workflow.reports.packs import Made
from amends_workflow.reports.reading import cases_begun, contributed, events_by_type, events_of, summed
from amends_workflow.statements import statement
from amends_workflow.view import View

log = structlog.get_logger()

_MOVED = statement("moved_streams")
# Meanwhile no timer fires and no question is answered here.
_CASES_AT_ONCE: Final = 10
_EVERY_SECONDS: Final = 10.0
# A service that has just started has timers to fire and cases to project: nobody waits for these.
_PAUSE_SECONDS: Final = 0.01


@dataclass
class _Kept:
    """What is known of a month. `since` is where it was read whole; `latest` are the contributions of cases that have
    moved since, and what the others added can be made again from their events up to there."""

    cut: Cut
    since: int
    total: RunningSum
    logged: Counter[str]
    cases: int
    latest: dict[UUID, Contribution] = field(default_factory=dict)
    pack: Pack | None = None


class Measuring:
    """The measures to date, brought up to date when they are asked for."""

    def __init__(self, view: View, tenant: str, policies: PolicyBook) -> None:
        self._view = view
        self._tenant = tenant
        self._policies = policies
        self._kept: _Kept | None = None
        self._lock = asyncio.Lock()

    async def to_date(self) -> Made:
        """Raises UnknownPolicy, and a 404 problem while the log is empty."""
        async with self._lock, self._view.session() as conn:
            cut = await cut_to_date(conn, self._tenant, self._policies)
            kept = self._kept
            if kept is None or (kept.cut.month, kept.cut.policy.hash) != (cut.month, cut.policy.hash):
                kept = self._kept = await self._begin(conn, cut)
            elif cut.position > kept.cut.position:
                await self._follow(conn, kept, cut)
            if kept.pack is None:
                # Half a second's work, with a hundred thousand cases; what it is made from stands still meanwhile.
                kept.pack = await asyncio.to_thread(
                    pack_of, kept.total, cut, self._policies.known, kept.logged, kept.cases, None
                )
            return Made(replace(kept.pack, until=cut.until), kept.total, cut)

    async def run(self, is_leading: Callable[[], bool], show: Callable[[Pack | None], None]) -> None:
        """Show the measures again and again while this process leads; None when it does not."""
        while True:
            try:
                show((await self.to_date()).pack if is_leading() else None)
            except Problem:
                # Nothing is recorded yet.
                show(None)
            except Exception as error:
                log.warning("the month could not be measured", reason=reason(error))
            await asyncio.sleep(_EVERY_SECONDS)

    async def _begin(self, conn: asyncpg.Connection, cut: Cut) -> _Kept:
        """A month begins, another policy came into force, or this process did: everything is read once."""
        total = RunningSum()
        read = await summed(conn, self._tenant, self._policies, cut, total, pause_seconds=_PAUSE_SECONDS)
        return _Kept(cut, cut.position, total, Counter(read.logged), read.cases)

    async def _follow(self, conn: asyncpg.Connection, kept: _Kept, cut: Cut) -> None:
        """Should it break off half way, every case that was looked at is as it should be, and is looked at again."""
        after = kept.cut.position
        moved = [row["stream_id"] for row in await conn.fetch(_MOVED, self._tenant, after, cut.position)]
        for first in range(0, len(moved), _CASES_AT_ONCE):
            async for case_id, events in events_of(conn, moved[first : first + _CASES_AT_ONCE], cut.position):
                await self._look(kept, case_id, events, cut)
            await asyncio.sleep(0)
        logged = await events_by_type(conn, self._tenant, after, cut.position)
        cases = await cases_begun(conn, self._tenant, after, cut.position)
        # From here nothing waits: all of it is known, or none.
        kept.logged.update(logged)
        kept.cases += cases
        kept.cut, kept.pack = cut, None

    async def _look(self, kept: _Kept, case_id: UUID, events: list[StoredEvent], cut: Cut) -> None:
        span = span_of(cut)
        before = kept.latest.get(case_id)
        known = [event for event in events if event.position <= kept.since]
        if before is None and known:
            before = await contributed(known, self._policies, span)
        now = await contributed(events, self._policies, span)
        if before is not None:
            kept.total.take_back(before)
        kept.total.add(now)
        kept.latest[case_id] = now
