"""History under another policy: what would have been breached, or met, had it been in force. Nothing is recorded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

import asyncpg

from amends_domain.case import Case
from amends_domain.clocks import obligations
from amends_domain.events import CaseEscalated, DeadlineBreached, ReminderIssued
from amends_domain.evolve import fold
from amends_domain.policy import Policy
from amends_domain.reference import reference_of
from amends_domain.runs import Deadline, Verdict
from amends_platform.policy.book import PolicyBook
from amends_platform.recorded import all_recorded
from amends_store.records import StoredEvent

_CASES_A_BATCH: Final = 500
_CASES: Final = (
    "SELECT stream_id FROM events WHERE tenant = $1 AND version = 1 AND stream_id > $2 ORDER BY stream_id LIMIT $3"
)
_COUNT: Final = "SELECT count(*) FROM events WHERE tenant = $1 AND version = 1"
_EVENTS: Final = "SELECT * FROM events WHERE stream_id = ANY($1) ORDER BY stream_id, version"

OnProgress = Callable[[int, int], None]


class Outcome(NamedTuple):
    """How a clock of one cycle ended: `verdict` is met, breached, cancelled or pending; `due_at` of its last run."""

    verdict: str
    due_at: datetime


class Changed(NamedTuple):
    """A clock that would have ended otherwise. None: it did not run, or would not have."""

    case_id: UUID
    reference: str
    clock: str
    cycle: int
    number: int | None
    was: Outcome | None
    would_be: Outcome | None

    @property
    def is_outcome(self) -> bool:
        """Whether a clock that ran either way would have ended otherwise, or a breach would come or go."""
        return (self.was is not None and self.would_be is not None) or "breached" in (
            _word(self.was),
            _word(self.would_be),
        )


@dataclass
class Rehearsed:
    """`clocks` were compared on `cases`; `moved` of those that end alike would have been due at another time.

    `counts` are of `changes`, by (clock, verdict that was, verdict that would be), "none" where it did not run.
    """

    cases: int = 0
    clocks: int = 0
    moved: int = 0
    changes: list[Changed] = field(default_factory=list)

    @property
    def counts(self) -> Counter[tuple[str, str, str]]:
        return Counter((change.clock, _word(change.was), _word(change.would_be)) for change in self.changes)


async def rehearse(
    conn: asyncpg.Connection, tenant: str, draft: Policy, since: datetime, on_progress: OnProgress
) -> Rehearsed:
    """Judge what was recorded from `since` on by `draft`, case by case. Raises asyncpg's errors, UnknownPolicy."""
    policies = PolicyBook(conn)
    await policies.refresh()
    known = {**policies.known, draft.hash: draft}
    result = Rehearsed()
    after = UUID(int=0)
    async with conn.transaction(isolation="repeatable_read", readonly=True):
        now = await conn.fetchval("SELECT log_now()")
        total = await conn.fetchval(_COUNT, tenant)
        looked_at = 0
        while ids := [row["stream_id"] for row in await conn.fetch(_CASES, tenant, after, _CASES_A_BATCH)]:
            after = ids[-1]
            for case in _cases(await conn.fetch(_EVENTS, ids)):
                if case.updated_at >= since:
                    _compare(result, case, draft, known, since, now)
            looked_at += len(ids)
            on_progress(looked_at, total)
    return result


def _cases(rows: Iterable[asyncpg.Record]) -> Iterator[Case]:
    streams: dict[UUID, list[StoredEvent]] = {}
    for row in rows:
        event = StoredEvent(*row)
        streams.setdefault(event.stream_id, []).append(event)
    for case_id, events in streams.items():
        case = fold(None, case_id, all_recorded(events))
        assert case is not None, "a stream has events"
        yield case


def _compare(
    result: Rehearsed, case: Case, draft: Policy, policies: Mapping[str, Policy], since: datetime, now: datetime
) -> None:
    was = _outcomes(obligations(_without_verdicts(case), policies), now)
    would_be = _outcomes(obligations(_judged_by(case, draft, since), policies), now)
    result.cases += 1
    for key in sorted(was.keys() | would_be.keys(), key=str):
        before, after = was.get(key), would_be.get(key)
        result.clocks += 1
        if _word(before) != _word(after):
            clock, cycle, number = key
            result.changes.append(
                Changed(case.id, reference_of(case.first_position), clock, cycle, number, before, after)
            )
        elif before != after:
            result.moved += 1


def _without_verdicts(case: Case) -> Case:
    """The case as if nothing had been alarmed yet: what is judged anew must not rest on its own outcome."""
    alarms = (ReminderIssued.TYPE, DeadlineBreached.TYPE)
    marks = tuple(
        mark
        for mark in case.marks
        if mark.type not in alarms and not (mark.type == CaseEscalated.TYPE and mark.note is not None)
    )
    return replace(case, marks=marks)


def _judged_by(case: Case, draft: Policy, since: datetime) -> Case:
    plain = _without_verdicts(case)
    marks = tuple(
        mark._replace(policy=draft.hash) if mark.policy is not None and mark.recorded_at >= since else mark
        for mark in plain.marks
    )
    return replace(plain, marks=marks)


def _outcomes(deadlines: Iterable[Deadline], now: datetime) -> dict[tuple[str, int, int | None], Outcome]:
    """By clock, cycle and promise: the last run's, but a breach of any run is the clock's."""
    outcomes: dict[tuple[str, int, int | None], Outcome] = {}
    for deadline in deadlines:
        key = (deadline.kind, deadline.cycle, deadline.number)
        verdict = deadline.status
        if verdict is Verdict.PENDING and deadline.due_at < now:
            verdict = Verdict.BREACHED
        earlier = outcomes.get(key)
        if earlier is None or earlier.verdict != Verdict.BREACHED:
            outcomes[key] = Outcome(verdict.value, deadline.due_at)
    return outcomes


def _word(outcome: Outcome | None) -> str:
    return "none" if outcome is None else outcome.verdict
