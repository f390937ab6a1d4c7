"""How pressing a time is: said in a word, shown as a colour and a sign."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final, Literal

Urgency = Literal["late", "soon", "fine", "none"]
_SOON: Final = timedelta(hours=4)


def urgency(due_at: datetime | None, now: datetime) -> Urgency:
    """late: it has passed; soon: within four hours; none: nothing is due."""
    if due_at is None:
        return "none"
    if due_at <= now:
        return "late"
    return "soon" if due_at - now <= _SOON else "fine"
