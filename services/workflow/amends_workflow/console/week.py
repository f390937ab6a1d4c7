"""The coming week as the board shows it: a row for each day, a cell for each hour, the darker the more falls due."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, tzinfo
from typing import Any, Final, NamedTuple

# Of darkness; 0 is none.
LEVELS: Final = 4
HOURS: Final = range(24)


class Hour(NamedTuple):
    """How much falls due in an hour of a day. None: the hour is over, or not yet within the week."""

    due: int | None
    level: int


class Day(NamedTuple):
    """A day of the week, by the local calendar, with its 24 hours."""

    date: date
    total: int
    hours: Sequence[Hour]


def week_of(hours: Iterable[Mapping[str, Any]], zone: tzinfo) -> list[Day]:
    """The days that the board's `hours` are of. The hour that clocks are put back over is shown as one."""
    due: Counter[tuple[date, int]] = Counter()
    for each in hours:
        begins_at: datetime = each["begins_at"]
        local = begins_at.astimezone(zone)
        due[local.date(), local.hour] += each["due"]
    most = max(due.values(), default=0)
    return [_day(on, due, most) for on in sorted({on for on, _ in due})]


def _day(on: date, due: Mapping[tuple[date, int], int], most: int) -> Day:
    hours = [Hour(count, level(count, most)) for count in (due.get((on, hour)) for hour in HOURS)]
    return Day(on, sum(hour.due or 0 for hour in hours), hours)


def level(count: int | None, most: int) -> int:
    """How dark a count is, where the greatest is `most`: 0 for none, 1 to LEVELS for some. Few stay light."""
    return -(-LEVELS * count // max(most, LEVELS)) if count else 0
