"""What the probes of a service answer by: whether it can do its work, and whether it ever will again."""

from __future__ import annotations

from functools import cache

import asyncpg

from amends_store.migrate import newest_schema_version, schema_version


class NotReady(Exception):
    """The service itself cannot do its work. The message says why, to anybody who asks: it holds nothing private."""


class NotAlive(Exception):
    """Only starting the process anew can help. The message says why, to anybody who asks."""


async def check_store(pool: asyncpg.Pool) -> None:
    """Raises NotReady where the schema is older than this release, asyncpg's own where the database is away.

    A newer schema is good: it is there before the release that brings it.
    """
    await pool.fetchval("SELECT position FROM log_head")
    found, needed = await schema_version(pool), _needed()
    if found is None or found < needed:
        raise NotReady(
            f"The database's schema is at {found or 'none'}, and this release needs {needed}: amends migrate."
        )


_needed = cache(newest_schema_version)
