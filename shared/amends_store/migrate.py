"""Bringing the schema up to date. Alembic and SQLAlchemy are imported only when it is asked for."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import asyncpg

from amends_store.errors import StoreUnavailable
from amends_store.outages import is_outage
from amends_store.read import Executor

if TYPE_CHECKING:
    from sqlalchemy import Connection

_MIGRATIONS: Final = Path(__file__).parent / "migrations"


# Alembic keeps what it runs in module globals.
_one_at_a_time = threading.Lock()


async def migrate(database_url: str) -> None:
    """Bring the schema up to date; several processes may at the same time. Raises StoreUnavailable.

    The tables will belong to the role that `database_url` names.
    """
    # A thread: importing SQLAlchemy and Alembic takes a second, in which this loop has other things to do.
    await asyncio.to_thread(_migrate_alone, database_url)


async def schema_version(executor: Executor) -> str | None:
    """The migration the database is at, None when it has never been migrated."""
    if await executor.fetchval("SELECT to_regclass('public.alembic_version')") is None:
        return None
    version: str | None = await executor.fetchval("SELECT version_num FROM public.alembic_version")
    return version


def newest_schema_version() -> str:
    """The migration this release brings, for example "0001"."""
    return max(path.name for path in (_MIGRATIONS / "versions").glob("[0-9]*.py"))[:4]


def _migrate_alone(database_url: str) -> None:
    with _one_at_a_time:
        asyncio.run(_migrate(database_url))


async def _migrate(database_url: str) -> None:
    from sqlalchemy.ext.asyncio import create_async_engine
    from sqlalchemy.pool import NullPool

    async def connect() -> Any:
        # asyncpg reads the address itself, as everywhere else: SQLAlchemy reads some of its parts differently.
        settings = {"search_path": "public", "timezone": "UTC"}
        try:
            return await asyncpg.connect(database_url, server_settings=settings)
        except Exception as error:
            if is_outage(error):
                raise StoreUnavailable(str(error) or type(error).__name__) from error
            raise

    engine = create_async_engine("postgresql+asyncpg://", async_creator=connect, poolclass=NullPool)
    try:
        async with engine.connect() as connection:
            await connection.run_sync(_upgrade)
    finally:
        await engine.dispose()


def _upgrade(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
