"""What is said of one thing that was looked at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Status = Literal["good", "note", "bad", "unreachable"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at. `mend` says what to do, where something is to be done."""

    subject: str
    status: Status
    found: str
    mend: str | None = None
