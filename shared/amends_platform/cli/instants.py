"""Times on the command line: read from options, and told in words."""

from __future__ import annotations

from datetime import datetime


def instant(text: str, option: str) -> datetime:
    """The time an option names; without an offset it is this machine's local time. Raises WrongUsage."""
    from amends_platform.failures import WrongUsage

    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise WrongUsage(f"{option}: expected a time such as 2026-03-01T09:00+08:00, not {text!r}") from None
    return at.astimezone()


def seconds_in_words(seconds: float) -> str:
    """A length of time in its two largest units: "3 d 4 h", "2 min 5 s"."""
    left = round(abs(seconds))
    parts: list[str] = []
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1)):
        count, left = divmod(left, size)
        if count or (unit == "s" and not parts):
            parts.append(f"{count} {unit}")
        elif parts:
            break
    return " ".join(parts[:2])
