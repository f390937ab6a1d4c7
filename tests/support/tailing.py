"""A reader that follows the log as any consumer may, and keeps what it saw."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

from amends_store.connecting import Primary
from amends_store.outages import is_outage
from amends_store.read import head_position, read_log
from amends_store.records import StoredEvent
from amends_store.replication import replicated
from tests.support.system import until

_POLL_SECONDS = 0.01


class Tail:
    """What was seen so far, in the order of the log, after where the log ended at first (`after`)."""

    def __init__(self, pool: asyncpg.Pool, after: int) -> None:
        self.after = after
        self.seen: list[StoredEvent] = []
        self._pool = pool
        self._position = after

    async def caught_up(self) -> list[StoredEvent]:
        """All that it saw, once it has come to where the log ends now."""
        head = await head_position(self._pool)
        await until(lambda: self._position >= head, lambda: f"the reader came to {self._position}, not to {head}")
        return self.seen

    async def follow(self) -> None:
        """Poll for ever, over outages of the server. Raises LogHole."""
        while True:
            try:
                async with self._pool.acquire() as conn:
                    events = await read_log(conn, after=self._position, limit=500)
                    if events:
                        # As whoever remembers what they saw must: a failover could take it back.
                        await replicated(conn)
            except Exception as error:
                if not is_outage(error):
                    raise
                events = []
            self.seen.extend(events)
            self._position += len(events)
            if not events:
                await asyncio.sleep(_POLL_SECONDS)


@asynccontextmanager
async def tailing(database_url: str) -> AsyncIterator[Tail]:
    """Follow the log from its present end until the block is left. Fails when the reader did."""
    primary = Primary(database_url, takes_writes=False)
    pool = await asyncpg.create_pool(min_size=0, max_size=2, connect=primary.connect)
    tail = Tail(pool, await head_position(pool))
    following = asyncio.create_task(tail.follow())
    try:
        yield tail
    finally:
        following.cancel()
        (ended,) = await asyncio.gather(following, return_exceptions=True)
        pool.terminate()
    assert isinstance(ended, asyncio.CancelledError), ended
