"""Signs beside the colours: what is urgent, late or done is read without them, and on any terminal."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from rich.console import Console
from rich.text import Text

SOON_SECONDS: Final = 7_200
# Of plain letters, for they stand in tables that are sorted and searched.
OVERDUE, SOON, WAS_LATE, NOTHING = "!!", "!", "x", ""

_RICH: Final = {"done": "✓", "now": "●", "ahead": "·", "ended": "✗"}
_PLAIN: Final = {"done": "+", "now": "*", "ahead": ".", "ended": "x"}


def of_deadline(due_at: datetime | None, now: datetime, *, breached: bool) -> str:
    """The sign of a case whose next deadline this is, and which had one broken before or had not."""
    seconds = None if due_at is None else (due_at - now).total_seconds()
    if seconds is not None and seconds < 0:
        return OVERDUE
    if seconds is not None and seconds < SOON_SECONDS:
        return SOON
    return WAS_LATE if breached else NOTHING


def marks(console: Console, environment: Mapping[str, str] = os.environ) -> Mapping[str, str]:
    """How what is done, under way, ahead, or ended is marked: as this terminal can show it."""
    is_plain = environment.get("TERM") == "dumb" or not console.encoding.lower().startswith("utf")
    return _PLAIN if is_plain else _RICH


def marked(console: Console, how: str, text: str, style: str) -> Text:
    """The text with its mark before it."""
    return Text(f"{marks(console)[how]} {text}", style)
