"""How much that takes long, or much memory, one person may have under way: nobody else waits for all they ask."""

from __future__ import annotations

from collections import Counter
from typing import Final

from amends_platform.http.problems import Problem

OF_ONE_MAX: Final = 4
"""Enough for a page that asks for several; what is more waits with whoever asks."""


class Places:
    """Counts by person. `what` is said of what there is too much of."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._taken: Counter[str] = Counter()

    def take(self, person: str) -> None:
        """To be given back. Raises a 429 problem for whoever has as many as one may."""
        if self._taken[person] >= OF_ONE_MAX:
            detail = f"You ask for {self._what} {OF_ONE_MAX} times at once already: wait for an answer."
            raise Problem(429, "too-many-requests", detail, headers={"Retry-After": "1"})
        self._taken[person] += 1

    def give_back(self, person: str) -> None:
        self._taken[person] -= 1
        if not self._taken[person]:
            del self._taken[person]
