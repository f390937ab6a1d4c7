"""Sealing the log: what it costs those who append, and how quickly a sealer that was away catches up.

`python -m tests.bench.sealing` is the sealer that runs beside them, a process of its own as the workflow is.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import asyncpg
import uvloop

from amends_platform.evidence.notes import Signer
from amends_platform.evidence.signing import CheckpointSigning
from amends_platform.evidence.tree_head import latest_checkpoint
from amends_platform.supervising.processes import Answer
from amends_store.append import Appender
from amends_store.checkpoints import Checkpoint
from amends_store.pool import connect_pool
from amends_store.read import head_position
from amends_workflow.sealer import CHECKPOINT, Sealer
from tests.bench.appending import append, sealed_event
from tests.bench.callers import CALLERS
from tests.bench.measuring import Contender, Figures, Outcome, Plan, take_turns
from tests.bench.servers import Bench, cpu_seconds

# Ten times as often as it does by default.
EVERY_SECONDS = 1.0
ON, OFF = "sealer on", "sealer off"

ABOUT = f"""
{CALLERS} concurrent callers append complaints as in the first benchmark.

- **{ON}**: beside them the workflow's sealer, in a process of its own, adds to the Merkle tree and signs a checkpoint
  every {EVERY_SECONDS:g} s.
- **{OFF}**: nobody reads the log.

`processor` is the time that PostgreSQL and the sealer used for 1,000 events: it says more than the rate where others
use the machine too.
"""
_CAUGHT_UP = """
What was appended while it was off, a sealer that starts catches up with: {rate:,.0f} events/s (median), on one
connection, nobody appending.
"""


async def run(bench: Bench, plan: Plan, on_step: Callable[[str], None]) -> Outcome:
    rates: list[float] = []
    async with bench.database() as database:
        pool = await database.pool("amends_workflow")
        appender = Appender(await database.pool("amends_intake"))
        event = sealed_event()
        settings = {"AMENDS_DATABASE_URL": database.url, "AMENDS_DATA_DIR": str(bench.directory)}

        async def is_sealing(claims: int) -> Answer:
            return Answer(await _claims(pool) > claims)

        async def sealed() -> Figures:
            rates.append(await _catch_up(pool, bench.directory))
            claims = await _claims(pool)
            async with bench.service("sealer", ("tests.bench.sealing",), settings, lambda: is_sealing(claims)) as pid:
                return await measured(pid)

        async def measured(*sealer: int) -> Figures:
            assert bench.postgres.pid is not None
            pids = (bench.postgres.pid, *sealer)
            before, used = await head_position(pool), sum(map(cpu_seconds, pids))
            figures = await append(appender, event, plan.seconds)
            used = sum(map(cpu_seconds, pids)) - used
            return {**figures, "processor ms": 1_000_000 * used / (await head_position(pool) - before)}

        contenders = [
            Contender(OFF, measured),
            Contender(ON, sealed),
        ]
        try:
            rounds = await take_turns(contenders, plan.rounds, on_step)
            await _catch_up(pool, bench.directory)
            newest = await latest_checkpoint(pool)
            assert newest is not None
            assert newest.tree_size == await head_position(pool)
        finally:
            await appender.aclose()
    about = ABOUT + _CAUGHT_UP.format(rate=median(rates))
    return rounds.outcome("Sealing the log", about, rounds.ratio(ON, OFF, "events/s", aim=0.95))


async def _catch_up(pool: asyncpg.Pool, directory: Path) -> float:
    """Seal and sign all there is, as a sealer does that has just started; events a second."""
    claim = await Checkpoint.claim(pool, CHECKPOINT)
    events = await head_position(pool) - claim.position
    begun_at = time.perf_counter()
    await Sealer(pool, _signing(directory), every_seconds=3_600).step(claim)
    return events / (time.perf_counter() - begun_at)


async def _claims(pool: asyncpg.Pool) -> int:
    return await pool.fetchval("SELECT epoch FROM checkpoints WHERE name = $1", CHECKPOINT) or 0


def _signing(directory: Path) -> CheckpointSigning:
    return CheckpointSigning(Signer("amends/bench", bytes(32)), directory / "signing.key")


async def _serve() -> None:
    pool = await connect_pool(
        os.environ["AMENDS_DATABASE_URL"], role="amends_workflow", tenant="default", min_size=0, max_size=4
    )
    await Sealer(pool, _signing(Path(os.environ["AMENDS_DATA_DIR"])), EVERY_SECONDS).run()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve())
