"""A real PostgreSQL for every test worker, and a migrated database of its own for every test.

`database` is what most tests want. The server writes without fsync, which no test can tell from the outside;
AMENDS_TEST_FSYNC=on makes it as careful as in production.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest_asyncio

from amends_platform.embedded.postgres import SUPERUSER, EmbeddedPostgres
from amends_platform.supervising.processes import Child, Program
from amends_store.migrate import migrate
from amends_store.pool import connect_pool
from tests.support.scratch import scratch_directory

TEMPLATE = "amends_template"
DEFAULT_TENANT = "default"
# Not synchronous_commit: a kill of the server must lose nothing acknowledged here either.
# Nobody replicates it, and nothing in it lives long enough to need a vacuum of its own.
_CARELESS = {
    "fsync": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "autovacuum_naptime": "1h",
}
_numbers = itertools.count(1)


class PostgresServer:
    """One server in `directory`, with `settings` of its own. It keeps its data and its socket over a restart."""

    def __init__(self, directory: Path, settings: Mapping[str, str] | None = None) -> None:
        self._settings = settings or {}
        self._embedded = EmbeddedPostgres(directory / "pg", log_file=directory / "postgres.log", say=_nothing)
        self._child: Child | None = None
        self._administrator: asyncpg.Connection | None = None

    @property
    def pid(self) -> int | None:
        return self._child.pid if self._child else None

    def url(self, database: str) -> str:
        """The owner's URL of a database."""
        return self._embedded.url(database)

    async def start(self) -> None:
        """Return once it answers."""
        if self._child is None:
            await self._embedded.prepare()
            self._child = Child(_program(self._embedded, self._settings), busy=_nothing, started=_nothing)
        await self._child.start()

    async def stop(self) -> None:
        """End it as an operator would: sessions are cut, everything is written."""
        if self._administrator is not None:
            self._administrator.terminate()
        if self._child is not None:
            await self._child.stop()

    async def kill(self) -> None:
        """End it as the out-of-memory killer would, and return once it is gone."""
        if self._child is not None:
            await self._child.stop(force=True)

    async def execute(self, statement: str, database: str = SUPERUSER) -> None:
        """Run a statement as the superuser."""
        conn = await asyncpg.connect(self.url(database))
        try:
            await conn.execute(statement)
        finally:
            await conn.close()

    async def administer(self, statement: str) -> None:
        """Create or drop a database, on a connection that is kept: every test does both. One at a time."""
        if self._administrator is None or self._administrator.is_closed():
            self._administrator = await asyncpg.connect(self.url(SUPERUSER))
        await self._administrator.execute(statement)


class Database:
    """A migrated database. `url` is its owner's; pools are closed when the test ends."""

    def __init__(self, server: PostgresServer, name: str) -> None:
        self.server = server
        self.name = name
        self.url = server.url(name)
        self._pools: list[asyncpg.Pool] = []
        self._owners: asyncpg.Pool | None = None
        self._offset = timedelta()

    async def pool(
        self, role: str = "amends_intake", *, tenant: str = DEFAULT_TENANT, max_size: int = 4
    ) -> asyncpg.Pool:
        """Connections as a service has them."""
        pool = await connect_pool(self.url, role=role, tenant=tenant, min_size=0, max_size=max_size)
        self._pools.append(pool)
        return pool

    @asynccontextmanager
    async def owner(self) -> AsyncIterator[asyncpg.Connection]:
        """A connection as the owner, kept for whoever asks next: to make one costs more than what most ask."""
        if self._owners is None:
            self._owners = asyncpg.create_pool(self.url, min_size=0, max_size=20)
            self._pools.append(self._owners)
        await self._owners
        async with self._owners.acquire() as connection:
            yield connection

    async def execute(self, statement: str) -> None:
        """Run a statement as the owner."""
        async with self.owner() as connection:
            await connection.execute(statement)

    async def fetchval(self, query: str, *arguments: Any) -> Any:
        """Ask for one value as the owner."""
        async with self.owner() as connection:
            return await connection.fetchval(query, *arguments)

    async def move_clock(self, by: timedelta) -> None:
        """Move the store's clock, which then goes on. Moves add up; a negative one sets it back."""
        self._offset += by
        await self._replace_clock(f"clock_timestamp() + interval '{self._offset.total_seconds()} seconds'")

    async def stop_clock(self, at: datetime) -> None:
        """Let the store's clock stand still at this time."""
        await self._replace_clock(f"'{at.isoformat()}'::timestamptz")

    async def close_pools(self) -> None:
        self._owners = None
        while self._pools:
            self._pools.pop().terminate()

    async def _replace_clock(self, expression: str) -> None:
        await self.execute(
            f"CREATE OR REPLACE FUNCTION log_now() RETURNS timestamptz LANGUAGE sql VOLATILE RETURN {expression}"
        )


@asynccontextmanager
async def running_postgres() -> AsyncIterator[PostgresServer]:
    """A server that is stopped, and its directory removed, at the end."""
    with scratch_directory("amends-pg-") as directory:
        server = PostgresServer(directory)
        try:
            await server.start()
            yield server
        finally:
            await server.stop()


@asynccontextmanager
async def new_database(server: PostgresServer, template: str = TEMPLATE) -> AsyncIterator[Database]:
    """A copy of the template, dropped at the end."""
    name = f"test_{next(_numbers)}"
    # By files, which costs less than by way of the write-ahead log, the default.
    await server.administer(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
    database = Database(server, name)
    try:
        yield database
    finally:
        await database.close_pools()
        await server.administer(f"DROP DATABASE {name} WITH (FORCE)")


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def postgres() -> AsyncIterator[PostgresServer]:
    """The worker's server, with the migrated template. Tests share it: never stop it."""
    async with running_postgres() as server:
        await server.execute(f"CREATE DATABASE {TEMPLATE}")
        await migrate(server.url(TEMPLATE))
        yield server


@pytest_asyncio.fixture(loop_scope="session")
async def database(postgres: PostgresServer) -> AsyncIterator[Database]:
    """A migrated database of the test's own."""
    async with new_database(postgres) as made:
        yield made


def _program(embedded: EmbeddedPostgres, settings: Mapping[str, str]) -> Program:
    if os.environ.get("AMENDS_TEST_FSYNC", "off") == "on":
        return embedded.program(settings)
    return embedded.program(_CARELESS | dict(settings))


def _nothing(*_: str) -> None:
    return None
