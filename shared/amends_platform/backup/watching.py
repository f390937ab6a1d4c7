"""How far a dump or a restore has come, as the server tells of what is being copied."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Final

from amends_store.connecting import connect

# (rows done, of about so many)
OnProgress = Callable[[int, int], None]
_LOOK_SECONDS: Final = 0.2
# By number: what is restored has no name yet that anybody else could see.
_COPIES: Final = """
SELECT p.relid, p.tuples_processed FROM pg_stat_progress_copy AS p JOIN pg_stat_activity AS a USING (pid)
WHERE p.datname = current_database() AND a.application_name IN ('pg_dump', 'pg_restore')
"""


@asynccontextmanager
async def watching(database_url: str, rows: int, on_progress: OnProgress) -> AsyncIterator[None]:
    """Tell `on_progress` meanwhile how many rows of this database were copied, of about `rows`."""

    async def watch() -> None:
        copied: dict[int, int] = {}
        connection = await connect(database_url)
        try:
            while True:
                copied |= dict(await connection.fetch(_COPIES))
                done = sum(copied.values())
                on_progress(done, max(rows, done))
                await asyncio.sleep(_LOOK_SECONDS)
        finally:
            connection.terminate()

    task = asyncio.create_task(watch())
    try:
        yield
    finally:
        task.cancel()
        # What is only for the eye is nothing to fail for.
        with suppress(Exception, asyncio.CancelledError):
            await task
