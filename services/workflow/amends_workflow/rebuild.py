"""Making the read model anew: from the whole log, beside the live tables, which are then replaced in one commit.

The live projection goes on meanwhile and nobody sees anything half done. What fires in the meantime is in the log:
a rebuilt timer on a case that has moved on waits until the projection has seen the newer event, as always.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import asyncpg

from amends_platform.policy.book import PolicyBook
from amends_store.outages import is_passing
from amends_store.read import head_position, read_log
from amends_workflow.projection import CHECKPOINT, Projection
from amends_workflow.statements import statement

# Where the rebuilt tables are found before the live ones, and everything else where it always is.
SEARCH_PATH = "amends_rebuild, public"

_TABLES, _INDEXES, _SWAP = (statement(f"rebuild_{part}") for part in ("tables", "indexes", "swap"))
# "amend", 3: beside the leadership's lock.
_LOCK = (0x616D656E, 3)
# Larger than when following: more of a case's events come together, so its rows are written less often.
_BATCH_EVENTS_MAX = 5_000
_SWAP_ATTEMPTS_MAX = 10
_SWAP_LOCK_TIMEOUT = "2s"

# How far it is, and how far the log went when last looked.
OnProgress = Callable[[int, int], None]


class RebuildRunning(Exception):
    """Another rebuild of this database is running."""


class Rebuild:
    """One rebuild. `conn` belongs to the tables' owner, has the search path SEARCH_PATH, and is used by nobody else."""

    def __init__(self, conn: asyncpg.Connection, on_progress: OnProgress) -> None:
        self._conn = conn
        self._on_progress = on_progress
        self._projection = Projection(PolicyBook(conn))
        self._position = 0

    async def run(self) -> int:
        """Rebuild and swap. Answers the position of the log that the new tables stand at.

        Raises RebuildRunning, and what the projection raises; then everything is as it was.
        """
        conn = self._conn
        if not await conn.fetchval("SELECT pg_try_advisory_lock($1, $2)", *_LOCK):
            raise RebuildRunning("Another rebuild is running.")
        try:
            # Until the swap nothing depends on these tables: they need not be on disk at each commit.
            await conn.execute("SET synchronous_commit = off")
            await conn.execute(_TABLES)
            await self._catch_up()
            await conn.execute(_INDEXES)
            await self._catch_up()
            return await self._swap()
        finally:
            if not conn.is_closed():
                await conn.execute("DROP SCHEMA IF EXISTS amends_rebuild CASCADE")
                await conn.execute("RESET synchronous_commit")
                await conn.execute("SELECT pg_advisory_unlock($1, $2)", *_LOCK)

    async def _catch_up(self) -> None:
        head = await head_position(self._conn)
        while True:
            async with self._conn.transaction():
                position = await self._project(self._position, _BATCH_EVENTS_MAX)
            if position == self._position:
                return
            self._position = position
            head = max(head, position)
            self._on_progress(position, head)

    async def _project(self, after: int, limit: int) -> int:
        """Project one batch in the present transaction. Answers the position it led to."""
        events = await read_log(self._conn, after=after, limit=limit)
        if not events:
            return after
        await self._projection(self._conn, events)
        return events[-1].position

    async def _swap(self) -> int:
        for attempt in range(1, _SWAP_ATTEMPTS_MAX + 1):
            try:
                return await self._try_to_swap()
            except asyncpg.PostgresError as error:
                # A reader holds a table for long: it must not make all others wait behind us.
                if not is_passing(error) or attempt == _SWAP_ATTEMPTS_MAX:
                    raise
                await asyncio.sleep(attempt)
                await self._catch_up()
        raise AssertionError("the last attempt answered or raised")

    async def _try_to_swap(self) -> int:
        conn = self._conn
        async with conn.transaction():
            await conn.execute(f"SET LOCAL synchronous_commit = on; SET LOCAL lock_timeout = '{_SWAP_LOCK_TIMEOUT}'")
            # From here the live projection waits, in the first statement of its next batch.
            await conn.execute(
                "INSERT INTO checkpoints (name, position, epoch) VALUES ($1, 0, 0) ON CONFLICT DO NOTHING", CHECKPOINT
            )
            live = await conn.fetchval("SELECT position FROM checkpoints WHERE name = $1 FOR UPDATE", CHECKPOINT)
            position = self._position
            while position < live:
                position = await self._project(position, min(_BATCH_EVENTS_MAX, live - position))
            await conn.execute(_SWAP)
            # The next epoch: what the live projection was about to write was made for the tables that are gone.
            await conn.execute(
                "UPDATE checkpoints SET position = $2, epoch = epoch + 1 WHERE name = $1", CHECKPOINT, position
            )
        self._on_progress(position, position)
        return position
