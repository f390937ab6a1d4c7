"""Scheduled work: our timers beside the jobs of a library for PostgreSQL, when many are due."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final

import asyncpg
from procrastinate import App, PsycopgConnector

from amends_workflow.firing import LIMIT
from tests.bench.callers import CALLERS
from tests.bench.firing import Firing
from tests.bench.measuring import QUICK, Contender, Figures, Outcome, Plan, take_turns
from tests.bench.servers import Bench, connected, cpu_seconds
from tests.bench.waiting import write_cases
from tests.support.postgres import Database

OURS, RIVAL = "Amends", "procrastinate"
_CONNECTIONS: Final = 16

ABOUT = f"""
{{due:,}} deadlines have passed, and {{jobs:,}} jobs are due; until all of them are done.

- **{OURS}**: as the workflow service fires them, {LIMIT} in a batch: each is claimed, checked against its case,
  deleted, and appended to it as an event that nobody can change: once, whoever is killed. One connection.
- **{RIVAL}**: the library of this name, whose jobs call Python: one worker with {CALLERS} at once over {_CONNECTIONS}
  connections. Each is fetched, inserts a row, and is marked as done. There is no order within a case, there are no
  versions, and one whose worker was killed is for somebody else to find.

`processor ms` is what PostgreSQL used for 1,000 of them.
"""

_CREATE: Final = """
CREATE TABLE breaches (number bigint NOT NULL, recorded_at timestamptz NOT NULL DEFAULT clock_timestamp())
"""
_DEFER: Final = """
INSERT INTO procrastinate_jobs (queue_name, task_name, args, scheduled_at)
SELECT 'default', 'breach', json_build_object('number', number), now() - interval '1 hour' + number * interval '1 ms'
FROM generate_series(1, $1::integer) AS number
"""


async def run(bench: Bench, plan: Plan, on_step: Callable[[str], None]) -> Outcome:
    due, jobs = (2_000, 100) if plan is QUICK else (40_000, 1_500)
    async with (
        bench.database() as database,
        connected(database) as owner,
        bench.database() as others,
        _worker(others) as worker,
    ):
        await write_cases(bench, database, due)
        firing = Firing(bench, database, owner, await database.pool("amends_workflow"))

        async def ours() -> Figures:
            figures = await firing.all_of(due)
            return {column: figures[column] for column in ("a second", "processor ms")}

        contenders = [Contender(OURS, ours), Contender(RIVAL, lambda: worker.all_of(jobs))]
        rounds = await take_turns(contenders, plan.rounds, on_step)
    about = ABOUT.format(due=due, jobs=jobs)
    return rounds.outcome("Scheduled work", about, rounds.ratio(OURS, RIVAL, "a second", aim=10))


class _Worker:
    """Does jobs that are due, and counts what that took."""

    def __init__(self, app: App, pool: asyncpg.Pool, postgres_pid: int) -> None:
        self._app = app
        self._pool = pool
        self._postgres_pid = postgres_pid

    async def all_of(self, due: int) -> Figures:
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
async def _worker(database: Database) -> AsyncIterator[_Worker]:
    """One in this process, with its tables in a database of its own."""
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
            yield _Worker(app, pool, database.server.pid)
    finally:
        await pool.close()
