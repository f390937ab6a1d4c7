"""Months: as they are written, and between which instants they lie in a time zone."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from amends_domain.calendars import first_instant

_SHAPE: Final = re.compile(r"([0-9]{4})-(0[1-9]|1[0-2])")


class BadMonth(ValueError):
    """What was given is no month such as 2026-10, from 2000 to 2090."""


class Month(NamedTuple):
    """A month of the calendar, `number` 1 to 12."""

    year: int
    number: int

    def __str__(self) -> str:
        return f"{self.year:04}-{self.number:02}"

    @staticmethod
    def parse(text: str) -> Month:
        """Raises BadMonth."""
        match = _SHAPE.fullmatch(text)
        if match is None or not 2000 <= int(match[1]) <= 2090:
            raise BadMonth(f"expected a month such as 2026-10, from 2000 to 2090, not {text!r}")
        return Month(int(match[1]), int(match[2]))

    @staticmethod
    def of(instant: datetime, zone: ZoneInfo) -> Month:
        """The month in which an instant lies."""
        local = instant.astimezone(zone)
        return Month(local.year, local.month)

    def plus(self, months: int) -> Month:
        count = self.year * 12 + self.number - 1 + months
        return Month(count // 12, count % 12 + 1)

    def begins(self, zone: ZoneInfo) -> datetime:
        """Its first instant, in UTC."""
        return first_instant(datetime(self.year, self.number, 1), zone)  # noqa: DTZ001

    def ends(self, zone: ZoneInfo) -> datetime:
        """The first instant that is no longer in it, in UTC."""
        return self.plus(1).begins(zone)


def months_until(first: Month, last: Month) -> list[Month]:
    """Every month from the first to the last."""
    count = (last.year - first.year) * 12 + last.number - first.number
    return [first.plus(number) for number in range(count + 1)]
