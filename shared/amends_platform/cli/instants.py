"""Times on the command line, read from options."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final

_FROM_NOW: Final = re.compile(r"(\d{1,6})(s|m|h|d)")
_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def instant(text: str, option: str, *, ago: bool = False) -> datetime:
    """The time an option names; without an offset it is this machine's local time. Raises WrongUsage.

    "90m" is so long from now, or with `ago` before now.
    """
    from amends_platform.failures import WrongUsage

    from_now = _FROM_NOW.fullmatch(text)
    try:
        if from_now is not None:
            length = timedelta(**{_UNITS[from_now[2]]: int(from_now[1])})
            return datetime.now(UTC) + (-length if ago else length)
        at = datetime.fromisoformat(text)
    except ValueError:
        raise WrongUsage(f"{option}: expected a time such as 2026-03-01T09:00+08:00 or 2h, not {text!r}") from None
    except OverflowError:
        raise WrongUsage(f"{option}: {text} is outside of the calendar") from None
    try:
        return at.astimezone(UTC).astimezone()
    except (OverflowError, ValueError):
        # The first and the last hours of the calendar are in no year of UTC.
        raise WrongUsage(f"{option}: {text} is outside of the calendar") from None
