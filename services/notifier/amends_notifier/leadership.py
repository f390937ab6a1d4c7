"""One notifier at a time: an advisory lock that the active one holds, and its claim on the checkpoint.

The lock makes the others stand by. The claim, which the newest wins, keeps one that lost its lock without noticing
from ever moving the checkpoint, and is how a republishing asks the active one to make room.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import asyncpg

from amends_notifier.publisher import Publisher
from amends_notifier.racing import go_on
from amends_store.checkpoints import Checkpoint
from amends_store.errors import Fenced

CHECKPOINT: Final = "notifier"
# "amendsno" in ASCII: a number that no other lock in the database has.
_LOCK: Final = 0x616D_656E_6473_6E6F
# Each move costs a commit, and what it saves is repeats after a crash, which the broker drops.
_MOVE_SECONDS: Final = 0.1
_HEARTBEAT_SECONDS: Final = 1.0
_ANSWER_SECONDS_MAX: Final = 30.0
_TAKEOVER_SECONDS: Final = 5.0


@asynccontextmanager
async def try_lead(pool: asyncpg.Pool) -> AsyncIterator[Any]:
    """A connection that holds the lock while it is lent, or None when another notifier's does."""
    async with pool.acquire(timeout=_ANSWER_SECONDS_MAX) as connection:
        # Asked again and again, not waited for: a waiting statement would hold back vacuum in the whole database.
        held = await connection.fetchval("SELECT pg_try_advisory_lock($1)", _LOCK)
        yield connection if held else None


@asynccontextmanager
async def take_over(pool: asyncpg.Pool) -> AsyncIterator[Checkpoint]:
    """Make the active notifier stand by, and be the active one while the claim is lent. Raises asyncpg's errors."""
    async with pool.acquire(timeout=_ANSWER_SECONDS_MAX) as connection:
        while True:
            checkpoint = await Checkpoint.claim(pool, CHECKPOINT)
            try:
                # Queueing for the lock, we get it before any other that stands by, for these only try.
                await connection.execute("SELECT pg_advisory_lock($1)", _LOCK, timeout=_TAKEOVER_SECONDS)
                checkpoint = await checkpoint.reload(pool)
                break
            except (TimeoutError, Fenced):
                # Another became active between the claim and the queue: fence that one too.
                continue
        yield checkpoint


class Keeper:
    """Moves the checkpoint after the publisher, and notices when it is no longer ours to move."""

    def __init__(self, connection: Any, checkpoint: Checkpoint, publisher: Publisher) -> None:
        self._connection = connection
        self._checkpoint = checkpoint
        self._publisher = publisher

    async def run(self) -> None:
        """Keep moving it until cancelled. Raises Fenced, asyncpg's errors."""
        while go_on():
            if self._publisher.position > self._checkpoint.position:
                async with asyncio.timeout(_ANSWER_SECONDS_MAX):
                    self._checkpoint = await self._checkpoint.advance(self._connection, self._publisher.position)
                await asyncio.sleep(_MOVE_SECONDS)
                continue
            try:
                await asyncio.wait_for(self._publisher.moved(), _HEARTBEAT_SECONDS)
            except TimeoutError:
                await self._reload()

    async def move(self) -> None:
        """Move it once, when `run` is over: however that ended, the last move may or may not have happened."""
        await self._reload()
        if self._publisher.position > self._checkpoint.position:
            self._checkpoint = await self._checkpoint.advance(self._connection, self._publisher.position)

    async def _reload(self) -> None:
        async with asyncio.timeout(_ANSWER_SECONDS_MAX):
            self._checkpoint = await self._checkpoint.reload(self._connection)
