"""Lengths of time, told in words."""

from __future__ import annotations


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
