"""What is to be told of a simulation, counted while it is played: by branch, by clock, by month, and as load."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

from amends_domain.alerts import ALERTS
from amends_domain.case import COMPLAINT, INCIDENT, Case
from amends_domain.clocks import obligations
from amends_domain.events import FollowedUp
from amends_domain.policy import Policy
from amends_domain.policy_measures import Terms
from amends_domain.runs import Verdict
from amends_platform.simulation.world import TIMERS, Happening, Refused


class Peak(NamedTuple):
    """The busiest of equal spans of time: when it began, and how many events it brought; None where nothing came."""

    at: datetime | None
    events: int


@dataclass(frozen=True)
class Load:
    """What a system would have to take. `by_itself` are the events of timers and links, the others those of people."""

    events: int
    by_itself: int
    busiest_hour: Peak
    busiest_second: Peak


@dataclass(frozen=True)
class BranchSeen:
    """A branch at the end. `open_most` is the most records that were open at once; `satisfied` of `asked` were
    delighted; `months_over` are the months with more complaints than the policy's volume quota, None without one.
    """

    branch: str
    records: int
    complaints: int
    incidents: int
    open: int
    open_most: int
    met: int
    breached: int
    alerts: Mapping[str, int]
    satisfied: int
    asked: int
    months_over: int | None


@dataclass(frozen=True)
class ClockSeen:
    """How the runs of one clock ended; `running` did not. Those of the customer's own time are `is_customers`."""

    clock: str
    is_customers: bool
    met: int
    breached: int
    cancelled: int
    running: int


@dataclass(frozen=True)
class MonthSeen:
    """`month` is its first day; `open` are the records that were open when it was over."""

    month: date
    records: int
    closed: int
    open: int
    breached: int


@dataclass(frozen=True)
class Seen:
    """All that is told. `refused` counts the commands that were not allowed, by code."""

    policy: Policy
    cases: int
    branches: tuple[BranchSeen, ...]
    clocks: tuple[ClockSeen, ...]
    months: tuple[MonthSeen, ...]
    load: Load
    refused: Mapping[str, int]
    business_days: int


class Tally:
    """Told of everything that happens, in the order of time; `seen` when it is over."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._open: Counter[str] = Counter()
        self._open_most: Counter[str] = Counter()
        self._is_open: dict[object, bool] = {}
        self._alerts: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self._answers: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self._came: defaultdict[str, Counter[date]] = defaultdict(Counter)
        self._months: defaultdict[date, Counter[str]] = defaultdict(Counter)
        self._hours: Counter[datetime] = Counter()
        self._second = Peak(None, 0)
        self._this_second = Peak(None, 0)
        self._events = 0
        self._by_itself = 0
        self._refused: Counter[str] = Counter()
        self._terms = Terms.of(policy.sections)

    def take(self, what: Happening | Refused, after: Case | None) -> None:
        """`after` is the case as it is then; None where what was refused would have been the first of one."""
        if isinstance(what, Refused):
            self._refused[what.rejection.code] += 1
            return
        assert after is not None, "something happened to it"
        decided, month = what.decided, self._month_of(what.at)
        self._count(what.at, len(decided.events), by_itself=decided.context.actor == TIMERS)
        if after.kind != INCIDENT:
            self._moved(after, month, is_new=decided.case is None)
        for event in decided.events:
            if event.TYPE in ALERTS:
                self._alerts[after.branch][ALERTS[event.TYPE]] += 1
            if isinstance(event, FollowedUp):
                self._answers[after.branch][self._terms.survey[event.satisfaction]] += 1

    def seen(self, cases: Iterable[Case], months: Iterable[date], business_days: int) -> Seen:
        """All of it, when these are the cases at the end, and these the months played. Raises UnknownPolicy."""
        clocks: defaultdict[tuple[str, bool], Counter[Verdict]] = defaultdict(Counter)
        kept: defaultdict[str, Counter[Verdict]] = defaultdict(Counter)
        records: defaultdict[str, Counter[str]] = defaultdict(Counter)
        total = 0
        for case in cases:
            total += 1
            records[case.branch][case.kind] += 1
            for deadline in obligations(case, {self._policy.hash: self._policy}):
                clocks[deadline.kind, deadline.is_customers][deadline.status] += 1
                if not deadline.is_customers:
                    kept[case.branch][deadline.status] += 1
                    if deadline.status is Verdict.BREACHED:
                        self._months[self._month_of(deadline.due_at)]["breached"] += 1
        return Seen(
            self._policy,
            total,
            tuple(self._branch(name, records[name], kept[name]) for name in sorted(records)),
            tuple(_clock(clock, counted) for clock, counted in sorted(clocks.items())),
            tuple(self._told(months)),
            Load(self._events, self._by_itself, _most(self._hours), max(self._second, self._this_second, key=_events)),
            dict(self._refused.most_common()),
            business_days,
        )

    def _count(self, at: datetime, events: int, *, by_itself: bool) -> None:
        self._events += events
        self._by_itself += events if by_itself else 0
        self._hours[at.replace(minute=0, second=0, microsecond=0)] += events
        second = at.replace(microsecond=0)
        if second != self._this_second.at:
            self._second = max(self._second, self._this_second, key=_events)
            self._this_second = Peak(second, 0)
        self._this_second = Peak(second, self._this_second.events + events)

    def _moved(self, after: Case, month: date, *, is_new: bool) -> None:
        if is_new:
            self._months[month]["records"] += 1
            if after.kind == COMPLAINT:
                self._came[after.branch][month] += 1
        was_open = self._is_open.get(after.id, False)
        if was_open != after.is_open:
            self._is_open[after.id] = after.is_open
            change = 1 if after.is_open else -1
            self._open[after.branch] += change
            self._open_most[after.branch] = max(self._open_most[after.branch], self._open[after.branch])
            self._months[month]["net"] += change
            if was_open:
                self._months[month]["closed"] += 1

    def _branch(self, name: str, records: Counter[str], kept: Counter[Verdict]) -> BranchSeen:
        quota = self._terms.quotas.get(name)
        over = None
        if quota is not None and quota.volume is not None:
            over = sum(1 for count in self._came[name].values() if count > quota.volume)
        answers = self._answers[name]
        return BranchSeen(
            name,
            records.total() - records[INCIDENT],
            records[COMPLAINT],
            records[INCIDENT],
            self._open[name],
            self._open_most[name],
            kept[Verdict.MET],
            kept[Verdict.BREACHED],
            {kind: self._alerts[name][kind] for kind in ALERTS.values()},
            answers["delighted"],
            answers.total(),
            over,
        )

    def _told(self, months: Iterable[date]) -> Iterable[MonthSeen]:
        is_open = 0
        for month in months:
            counted = self._months[month]
            is_open += counted["net"]
            yield MonthSeen(month, counted["records"], counted["closed"], is_open, counted["breached"])

    def _month_of(self, at: datetime) -> date:
        return at.astimezone(self._policy.calendar.timezone).date().replace(day=1)


def _clock(clock: tuple[str, bool], counted: Counter[Verdict]) -> ClockSeen:
    return ClockSeen(
        *clock,
        counted[Verdict.MET],
        counted[Verdict.BREACHED],
        counted[Verdict.CANCELLED],
        counted[Verdict.PENDING],
    )


def _most(hours: Counter[datetime]) -> Peak:
    return max((Peak(at, events) for at, events in hours.items()), key=_events, default=Peak(None, 0))


def _events(peak: Peak) -> int:
    return peak.events
