"""Bringing the schema up to date. Alembic and SQLAlchemy are imported only when it is asked for."""

from __future__ import annotations

from amends_store.read import Executor


async def migrate(database_url: str) -> None:
    """Bring the schema up to date; several processes may at the same time. Raises StoreUnavailable."""
    raise NotImplementedError


async def schema_version(executor: Executor) -> str | None:
    """The migration the database is at, None when it has never been migrated."""
    raise NotImplementedError


def newest_schema_version() -> str:
    """The migration this release brings, for example "0001"."""
    raise NotImplementedError
