"""Replayed state against live state."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Set
from uuid import UUID

import asyncpg

from amends_domain.case import Case
from amends_domain.events import DeadlineBreached, Reclassified
from amends_platform.policy.book import PolicyBook
from amends_platform.replaying.differences import Difference, difference
from amends_platform.replaying.expected import (
    ALERT_COLUMNS,
    CASE_COLUMNS,
    DEADLINE_COLUMNS,
    NOTHING,
    TIMER_COLUMNS,
    Rows,
    TimerKey,
    Values,
    differing,
    expected_rows,
)
from amends_platform.replaying.folding import Fold, Folded
from amends_platform.replaying.live import RECLASSIFIED, FiredKey, fired_since, live_case, slices


class Comparison:
    """Compares at the position to which `fold` has come, which must be the live state's own in `conn`'s transaction."""

    def __init__(self, conn: asyncpg.Connection, fold: Fold, policies: PolicyBook) -> None:
        self._conn = conn
        self._fold = fold
        self._policies = policies
        self._counted: Counter[str] = Counter()

    @property
    def compared(self) -> dict[str, int]:
        """How much of what was compared, alerts as the fold has judged them."""
        return {what: self._counted[what] for what in ("cases", "deadlines", "timers")} | {"alerts": self._fold.judged}

    async def everything(self, on_progress: Callable[[int], None]) -> list[Difference]:
        """All differences, in the order of the log. `on_progress` hears how many cases are done."""
        fired = await fired_since(self._conn, self._fold.position)
        found: list[Difference] = []
        seen = 0
        unseen = self._fold.whole.keys() | self._fold.shrunk.keys()
        async for live in slices(self._conn):
            for case_id, rows in live.rows.items():
                unseen.discard(case_id)
                found += await self._case(case_id, rows, fired.get(case_id, frozenset()))
            seen += len(live.rows)
            on_progress(seen)
        for case_id in unseen:
            found += await self._case(case_id, NOTHING, frozenset())
        return sorted(found, key=lambda difference: (difference.position, difference.what))

    async def one(self, case_id: UUID) -> list[Difference]:
        """The differences of one case."""
        fired = await fired_since(self._conn, self._fold.position)
        rows = await live_case(self._conn, case_id)
        return await self._case(case_id, rows, fired.get(case_id, frozenset()))

    async def _case(self, case_id: UUID, live: Rows, fired: Set[FiredKey]) -> list[Difference]:
        if self._fold.is_broken(case_id):
            return []
        self._counted.update(cases=1, deadlines=len(live.deadlines), timers=len(live.timers))
        shrunk = self._fold.shrunk.get(case_id)
        if shrunk is not None and shrunk.digest == live.digest():
            return []
        folded = self._fold.whole.get(case_id)
        if folded is None and shrunk is not None:
            folded = await self._fold.regrown(case_id)
        if folded is None:
            position = 0 if live.case is None else live.case[CASE_COLUMNS.index("position")]
            return [difference(case_id, None, position, "the live state has rows of a case that the log does not have")]
        case = folded.case
        assert case is not None, "a case in memory has its first event"
        expected = await self._expected(case, folded)
        if expected == live:
            return []
        return [
            difference(case_id, case.first_position, case.position, what) for what in _differing(expected, live, fired)
        ]

    async def _expected(self, case: Case, folded: Folded) -> Rows:
        return await self._policies.judge(lambda policies: expected_rows(case, folded.tenant, folded.alerts, policies))


def _differing(expected: Rows, live: Rows, fired: Set[FiredKey]) -> Iterator[str]:
    if live.case is None:
        yield "the live state does not have this case"
    else:
        assert expected.case is not None, "the log has the case"
        yield from differing(CASE_COLUMNS, expected.case, live.case)
    for run in sorted(expected.deadlines.keys() | live.deadlines.keys()):
        named = f"deadline {run[0]} (generation {run[1]})"
        should, is_ = expected.deadlines.get(run), live.deadlines.get(run)
        if should is None:
            yield f"{named} is there, and no policy calls for it"
        elif is_ is None:
            yield f"{named} is missing"
        else:
            yield from (f"{named}: {what}" for what in differing(DEADLINE_COLUMNS, should, is_))
    for timer in sorted(expected.timers.keys() | live.timers.keys()):
        named = f"timer {timer[0]} (generation {timer[1]}, step {timer[2]})"
        should, is_ = expected.timers.get(timer), live.timers.get(timer)
        if should is None:
            yield f"{named} is there, and nothing is owed then"
        elif is_ is None:
            if _fires_as(timer, should) not in fired:
                yield f"{named} is missing: what falls due then will never be recorded"
        else:
            yield from (f"{named}: {what}" for what in differing(TIMER_COLUMNS, should, is_))

    for position in sorted(expected.alerts.keys() | live.alerts.keys()):
        named = f"alert at position {position}"
        should, is_ = expected.alerts.get(position), live.alerts.get(position)
        if should is None:
            yield f"{named} is there, and the log has none"
        elif is_ is None:
            yield f"{named} is missing"
        else:
            yield from (f"{named}: {what}" for what in differing(ALERT_COLUMNS, should, is_))


def _fires_as(timer: TimerKey, values: Values) -> FiredKey:
    match values[TIMER_COLUMNS.index("event_type")]:
        case DeadlineBreached.TYPE:
            return timer[0], timer[1], None
        case Reclassified.TYPE:
            return RECLASSIFIED
        case _:
            return timer
