"""Scheduled work as a job library for PostgreSQL does it: procrastinate, with jobs that are due."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import asyncpg
from procrastinate import App, PsycopgConnector

from tests.bench.callers import CALLERS
from tests.bench.measuring import Figures
from tests.bench.servers import cpu_seconds
from tests.support.postgres import Database

NAME: Final = "procrastinate"
_CONNECTIONS: Final = 16

ABOUT: Final = f"""{NAME}, a job library for PostgreSQL: one worker of {CALLERS} jobs at once over {_CONNECTIONS}
  connections. Each job is fetched, inserts a row, and is marked as done. There is no order within a case and there are no
  versions; one that was killed in between is for somebody else to find."""

_CREATE: Final = """
CREATE TABLE breaches (number bigint NOT NULL, recorded_at timestamptz NOT NULL DEFAULT clock_timestamp())
"""
_DEFER: Final = """
INSERT INTO procrastinate_jobs (queue_name, task_name, args, scheduled_at)
SELECT 'default', 'breach', json_build_object('number', number), now() - interval '1 hour' + number * interval '1 ms'
FROM generate_series(1, $1) AS number
"""


class Jobs:
    """A worker's tables in a database of its own."""

    def __init__(self, app: App, pool: asyncpg.Pool, postgres_pid: int) -> None:
        self._app = app
        self._pool = pool
        self._postgres_pid = postgres_pid

    async def all_of(self, due: int) -> Figures:
        """So many jobs that are due are done; figures as those of timers."""
        await self._pool.execute("TRUNCATE breaches; TRUNCATE procrastinate_jobs CASCADE")
        await self._pool.execute(_DEFER, due)
        used_before, begun_at = cpu_seconds(self._postgres_pid), time.perf_counter()
        await self._app.run_worker_async(
            concurrency=CALLERS, wait=False, install_signal_handlers=False, listen_notify=False
        )
        seconds = time.perf_counter() - begun_at
        assert await self._pool.fetchval("SELECT count(*) FROM breaches") == due
        used = cpu_seconds(self._postgres_pid) - used_before
        return {"a second": due / seconds, "processor ms": 1_000_000 * used / due}


@asynccontextmanager
async def worker(database: Database) -> AsyncIterator[Jobs]:
    """Its schema made, and connected."""
    pool = await asyncpg.create_pool(database.url, min_size=2, max_size=_CONNECTIONS)
    app = App(connector=PsycopgConnector(conninfo=database.url, min_size=2, max_size=_CONNECTIONS))

    @app.task(name="breach")
    async def breach(number: int) -> None:
        await pool.execute("INSERT INTO breaches (number) VALUES ($1)", number)

    assert database.server.pid is not None
    try:
        await pool.execute(_CREATE)
        async with app.open_async():
            await app.schema_manager.apply_schema_async()
            yield Jobs(app, pool, database.server.pid)
    finally:
        await pool.close()
