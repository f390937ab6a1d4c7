"""When people come, and by which channel: fewer on days off, and then not to a counter."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from random import Random
from typing import Final

from amends_platform.simulation import bank
from amends_platform.simulation.hours import Hours

_DAY: Final = timedelta(days=1)
DAY_OFF_SHARE: Final = 0.35
_AT_COUNTERS: Final = ("branch", "letter", "head_office")


def days(first: date, last: date) -> Iterator[date]:
    """From the first to the last, both included."""
    while first <= last:
        yield first
        first += _DAY


def weight(hours: Hours, day: date) -> float:
    """How much of a business day's complaints the day brings."""
    return 1.0 if hours.is_open(day) else DAY_OFF_SHARE


def arrival(chance: Random, hours: Hours, day: date) -> tuple[datetime, str] | None:
    """When somebody comes on that day, and how; None where the way is closed."""
    channel = bank.one_of(chance, bank.CHANNELS)
    if channel not in _AT_COUNTERS:
        return hours.on(day, time(8, 10), time(20, 50)), channel
    return (hours.on(day, time(9, 5), time(17, 15)), channel) if hours.is_open(day) else None
