"""What an append costs when the log is long already."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AsyncExitStack

from amends_store.append import Appender
from tests.bench.appending import append, sealed_event
from tests.bench.crowding import with_processor
from tests.bench.filling import fill
from tests.bench.measuring import QUICK, Contender, Curve, Figures, Outcome, Plan, take_turns
from tests.bench.servers import Bench
from tests.support.postgres import Database

SIZES = (10_000, 1_000_000, 10_000_000)
_QUICK_SIZES = (10_000, 50_000)

ABOUT = """
64 callers append as in the first benchmark, in turn to logs that had so many events already: whole lives of cases, an
event every ten seconds, with the receipts of the last 90 days. `processor ms` is PostgreSQL's time for 1,000 events,
`WAL bytes` what one event adds to the write-ahead log, pages that are written whole after a checkpoint included.
"""


async def run(bench: Bench, plan: Plan, on_step: Callable[[str], None]) -> Outcome:
    sizes = _QUICK_SIZES if plan is QUICK else SIZES
    async with AsyncExitStack() as stack:
        logs: dict[str, Database] = {}
        for size in sizes:
            on_step(f"writing {size:,} events")
            logs[_name(size)] = database = await stack.enter_async_context(bench.database())
            await fill(database, size)
        contenders = [await _contender(bench, plan, stack, name, database) for name, database in logs.items()]
        rounds = await take_turns(contenders, plan.rounds, on_step)
    rows = tuple(map(_name, sizes))
    at = tuple(map(float, sizes))
    curves = [Curve("Amends", column, "events in the log", at, rows) for column in ("events/s", "processor ms")]
    cost = rounds.ratio(rows[-1], rows[0], "processor ms", aim=1.3, at_most=True)
    return rounds.outcome("Appending to a long log", ABOUT, cost, curves=curves)


async def _contender(bench: Bench, plan: Plan, stack: AsyncExitStack, name: str, database: Database) -> Contender:
    event = sealed_event()
    appender = Appender(await database.pool("amends_intake"))
    stack.push_async_callback(appender.aclose)

    async def measured() -> Figures:
        before = await _wal_bytes(database)
        figures = await append(appender, event, plan.seconds)
        events = figures["events/s"] * plan.seconds
        return {**figures, "WAL bytes": (await _wal_bytes(database) - before) / events}

    return Contender(name, lambda: with_processor(bench, plan.seconds, measured))


async def _wal_bytes(database: Database) -> int:
    return int(await database.fetchval("SELECT pg_current_wal_insert_lsn() - '0/0'"))


def _name(size: int) -> str:
    return f"{size:,} events"
