"""How long a clock runs: `3s` `15m` `24h` `7d` `5bd` `same_day`. What a duration means in time is in
`calendars`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from functools import cached_property


class Unit(StrEnum):
    """Seconds, minutes and hours are elapsed time; days, business days and `same_day` need a calendar."""

    SECONDS = "s"
    MINUTES = "m"
    HOURS = "h"
    DAYS = "d"
    BUSINESS_DAYS = "bd"
    SAME_DAY = "same_day"


_SECONDS = {Unit.SECONDS: 1, Unit.MINUTES: 60, Unit.HOURS: 3_600}


class BadDuration(ValueError):
    """What was given is no duration such as 15m, 24h, 7d, 5bd or same_day."""


@dataclass(frozen=True)
class Duration:
    """`amount` of `unit`; `same_day` has the amount 0. Made by `parse_duration`."""

    amount: int
    unit: Unit

    def __str__(self) -> str:
        return "same_day" if self.unit is Unit.SAME_DAY else f"{self.amount}{self.unit}"

    @cached_property
    def elapsed(self) -> timedelta | None:
        """The time that passes; None where a calendar says how much that is."""
        seconds = _SECONDS.get(self.unit)
        return None if seconds is None else timedelta(seconds=self.amount * seconds)

    @property
    def is_zero(self) -> bool:
        return self.amount == 0 and self.unit is not Unit.SAME_DAY

    @property
    def reads_calendar(self) -> bool:
        """Whether holidays and business hours decide where it ends."""
        return self.unit in (Unit.BUSINESS_DAYS, Unit.SAME_DAY)


EXPECTED = "a duration such as 30s, 15m, 24h, 7d, 5bd or same_day"

_SHAPE = re.compile(r"([0-9]+)(s|m|h|d|bd)")
# Ten years: no complaint rule is longer, and a slip of the key must not overflow the calendar.
_MOST = {
    Unit.SECONDS: 10 * 366 * 86_400,
    Unit.MINUTES: 10 * 366 * 1_440,
    Unit.HOURS: 10 * 366 * 24,
    Unit.DAYS: 10 * 366,
    Unit.BUSINESS_DAYS: 10 * 260,
}


def parse_duration(text: str) -> Duration:
    """The duration that `text` writes. Zero is a duration (`0h`), but `0bd` is none: it could mean now or
    tonight.

    Raises BadDuration, whose message says what was expected.
    """
    if text == "same_day":
        return Duration(0, Unit.SAME_DAY)
    if text.startswith("-"):
        raise BadDuration(f"a duration is never negative: {text!r}")
    match = _SHAPE.fullmatch(text)
    if match is None:
        raise BadDuration(f"expected {EXPECTED}, not {text!r}")
    digits, unit = match[1].lstrip("0") or "0", Unit(match[2])
    most = _MOST[unit]
    if len(digits) > len(str(most)) or int(digits) > most:
        raise BadDuration(f"{text!r} is longer than ten years")
    if unit is Unit.BUSINESS_DAYS and digits == "0":
        raise BadDuration("'0bd' is no duration: write 0h for at once, or same_day for the close of business")
    return Duration(int(digits), unit)
