"""The queues as they were: the same lists over the same columns, of cases and deadlines as they were then.

All that the lists know of a case follows from the case's events. So the rows of a case that has not moved since are
its rows of then, and only those that have moved are folded: once for all pages, and for whoever asks the same.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import groupby
from operator import attrgetter
from typing import Any, NamedTuple
from uuid import UUID

from amends_domain.evolve import fold
from amends_domain.hindsight import as_it_was
from amends_domain.policy import Policy
from amends_platform.http.problems import Problem
from amends_platform.policy.book import PolicyBook
from amends_platform.recorded import all_recorded
from amends_store.read import Executor
from amends_store.records import StoredEvent
from amends_workflow.case_list import Listed, Past, Scope, list_cases
from amends_workflow.deadline_list import ListedDeadlines, PastDeadlines, list_deadlines
from amends_workflow.parameters import CaseListParameters, DeadlineListParameters
from amends_workflow.places import Places
from amends_workflow.read_model import Projected, as_json, deadline_row, listed_row
from amends_workflow.statements import statement
from amends_workflow.view import View

# Folding so many takes some seconds; who asks for more waits for nothing.
MOVED_MAX = 20_000

_KEPT_MAX = 4
_FETCHED_AT_ONCE = 100
# Some milliseconds, for which nothing else is answered.
_FOLDED_AT_ONCE = 20
# What was recorded so long before a time had happened by then, whatever the clock of an intake said. Generous, since
# all it costs is to fold some cases more.
_CLOCKS_DIFFER_MAX = timedelta(hours=1)
_EVER = datetime.max.replace(tzinfo=UTC)
_LONG_AGO = datetime.min.replace(tzinfo=UTC)
_MOVED_CASES, _EVENTS_KNOWN, _UNSEEN_BY = statement("moved_cases"), statement("events_known"), statement("unseen_by")


class Moment(NamedTuple):
    """Which past: as it was known at a time (None: as it is now), and of that, what had happened by a time (None:
    all)."""

    as_of: datetime | None
    valid_at: datetime | None

    @property
    def unmoved_since(self) -> datetime:
        """A case whose last event was recorded by then is the same today."""
        as_of = self.as_of or _EVER
        if self.valid_at is None:
            return as_of
        return min(as_of, max(self.valid_at, _LONG_AGO + _CLOCKS_DIFFER_MAX) - _CLOCKS_DIFFER_MAX)


class _Moved(NamedTuple):
    """A case as it was, as JSON: its row, and those of its deadlines where they are wanted. Less to keep than what it
    was made from, and nothing to do for the next page."""

    case: str
    deadlines: str


class _Then:
    """The cases that have moved since a moment, as they were: all that the read model knew at `position`."""

    def __init__(self, *, with_deadlines: bool) -> None:
        self.with_deadlines = with_deadlines
        self.lock = asyncio.Lock()
        self.moved: dict[UUID, _Moved] = {}
        self.position = 0
        self.recorded_at = _LONG_AGO
        self._cases: str | None = None
        self._deadlines: str | None = None

    def add(self, moved: Mapping[UUID, _Moved]) -> None:
        self.moved.update(moved)
        self._cases = self._deadlines = None

    def cases(self) -> str:
        if self._cases is None:
            self._cases = f"[{','.join(each.case for each in self.moved.values())}]"
        return self._cases

    def deadlines(self) -> str:
        if self._deadlines is None:
            self._deadlines = f"[{','.join(each.deadlines for each in self.moved.values() if each.deadlines)}]"
        return self._deadlines


class PastQueue:
    """Answers for the queue of a past moment, and remembers what it folded for the last few of them."""

    def __init__(self, view: View, tenant: str, policies: PolicyBook) -> None:
        self._view = view
        self._tenant = tenant
        self._policies = policies
        self._kept: OrderedDict[tuple[Moment, bool], _Then] = OrderedDict()
        # One moment is folded after the other: what else this process does would have to wait for all of them.
        self._turn = asyncio.Semaphore(1)
        # Each question may be about another moment, and wait for its turn.
        self._places = Places("the past")

    async def unseen(self, moment: Moment) -> int | None:
        """The position that the read model has to come to before it knows all that was recorded by then."""
        if moment.as_of is None:
            return None
        position: int | None = await self._view.fetchval(_UNSEEN_BY, moment.as_of)
        return position

    async def cases(
        self, person: str, scope: Scope, wanted: CaseListParameters, moment: Moment, after: Sequence[Any] | None
    ) -> Listed:
        """One page, as `list_cases`, for this person. Raises UnknownPolicy, a 422 problem when too many cases have
        moved, and a 429 problem for whoever asks for many moments at once."""
        async with self._asked_by(person), self._then(moment, with_deadlines=False) as (conn, then):
            return await list_cases(conn, scope, wanted, after, Past(moment.unmoved_since, then.cases()))

    async def deadlines(
        self, person: str, scope: Scope, wanted: DeadlineListParameters, moment: Moment, after: Sequence[Any] | None
    ) -> ListedDeadlines:
        """One page, as `list_deadlines`. Raises as `cases`."""
        async with self._asked_by(person), self._then(moment, with_deadlines=True) as (conn, then):
            past = PastDeadlines(moment.unmoved_since, then.deadlines(), then.cases())
            return await list_deadlines(conn, scope, wanted, after, past)

    @asynccontextmanager
    async def _asked_by(self, person: str) -> AsyncIterator[None]:
        self._places.take(person)
        try:
            yield
        finally:
            self._places.give_back(person)

    @asynccontextmanager
    async def _then(self, moment: Moment, *, with_deadlines: bool) -> AsyncIterator[tuple[Executor, _Then]]:
        """What had moved, and a connection whose snapshot of the read model that goes with."""
        then = self._remembered(moment, with_deadlines=with_deadlines)
        async with then.lock:
            if not then.position:
                async with self._turn:
                    await self._follow(self._view, moment, then)
            async with self._view.reading("repeatable_read") as conn:
                # What has moved since it was folded is little, and now nothing moves any more.
                await self._follow(conn, moment, then)
                yield conn, then

    def _remembered(self, moment: Moment, *, with_deadlines: bool) -> _Then:
        then = self._kept.setdefault((moment, with_deadlines), _Then(with_deadlines=with_deadlines))
        self._kept.move_to_end((moment, with_deadlines))
        if len(self._kept) > _KEPT_MAX:
            self._kept.popitem(last=False)
        return then

    async def _follow(self, executor: Executor, moment: Moment, then: _Then) -> None:
        """Fold what has moved by what the read model knows."""
        row = await executor.fetchrow(
            _MOVED_CASES,
            self._tenant,
            moment.unmoved_since,
            then.position,
            then.recorded_at,
            *moment,
            MOVED_MAX + 1,
        )
        if row is None:
            return
        if len(then.moved.keys() | row["moved"]) > MOVED_MAX:
            raise Problem(
                422,
                "too-many-moved",
                f"More than {MOVED_MAX:,} cases have moved since then, too many to look at each while you wait."
                " Ask for a later time, or for one case; `amends replay --as-of` tells what was known of all.",
            )
        for first in range(0, len(row["moved"]), _FETCHED_AT_ONCE):
            known = await executor.fetch(_EVENTS_KNOWN, row["moved"][first : first + _FETCHED_AT_ONCE], moment.as_of)
            await self._fold([StoredEvent(*each) for each in known], moment, then)
        then.position, then.recorded_at = row["position"], row["recorded_at"]

    async def _fold(self, events: Sequence[StoredEvent], moment: Moment, then: _Then) -> None:
        streams = [list(stream) for _, stream in groupby(events, attrgetter("stream_id"))]
        for first in range(0, len(streams), _FOLDED_AT_ONCE):
            some = streams[first : first + _FOLDED_AT_ONCE]
            fold_some = partial(_folded, some, moment, then.with_deadlines)
            then.add(await self._policies.judge(fold_some))
            await asyncio.sleep(0)


def _folded(
    streams: Sequence[list[StoredEvent]], moment: Moment, with_deadlines: bool, policies: Mapping[str, Policy]
) -> dict[UUID, _Moved]:
    """These cases, as they were. Raises UnknownPolicy."""
    moved: dict[UUID, _Moved] = {}
    for events in streams:
        projected = _as_it_was(events, moment, policies)
        if projected is not None:
            runs = projected.deadlines if with_deadlines else ()
            deadlines = ",".join(as_json(deadline_row(projected, run)) for run in runs)
            moved[projected.case.id] = _Moved(as_json(listed_row(projected)), deadlines)
    return moved


def _as_it_was(events: list[StoredEvent], moment: Moment, policies: Mapping[str, Policy]) -> Projected | None:
    recorded = all_recorded(events)
    case = fold(None, events[0].stream_id, recorded)
    assert case is not None, "a stream that was found has events"
    then = as_it_was(case, recorded, policies, moment.valid_at)
    if then is None:
        return None
    return Projected(then.case, then.deadlines, events[0].tenant, events[-1].correlation_id)
