"""A connection as the owner of the database: for what an administrator does, never for a service."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import asyncpg

from amends_platform.failures import CannotReach
from amends_platform.settings import Settings, masked
from amends_platform.supervising.running import find_running
from amends_store.connecting import connect

_CONNECT_SECONDS_MAX: Final = 10.0


def database_url_of(settings: Settings) -> str:
    """The database that is set, else that of the running `amends up`. Raises CannotReach."""
    if settings.database_url is not None:
        return settings.database_url
    running = find_running()
    if running is None:
        raise CannotReach("There is no database: start `amends up`, or set AMENDS_DATABASE_URL.")
    return running.database_url


@asynccontextmanager
async def owner_connection(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    """One connection, closed at the end. Raises CannotReach."""
    try:
        async with asyncio.timeout(_CONNECT_SECONDS_MAX):
            connection = await connect(database_url)
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError) as error:
        reason = str(error) or "no answer in time"
        raise CannotReach(f"The database {masked(database_url)} cannot be reached: {reason}") from error
    try:
        yield connection
    finally:
        await connection.close()
