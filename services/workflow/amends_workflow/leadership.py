"""Which of several workflow processes does what only one should: the one whose session holds the lock.

The lock says who should; the checkpoint's epoch says who may. So nothing goes wrong while two believe they lead.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from enum import IntEnum
from typing import Any

import asyncpg

# "amen" in ASCII.
_LOCKS = 0x616D656E


class Lead(IntEnum):
    """What only one process does. 1 is the store's own lock, 3 that of a rebuild."""

    READ_MODEL = 2
    SEALER = 4


_STANDBY_SECONDS = 1.0


@asynccontextmanager
async def leadership(pool: asyncpg.Pool, lead: Lead) -> AsyncIterator[asyncio.Event]:
    """Wait until this process leads, and lead while inside. The event is set when the lock's session is lost.

    Takes one connection of the pool for as long. Raises asyncpg's own errors while the database is away.
    """
    lost = asyncio.Event()
    async with pool.acquire() as conn:

        def on_end(_conn: Any) -> None:
            lost.set()

        while True:
            if await conn.fetchval("SELECT pg_try_advisory_lock($1, $2)", _LOCKS, lead):
                break
            await asyncio.sleep(_STANDBY_SECONDS)
        conn.add_termination_listener(on_end)
        try:
            yield lost
        finally:
            # Giving the connection back resets its session, and with that gives up the lock.
            conn.remove_termination_listener(on_end)
