"""When people work: business hours at the branches, long days on the telephone."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import Final

from amends_domain.calendars import Calendar

_DAY: Final = timedelta(days=1)
_TELEPHONE: Final = (time(8), time(21))


class Hours:
    """The working time of one bank. Instants are aware; answers are in UTC."""

    def __init__(self, calendar: Calendar, chance: Random) -> None:
        self._calendar = calendar
        self._chance = chance

    def day_of(self, at: datetime) -> date:
        """The local day."""
        return at.astimezone(self._calendar.timezone).date()

    def is_open(self, day: date) -> bool:
        """Whether the branches are."""
        return self._calendar.is_business_day(day)

    def on(self, day: date, opens: time, closes: time) -> datetime:
        """Some instant of the day between these times."""
        first, last = self._at(day, opens), self._at(day, closes)
        return first + (last - first) * self._chance.random()

    def telephone(self, at: datetime) -> datetime:
        """`at`, if somebody is on the telephone then; else some minutes after that begins."""
        opens, closes = _TELEPHONE
        day = self.day_of(at)
        if at < self._at(day, opens):
            return self._soon_after(self._at(day, opens))
        return at if at < self._at(day, closes) else self._soon_after(self._at(day + _DAY, opens))

    def working(self, at: datetime, hours: float = 0.0) -> datetime:
        """The instant at which so many working hours have passed since `at`; some minutes later where a day begins."""
        left = timedelta(hours=hours)
        day = self.day_of(at)
        while True:
            if self.is_open(day):
                opens, closes = self._at(day, self._calendar.opens), self._at(day, self._calendar.closes)
                start = max(at, self._soon_after(opens))
                if start + left < closes:
                    return start + left
                left -= max(closes - start, timedelta())
            day += _DAY

    def _soon_after(self, opens: datetime) -> datetime:
        return opens + timedelta(seconds=self._chance.uniform(60, 2_400))

    def _at(self, day: date, wall_clock: time) -> datetime:
        return datetime.combine(day, wall_clock, self._calendar.timezone).astimezone(UTC)
