"""Business time: where a duration that starts at an instant ends, and which days were counted and skipped.

All instants are aware datetimes, answered in UTC; days and wall-clock times are those of the calendar's zone.
Source: DOMAIN, Clocks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from amends_domain.durations import Duration, Unit

_DAY = timedelta(days=1)
_HOUR = timedelta(hours=1)
_SECOND = timedelta(seconds=1)

WEEKEND = "weekend"
AFTER_HOURS = "after hours"


class DueTime(NamedTuple):
    """`at` in UTC and how it was reached: the local days that counted, and those passed over with the reason.

    `provisional` when the answer rests on a day whose holidays are not published yet.
    """

    at: datetime
    counted: tuple[date, ...]
    skipped: tuple[tuple[date, str], ...]
    provisional: bool


@dataclass(frozen=True)
class Calendar:
    """The organisation's time. `workdays` are 0 (Monday) to 6; `working_days` are make-up days, which win
    over both the weekend and a holiday. `closes` 00:00 is midnight at the day's end. Holidays are known from
    `known_from` through `known_through`; outside, days are taken by the rule and answers are provisional.
    """

    timezone: ZoneInfo
    opens: time
    closes: time
    workdays: frozenset[int]
    holidays: Mapping[date, str] = field(hash=False)
    working_days: Mapping[date, str] = field(hash=False)
    known_from: date
    known_through: date

    def __post_init__(self) -> None:
        # Without a workday, looking for the next business day would never end.
        if not self.workdays:
            raise ValueError("a calendar has at least one workday")

    def day_off(self, day: date) -> str | None:
        """Why `day` is no business day (a holiday's name, or "weekend"); None when it is one."""
        if day in self.working_days:
            return None
        if day in self.holidays:
            return self.holidays[day]
        return None if day.weekday() in self.workdays else WEEKEND

    def is_business_day(self, day: date) -> bool:
        return self.day_off(day) is None

    def is_known(self, day: date) -> bool:
        return self.known_from <= day <= self.known_through

    def close_of_business(self, day: date) -> datetime:
        """When business closes on `day`, in UTC."""
        if self.closes == time(0):
            return first_instant(datetime.combine(day + _DAY, self.closes), self.timezone)
        return first_instant(datetime.combine(day, self.closes), self.timezone)


def after(start: datetime, duration: Duration, calendar: Calendar) -> DueTime:
    """When `duration`, started at `start`, has passed. Raises ValueError for a naive `start`.

    s, m, h: elapsed time. d: the same wall-clock time so many days later; if a daylight-saving change skips
    that time, the first instant after the gap; if it happens twice, the first of the two. bd: close of
    business on the n-th business day after the starting day, which never counts. same_day: close of business
    today, or of the next business day when started on a day off, or at or after close of business.
    """
    if duration.elapsed is not None:
        return _plain(_utc(start) + duration.elapsed)
    local = _utc(start).astimezone(calendar.timezone).replace(tzinfo=None, fold=0)
    if duration.unit is Unit.DAYS:
        at = first_instant(local + duration.amount * _DAY, calendar.timezone)
        return DueTime(at, _days_after(local.date(), duration.amount), (), False)
    if duration.unit is Unit.SAME_DAY:
        return _same_day(start, local.date(), calendar)
    return _business_days(local.date(), _DAY, duration.amount, calendar)


def before(due: datetime, duration: Duration, calendar: Calendar) -> DueTime:
    """The instant that lies `duration` before `due`, never after it. Raises ValueError for a naive `due`.

    s, m, h: elapsed time. d: the same wall-clock time so many days earlier, as in `after`. bd: close of
    business on the n-th business day before the day on which `due` falls. `same_day` has no before: raises
    ValueError.
    """
    if duration.elapsed is not None:
        return _plain(_utc(due) - duration.elapsed)
    local = _utc(due).astimezone(calendar.timezone).replace(tzinfo=None, fold=0)
    if duration.unit is Unit.DAYS:
        at = first_instant(local - duration.amount * _DAY, calendar.timezone)
        return _plain(at)
    if duration.unit is Unit.SAME_DAY:
        raise ValueError("same_day cannot be counted backwards")
    day = local.date()
    if calendar.closes == time(0) and local.time() == time(0):
        day -= _DAY  # midnight is the close of the day before, and that is the day the clock falls due
    return _business_days(day, -_DAY, duration.amount, calendar)


def first_instant(wall_clock: datetime, timezone: ZoneInfo) -> datetime:
    """The instant, in UTC, at which clocks in `timezone` first show the naive `wall_clock`.

    Where they never do (daylight saving begins), the first instant after the gap.
    """
    offset = _steady_offset(wall_clock.date(), timezone)
    if offset is not None:
        return wall_clock.replace(tzinfo=UTC) - offset
    shown = wall_clock.replace(tzinfo=timezone, fold=0)
    instant = shown.astimezone(UTC)
    # In one zone, wall clocks are compared.
    if instant.astimezone(timezone) == shown:
        return instant
    # In a gap, fold 0 reads with the offset from before the change and so lands after it, fold 1 the other
    # way.
    lands_before, lands_after = shown.replace(fold=1).astimezone(UTC), instant
    old_offset = lands_before.astimezone(timezone).utcoffset()
    low, high = 0, -(-(lands_after - lands_before) // _SECOND)
    first = lands_before.replace(microsecond=0)
    while low < high:
        middle = (low + high) // 2
        if (first + middle * _SECOND).astimezone(timezone).utcoffset() == old_offset:
            low = middle + 1
        else:
            high = middle
    return first + low * _SECOND


# Clocks that start on one day are due on few days, and hardly any of these has clocks changed.
@lru_cache(maxsize=4096)
def _steady_offset(day: date, timezone: ZoneInfo) -> timedelta | None:
    """How far clocks are ahead of UTC on this day, and on those before and after it; None where they are changed, or
    where there are no days before or after."""
    if not date.min + _DAY < day < date.max - _DAY:
        return None
    first = datetime.combine(day, time(0), UTC) - _DAY
    offsets = {(first + hours * _HOUR).astimezone(timezone).utcoffset() for hours in range(3 * 24 + 1)}
    return offsets.pop() if len(offsets) == 1 else None


def _utc(instant: datetime) -> datetime:
    # A naive datetime would be read in the zone of the machine: an answer that depends on where it was asked.
    if instant.tzinfo is None:
        raise ValueError("an instant has a time zone")
    return instant if instant.tzinfo is UTC else instant.astimezone(UTC)


def _plain(at: datetime) -> DueTime:
    return DueTime(at, (), (), False)


# The clocks that start on one day all count the same days.
@lru_cache(maxsize=1024)
def _days_after(day: date, count: int) -> tuple[date, ...]:
    return tuple(day + n * _DAY for n in range(1, count + 1))


def _same_day(start: datetime, day: date, calendar: Calendar) -> DueTime:
    off = calendar.day_off(day)
    if off is None:
        closes_at = calendar.close_of_business(day)
        if start < closes_at:
            return DueTime(closes_at, (day,), (), not calendar.is_known(day))
    due = _business_days(day, _DAY, 1, calendar)
    provisional = due.provisional or not calendar.is_known(day)
    return due._replace(skipped=((day, off or AFTER_HOURS), *due.skipped), provisional=provisional)


# The clocks that start on one day, and are due after as many, are due at one time.
@lru_cache(maxsize=1024)
def _business_days(day: date, step: timedelta, count: int, calendar: Calendar) -> DueTime:
    """`day` itself does not count; the next is a `step` later, or earlier where that is negative."""
    counted: list[date] = []
    skipped: list[tuple[date, str]] = []
    provisional = False
    while len(counted) < count:
        day += step
        provisional = provisional or not calendar.is_known(day)
        off = calendar.day_off(day)
        if off is None:
            counted.append(day)
        else:
            skipped.append((day, off))
    return DueTime(calendar.close_of_business(counted[-1]), tuple(counted), tuple(skipped), provisional)
