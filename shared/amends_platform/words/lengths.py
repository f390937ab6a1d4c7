"""Lengths of time in words: whole for sentences, short for tables."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from amends_platform.words.vocabulary import Words

_DAY, _HOUR, _MINUTE = 86_400, 3_600, 60
# From so many days on nobody asks for the hours.
_DAYS_ALONE: Final = 2

_WARNING: Final = re.compile(r"(\d+)(s|m|h|bd|d)( before| after)?")


def in_words(said: Words, seconds: float, units_max: int) -> str:
    """ "3 days 4 hours", "2 minutes 5 seconds": the largest units, at most so many, rounded to the second."""
    return said.joined([_UNITS[unit](said, count) for unit, count in _parts(seconds)[:units_max]])


def in_short(said: Words, seconds: float) -> str:
    """ "3 d 4 h", "2 min 5 s": the two largest units."""
    return said.joined([_SHORT_UNITS[unit](said, count) for unit, count in _parts(seconds)[:2]])


def until(said: Words, due_at: datetime, now: datetime) -> str:
    """ "in 3 hours 10 minutes", "in 5 days", "3 hours late", "now"."""
    seconds = (due_at - now).total_seconds()
    if abs(seconds) < 1:
        return said.text("now")
    length = in_words(said, seconds, 1 if abs(seconds) >= _DAYS_ALONE * _DAY else 2)
    return said.text("in {length}", length=length) if seconds > 0 else said.text("{length} late", length=length)


def of_units(said: Words, amount: int, unit: str) -> str:
    """So many of a unit as policies write it (s, m, h, d, bd), in words."""
    return _UNITS[unit](said, amount)


def warning(said: Words, label: str) -> str:
    """A warning as a policy writes it: 24h before is "24 hours before", 75% "at 75%", 3bd "after 3 business days".

    What is written in another way is shown as it is.
    """
    if label.endswith("%"):
        return said.text("at {share}", share=label)
    found = _WARNING.fullmatch(label)
    if found is None:
        return label
    length = of_units(said, int(found[1]), found[2])
    return (
        said.text("{length} before", length=length)
        if found[3] == " before"
        else said.text("after {length}", length=length)
    )


_UNITS: Final[Mapping[str, Callable[[Words, int], str]]] = {
    "s": lambda said, n: said.plural("{count} second", "{count} seconds", n),
    "m": lambda said, n: said.plural("{count} minute", "{count} minutes", n),
    "h": lambda said, n: said.plural("{count} hour", "{count} hours", n),
    "d": lambda said, n: said.plural("{count} day", "{count} days", n),
    "bd": lambda said, n: said.plural("{count} business day", "{count} business days", n),
}


_SHORT_UNITS: Final[Mapping[str, Callable[[Words, int], str]]] = {
    "s": lambda said, n: said.text("{count} s", count=n),
    "m": lambda said, n: said.text("{count} min", count=n),
    "h": lambda said, n: said.text("{count} h", count=n),
    "d": lambda said, n: said.text("{count} d", count=n),
}


def _parts(seconds: float) -> list[tuple[str, int]]:
    """(unit, how many) from the largest on, without gaps: 3 hours and 5 seconds are 3 hours."""
    left = round(abs(seconds))
    parts: list[tuple[str, int]] = []
    for unit, size in (("d", _DAY), ("h", _HOUR), ("m", _MINUTE), ("s", 1)):
        count, left = divmod(left, size)
        if count or (size == 1 and not parts):
            parts.append((unit, count))
        elif parts:
            break
    return parts
