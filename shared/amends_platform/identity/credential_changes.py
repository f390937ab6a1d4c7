"""Whether a key or session was taken back since a process last looked: what makes revoking quick, and knowing cheap."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final

import asyncpg

# Whoever shows a key is judged by what was known at most this long ago.
LOOK_SECONDS: Final = 0.25
# So much earlier one look is begun that nobody waits for, so that hardly anybody ever does.
_AHEAD_SECONDS: Final = 0.125
_ANSWER_SECONDS_MAX: Final = 1.0
_TROUBLE: Final = (asyncpg.PostgresError, asyncpg.InterfaceError, OSError)


class CredentialChanges:
    """One per process. While the database cannot be asked nothing is seen: what is known then ends by itself."""

    def __init__(self, pool: asyncpg.Pool, *, now_seconds: Callable[[], float] = time.monotonic) -> None:
        self._pool = pool
        self._now_seconds = now_seconds
        self._looked_at = -math.inf
        self.due_at = -math.inf
        """From when on `look` has something to do."""
        self._number: int | None = None
        self._looking: asyncio.Task[None] | None = None
        self.seen = 0
        """How many changes were seen, the first look among them: what was learned before one is to be learned anew."""

    async def look(self) -> None:
        """Return once what is known is at most LOOK_SECONDS old."""
        if self._looking is None:
            self._looking = asyncio.create_task(self._look(), name="credential changes")
        if self._now_seconds() - self._looked_at >= LOOK_SECONDS:
            # Shielded: a client that hangs up must not take the answer from the others.
            await asyncio.shield(self._looking)

    async def _look(self) -> None:
        asked_at = self._now_seconds()
        try:
            with suppress(*_TROUBLE):
                async with asyncio.timeout(_ANSWER_SECONDS_MAX):
                    number: int = await self._pool.fetchval("SELECT number FROM credential_changes")
                if number != self._number:
                    self._number = number
                    self.seen += 1
            self._looked_at, self.due_at = asked_at, asked_at + _AHEAD_SECONDS
        finally:
            self._looking = None
