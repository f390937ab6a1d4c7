"""Group commit: from one caller, who should not wait for others, to many, who should not wait for long."""

from __future__ import annotations

import itertools
from collections.abc import Awaitable, Callable

import asyncpg

from amends_platform.ids import uuid7
from amends_store.append import Appender
from amends_store.records import NewEvent
from tests.bench.appending import CREATE_PLAIN, INSERT_PLAIN, append, sealed_event
from tests.bench.callers import as_tasks
from tests.bench.measuring import Contender, Curve, Figures, Outcome, Plan, take_turns
from tests.bench.servers import Bench, cpu_seconds

CROWDS = (1, 4, 16, 64, 256)
ALONE = "one bare transaction"

ABOUT = f"""
As in the first benchmark, by as many callers at once as the row says. A caller who is alone gets a transaction of their
own, at once; **{ALONE}** is what that costs where nothing is promised: one caller, one `INSERT` after the other
into a table with a primary key. The more there are, the more go into one transaction, and all of them wait about as
long. `processor ms` is PostgreSQL's time for 1,000 events.
"""


async def run(bench: Bench, plan: Plan, on_step: Callable[[str], None]) -> Outcome:
    async with bench.database() as database:
        appender = Appender(await database.pool("amends_intake"))
        owner = await asyncpg.connect(database.url)
        event, seconds = sealed_event(), plan.seconds / 2
        await owner.execute(CREATE_PLAIN)

        def crowd(callers: int) -> Contender:
            async def together() -> Figures:
                return await append(appender, event, seconds, callers=callers)

            return Contender(_name(callers), lambda: with_processor(bench, seconds, together))

        contenders = [
            Contender(ALONE, lambda: with_processor(bench, seconds, lambda: _insert(owner, event, seconds))),
            *(crowd(callers) for callers in CROWDS),
        ]
        try:
            rounds = await take_turns(contenders, plan.rounds, on_step)
        finally:
            await appender.aclose()
            await owner.close()
    rows = tuple(map(_name, CROWDS))
    at = tuple(map(float, CROWDS))
    curves = [Curve("Amends", column, "callers at once", at, rows) for column in ("events/s", "p50 ms", "p99 ms")]
    alone = rounds.ratio(_name(1), ALONE, "p50 ms", aim=2, at_most=True)
    return rounds.outcome("Group commit", ABOUT, alone, curves=curves)


async def with_processor(bench: Bench, seconds: float, measured: Callable[[], Awaitable[Figures]]) -> Figures:
    """What was measured in so many seconds, and the processor time that PostgreSQL used for it."""
    assert bench.postgres.pid is not None
    used = cpu_seconds(bench.postgres.pid)
    figures = await measured()
    used = cpu_seconds(bench.postgres.pid) - used
    return {**figures, "processor ms": used / (figures["events/s"] * seconds) * 1_000_000}


async def _insert(connection: asyncpg.Connection, event: NewEvent, seconds: float) -> Figures:
    data = event.data.decode()

    async def give(_: int) -> None:
        await connection.execute(INSERT_PLAIN, uuid7(), event.type, data, event.sealed)

    return await as_tasks(give, itertools.count(), seconds, callers=1)


def _name(callers: int) -> str:
    return f"{callers} caller" if callers == 1 else f"{callers} callers"
