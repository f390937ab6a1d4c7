"""Which of several workflow processes keeps the read model: the one whose session holds the lock.

The lock says who should; the checkpoint's epoch says who may. So nothing goes wrong while two believe they lead.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg

# "amen", 2: beside the store's own lock, which is "amen", 1.
_LOCK = (0x616D656E, 2)
_STANDBY_SECONDS = 1.0


@asynccontextmanager
async def leadership(pool: asyncpg.Pool) -> AsyncIterator[asyncio.Event]:
    """Wait until this process leads, and lead while inside. The event is set when the lock's session is lost.

    Takes one connection of the pool for as long. Raises asyncpg's own errors while the database is away.
    """
    lost = asyncio.Event()
    async with pool.acquire() as conn:

        def on_end(_conn: Any) -> None:
            lost.set()

        while True:
            if await conn.fetchval("SELECT pg_try_advisory_lock($1, $2)", *_LOCK):
                break
            await asyncio.sleep(_STANDBY_SECONDS)
        conn.add_termination_listener(on_end)
        try:
            yield lost
        finally:
            # Giving the connection back resets its session, and with that gives up the lock.
            conn.remove_termination_listener(on_end)
