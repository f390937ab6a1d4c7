"""How far a dump or a restore has come, as the server tells of the tables that are being copied."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Final

import asyncpg

# (table, rows done, rows of about so many)
OnProgress = Callable[[str, int, int], None]
_LOOK_SECONDS: Final = 0.2
_COPIES: Final = """
SELECT c.relname AS name, p.tuples_processed AS done
FROM pg_stat_progress_copy AS p JOIN pg_class AS c ON c.oid = p.relid
WHERE p.datname = current_database()
"""


@asynccontextmanager
async def watching(database_url: str, rows: Mapping[str, int], on_progress: OnProgress) -> AsyncIterator[None]:
    """Tell `on_progress` of what is copied in this database meanwhile; `rows` are about as many as there are."""

    async def watch() -> None:
        connection = await asyncpg.connect(database_url)
        try:
            while True:
                for copy in await connection.fetch(_COPIES):
                    on_progress(copy["name"], copy["done"], max(rows.get(copy["name"], 0), copy["done"]))
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
