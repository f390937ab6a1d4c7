"""One command at a time on a case within this process, so that callers of one case queue instead of colliding."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID


class Turns:
    """A lock per case, there only while somebody holds it or waits for it."""

    def __init__(self) -> None:
        self._locks: dict[UUID, tuple[asyncio.Lock, int]] = {}

    @asynccontextmanager
    async def of(self, case_id: UUID) -> AsyncIterator[None]:
        """Wait for the turn on this case and hold it."""
        lock, users = self._locks.get(case_id, (asyncio.Lock(), 0))
        self._locks[case_id] = lock, users + 1
        try:
            async with lock:
                yield
        finally:
            lock, users = self._locks[case_id]
            if users == 1:
                del self._locks[case_id]
            else:
                self._locks[case_id] = lock, users - 1
