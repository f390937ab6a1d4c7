"""Timers: how many fire in a second, what looking costs among ten million, and how late they are at a pace."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

import asyncpg
import httpx

from amends_store.read import head_position
from amends_store.timers import catch_up
from amends_workflow.firing import BATCHES_MAX, LIMIT
from tests.bench.measuring import QUICK, Contender, Figures, Outcome, Plan, Rounds, percentile, take_turns
from tests.bench.servers import Bench, connected, cpu_seconds
from tests.bench.waiting import write_cases, write_due, write_pending
from tests.support.postgres import Database

PACE, NONE, ALL = "at a pace", "nothing due", "all that is due"
TIMERS_PER_SECOND = 300
_LATE_SECONDS_MAX = 30.0
_BEGUN_SECONDS_MAX = 300.0
_LOOK_SECONDS = 0.05

ABOUT = """
`timers` holds {pending:,} rows that are due some day, and beside them those that fire.

- **{pace}**: {a_second} deadlines a second pass, at an even pace, before the eyes of a workflow service in a process of
  its own, once that has begun its month. `ms` is how much later than its due time each breach was recorded.
- **{none}**: looking for what is due, as the workflow service does it, when nothing is. `ms` is that of a look.
- **{all}**: {due:,} deadlines have passed, each of its own case, and are fired as the workflow service does it, in
  batches of {limit}. Each is claimed, checked against its case, deleted, and appended as an event, with position,
  version and hash; a batch is a commit. `ms` is that of a batch, on the average of a call.

`processor ms` is what PostgreSQL used for 1,000 of them.
"""

_BREACHED = """
    SELECT extract(epoch FROM recorded_at - occurred_at)::float8 AS seconds_late
    FROM events WHERE position > $1 AND type = 'deadline-breached'
"""


async def run(bench: Bench, plan: Plan, on_step: Callable[[str], None]) -> Outcome:
    pending, due = (20_000, 5_000) if plan is QUICK else (10_000_000, 40_000)
    async with bench.database() as database, connected(database) as owner:
        on_step(f"writing {pending:,} timers")
        await write_cases(bench, database, due)
        await write_pending(owner, pending, first=due + 1)
        firing = Firing(bench, database, owner, await database.pool("amends_workflow"))
        async with bench.workflow(database) as (_, url):
            on_step("the workflow service begins its month")
            await _begun(url)
            paced = await take_turns([Contender(PACE, lambda: firing.at_a_pace(plan.seconds))], plan.rounds, on_step)
        idle = await take_turns([Contender(NONE, lambda: firing.none(plan.seconds))], plan.rounds, on_step)
        fired = await take_turns([Contender(ALL, lambda: firing.all_of(due))], plan.rounds, on_step)
    names = {"all": ALL, "none": NONE, "pace": PACE}
    about = ABOUT.format(**names, pending=pending, due=due, limit=LIMIT, a_second=TIMERS_PER_SECOND)
    rounds = Rounds({**paced.by_contender, **idle.by_contender, **fired.by_contender})
    return rounds.outcome(
        "Timers",
        about,
        rounds.figure(ALL, "a second", aim=10_000),
        rounds.figure(NONE, "p99 ms", aim=1, at_most=True),
        rounds.figure(PACE, "p99 ms", aim=50, at_most=True),
    )


class Firing:
    """What the contenders do, by turns, with the timers of the first cases."""

    def __init__(self, bench: Bench, database: Database, owner: asyncpg.Connection, pool: asyncpg.Pool) -> None:
        self._bench = bench
        self._database = database
        self._owner = owner
        self._pool = pool

    async def all_of(self, due: int) -> Figures:
        await write_due(self._owner, due, "now() - interval '1 hour' + number * interval '1 millisecond'")
        fired, calls, meter = 0, list[float](), self._meter()
        async with self._pool.acquire() as connection:
            while count := await _call(connection, calls):
                fired += count
        assert fired == due
        return meter.figures(fired, calls)

    async def none(self, seconds: float) -> Figures:
        calls, meter = list[float](), self._meter()
        async with self._pool.acquire() as connection:
            while meter.seconds < seconds:
                assert await _call(connection, calls) == 0
        return meter.figures(len(calls), calls)

    async def at_a_pace(self, seconds: float) -> Figures:
        """A workflow service fires them meanwhile."""
        count = round(TIMERS_PER_SECOND * seconds)
        head, meter = await head_position(self._owner), self._meter()
        await write_due(self._owner, count, f"now() + interval '1 s' + number * interval '1 s' / {TIMERS_PER_SECOND}")
        async with asyncio.timeout(seconds + _LATE_SECONDS_MAX):
            while await head_position(self._owner) < head + count:  # noqa: ASYNC110 (it does not tell by itself)
                await asyncio.sleep(_LOOK_SECONDS)
        late = [row["seconds_late"] for row in await self._owner.fetch(_BREACHED, head)]
        assert len(late) == count
        return {**meter.figures(count, late), "a second": TIMERS_PER_SECOND}

    def _meter(self) -> _Meter:
        assert self._bench.postgres.pid is not None
        return _Meter(self._bench.postgres.pid)


class _Meter:
    """Time and processor time from now on."""

    def __init__(self, postgres_pid: int) -> None:
        self._postgres_pid = postgres_pid
        self._used_before = cpu_seconds(postgres_pid)
        self._begun_at = time.perf_counter()

    @property
    def seconds(self) -> float:
        return time.perf_counter() - self._begun_at

    def figures(self, count: int, took_seconds: list[float]) -> Figures:
        used = cpu_seconds(self._postgres_pid) - self._used_before
        return {
            "a second": count / self.seconds,
            "p50 ms": percentile(took_seconds, 50) * 1000,
            "p99 ms": percentile(took_seconds, 99) * 1000,
            "processor ms": 1_000_000 * used / count,
        }


async def _call(connection: Any, batches: list[float]) -> int:
    begun_at = time.perf_counter()
    fired = len(await catch_up(connection, LIMIT, BATCHES_MAX))
    batches.append((time.perf_counter() - begun_at) / max(1, fired // LIMIT))
    return fired


async def _begun(workflow_url: str) -> None:
    """Wait until the service has added up the month so far, and shows it."""
    async with httpx.AsyncClient(base_url=workflow_url) as client, asyncio.timeout(_BEGUN_SECONDS_MAX):
        while "amends_month_reconciles{" not in (await client.get("/metrics")).text:  # noqa: ASYNC110 (nor does it)
            await asyncio.sleep(_LOOK_SECONDS)
