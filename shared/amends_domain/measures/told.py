"""What a case's contribution is made from: its life up to the cut, and the month that is asked about."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import NamedTuple
from uuid import UUID

from amends_domain.case import COMPLAINT, INCIDENT, Case
from amends_domain.clocks import obligations
from amends_domain.events import Recorded
from amends_domain.evolve import evolve
from amends_domain.policy import Policy
from amends_domain.policy_measures import Terms
from amends_domain.runs import Deadline, Verdict

TREND_MONTHS = 6
RECURRENCE = timedelta(days=30)

Key = tuple[str | int, ...]
"""What is counted: the measure's name first, then its parts."""

Counts = Iterator[tuple[Key, int]]


@dataclass(frozen=True)
class Span:
    """The month: what was recorded from `start` on, until just before `end` (None: it goes on, until now).

    `trend` are the beginnings of six months, the last of which is this one's. `policy` is the one that the month is
    measured by, and `terms` what it says for that.
    """

    trend: tuple[datetime, ...]
    end: datetime | None
    terms: Terms
    policy: Policy

    @property
    def start(self) -> datetime:
        return self.trend[-1]

    def has(self, at: datetime) -> bool:
        return self.start <= at and self.is_before_end(at)

    def is_before_end(self, at: datetime) -> bool:
        return self.end is None or at < self.end

    def number_of(self, at: datetime) -> int | None:
        """In which month of the trend an instant lies, 0 the first; None: in none."""
        number = bisect_right(self.trend, at) - 1
        return number if number >= 0 and self.is_before_end(at) else None


class Entry(NamedTuple):
    """An event that is no history, and the case just before and after it. `before` is None at the first."""

    recorded: Recorded
    before: Case | None
    after: Case


class Decided(NamedTuple):
    """How a deadline ended, and when that was certain and known."""

    verdict: Verdict
    at: datetime


@dataclass(frozen=True)
class Told:
    """A case's whole life up to the cut. `cases` is the case after each of the `events`."""

    cases: tuple[Case, ...]
    events: tuple[Recorded, ...]
    deadlines: tuple[Deadline, ...]
    policies: Mapping[str, Policy]

    @property
    def case(self) -> Case:
        return self.cases[-1]

    @property
    def is_record(self) -> bool:
        """Whether it is a customer's, and no incident."""
        return self.case.kind != INCIDENT

    @property
    def is_apart(self) -> bool:
        """Whether it is only history: imported as it ended, and never reopened here."""
        return self.case.historical and self.case.cycle == 1

    @cached_property
    def entries(self) -> tuple[Entry, ...]:
        """All that counts: not what an import of history brought."""
        befores = (None, *self.cases)
        return tuple(
            Entry(recorded, before, after)
            for recorded, before, after in zip(self.events, befores, self.cases, strict=False)
            if not (after.historical and after.cycle == 1)
        )

    @cached_property
    def complaint_since(self) -> Entry | None:
        """What made it a complaint; None when it is none, or was one in history."""
        for entry in self.entries:
            if entry.after.kind == COMPLAINT:
                is_first = entry.before is None or entry.before.kind != COMPLAINT
                return entry if is_first else None
        return None

    def in_month(self, span: Span) -> tuple[Entry, ...]:
        # Times of recording never run backwards: most cases did nothing in the month, and many ask.
        first = bisect_left(self.entries, span.start, key=_recorded_at)
        last = None if span.end is None else bisect_left(self.entries, span.end, key=_recorded_at)
        return self.entries[first:last]

    def known_at(self, deadline: Deadline) -> datetime:
        """Since when it is known that the clock ran."""
        return self.events[deadline.called_for_by - 1].recorded_at

    def decided(self, deadline: Deadline, span: Span) -> Decided | None:
        """How it ended by the end of the month, whether or not a timer had written that; None: it did not.

        Met when what stopped it was recorded, breached at its due time; where the clock was called for only later,
        then. So each deadline is of one month, and nothing that happens later moves it into another.
        """
        known = self.known_at(deadline)
        match deadline.status:
            case Verdict.BREACHED:
                return Decided(Verdict.BREACHED, max(deadline.due_at, known))
            case Verdict.PENDING if span.end is not None and deadline.due_at < span.end:
                return Decided(Verdict.BREACHED, max(deadline.due_at, known))
            case Verdict.MET | Verdict.CANCELLED:
                assert deadline.ended_at is not None, "what is over has ended"
                return Decided(deadline.status, max(deadline.ended_at, known))
        return None


def _recorded_at(entry: Entry) -> datetime:
    return entry.recorded.recorded_at


def tell(case_id: UUID, events: Sequence[Recorded], policies: Mapping[str, Policy]) -> Told:
    """The life that these events are, from the first. Raises BrokenStream, UnknownPolicy."""
    cases: list[Case] = []
    case: Case | None = None
    for recorded in events:
        case = evolve(case, case_id, recorded)
        cases.append(case)
    assert case is not None, "a case has events"
    return Told(tuple(cases), tuple(events), obligations(case, policies), policies)
