"""What an export writes to, and what it tells of itself while it goes on and in the end."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Protocol

# Hears how far an export is: the stage, how many are done, of at most how many.
OnProgress = Callable[[str, int, int], None]


class Out(Protocol):
    """Where an export is written to."""

    def write(self, data: bytes, /) -> object:
        """All of it."""


class Counted(NamedTuple):
    """What was written. `cases` and `objects` are 0 in formats that have none of them apart."""

    events: int
    cases: int = 0
    objects: int = 0
