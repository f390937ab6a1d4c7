"""Bringing the schema up to date. Alembic and SQLAlchemy are imported only when it is asked for."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import asyncpg
import stamina

from amends_store.connecting import connect
from amends_store.errors import StoreUnavailable
from amends_store.outages import is_outage
from amends_store.read import Executor
from amends_store.statements import statement

if TYPE_CHECKING:
    from sqlalchemy import Connection

_MIGRATIONS: Final = Path(__file__).parent / "migrations"
# A lock was not had in time; or was waited for in a circle.
_GAVE_WAY: Final = ("55P03", "40P01")
_OLDEST_TRANSACTION: Final = statement("oldest_transaction")


# Alembic keeps what it runs in module globals.
_one_at_a_time = threading.Lock()


class InTheWay(StoreUnavailable):
    """The schema could not be brought up to date: somebody holds what a step needs. End that, and migrate again."""


async def migrate(database_url: str, *, patience_seconds: float = 600.0) -> None:
    """Bring the schema up to date; several processes may at the same time. Raises StoreUnavailable.

    The tables will belong to the role that `database_url` names. A step that has to wait for a lock gives way to
    whoever writes, and is tried again for up to `patience_seconds`; then InTheWay is raised.
    """
    # A thread: importing SQLAlchemy and Alembic takes a second, in which this loop has other things to do.
    await asyncio.to_thread(_migrate_alone, database_url, patience_seconds)


async def schema_version(executor: Executor) -> str | None:
    """The migration the database is at, None when it has never been migrated."""
    if await executor.fetchval("SELECT to_regclass('public.alembic_version')") is None:
        return None
    version: str | None = await executor.fetchval("SELECT version_num FROM public.alembic_version")
    return version


def newest_schema_version() -> str:
    """The migration this release brings, for example "0001"."""
    return max(path.name for path in (_MIGRATIONS / "versions").glob("[0-9]*.py"))[:4]


def _migrate_alone(database_url: str, patience_seconds: float) -> None:
    with _one_at_a_time:
        asyncio.run(_migrate(database_url, patience_seconds))


async def _migrate(database_url: str, patience_seconds: float) -> None:
    from sqlalchemy.ext.asyncio import create_async_engine
    from sqlalchemy.pool import NullPool

    async def connect_to_migrate() -> Any:
        # asyncpg reads the address itself, as everywhere else: SQLAlchemy reads some of its parts differently.
        settings = {"search_path": "public", "timezone": "UTC"}
        try:
            return await connect(database_url, server_settings=settings)
        except Exception as error:
            if is_outage(error):
                raise StoreUnavailable(str(error) or type(error).__name__) from error
            raise

    engine = create_async_engine("postgresql+asyncpg://", async_creator=connect_to_migrate, poolclass=NullPool)
    try:
        async with engine.connect() as connection:
            await connection.run_sync(_upgrade_giving_way, patience_seconds)
    except Exception as error:
        if not _gave_way(error):
            raise
        raise InTheWay(await _who_is_in_the_way(await connect_to_migrate())) from error
    finally:
        await engine.dispose()


def _upgrade_giving_way(connection: Connection, patience_seconds: float) -> None:
    # The steps that are done stay done.
    for attempt in stamina.retry_context(
        on=_gave_way, attempts=None, timeout=patience_seconds, wait_initial=0.2, wait_max=2.0, wait_jitter=0.2
    ):
        with attempt:
            _upgrade(connection)


def _gave_way(error: BaseException) -> bool:
    # What Alembic runs itself SQLAlchemy wraps; our files it does not see.
    return any(getattr(each, "sqlstate", None) in _GAVE_WAY for each in (error, getattr(error, "orig", None)))


async def _who_is_in_the_way(connection: asyncpg.Connection) -> str:
    try:
        oldest = await connection.fetchrow(_OLDEST_TRANSACTION)
    finally:
        await connection.close()
    if oldest is None:
        return "many short ones, one after the other"
    return (
        f"probably {oldest['who']} (pid {oldest['pid']}), in a transaction since {oldest['since']:%Y-%m-%d %H:%M} UTC"
    )


def _upgrade(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
