"""From the commit to the queue: how long after an event is durable the read model holds it."""

from __future__ import annotations

import asyncio
import time
from bisect import bisect_left
from collections.abc import Callable

import asyncpg

from amends_platform.broker_address import BrokerAddress
from amends_platform.hints import Hints
from amends_platform.policy.book import PolicyBook
from amends_platform.policy.files import load_policy
from amends_store.append import Appender
from amends_store.records import Appended
from amends_workflow.projection import CHECKPOINT
from tests.bench.measuring import Contender, Figures, Outcome, Plan, percentile, take_turns
from tests.bench.servers import Bench, connected
from tests.bench.waiting import complaint, policy_file
from tests.support.keys import a_key

EVENTS_PER_SECOND = 300
OURS = "Amends workflow"
_LOOK_SECONDS = 0.001
_SECONDS_MAX = 30.0

ABOUT = f"""
{EVENTS_PER_SECOND} complaints a second are appended one by one, at an even pace, whatever becomes of the earlier
ones. The clock of one starts when its caller learns that it is durable, and stops when the transaction has committed by
which the queue, its deadlines and its timers have it. The workflow service is a process of its own, woken by hints.
"""

_POSITION = "SELECT coalesce(max(position), 0) FROM checkpoints WHERE name = $1"


async def run(bench: Bench, plan: Plan, on_step: Callable[[str], None]) -> Outcome:
    loaded = load_policy(policy_file(bench))
    async with bench.database() as database, connected(database) as owner:
        await PolicyBook(await database.pool("amends_intake")).register(loaded)
        hints = Hints(BrokerAddress(bench.nats_url), "default")
        hints.start()
        appender = Appender(await database.pool("amends_intake"), on_commit=hints.send)
        try:
            async with bench.workflow(database):
                contender = Contender(OURS, lambda: _even_pace(appender, owner, loaded.policy.hash, plan.seconds))
                rounds = await take_turns([contender], plan.rounds, on_step)
        finally:
            await appender.aclose()
            await hints.aclose()
    return rounds.outcome("From the commit to the queue", ABOUT, rounds.figure(OURS, "p99 ms", aim=100, at_most=True))


async def _even_pace(appender: Appender, owner: asyncpg.Connection, policy: str, seconds: float) -> Figures:
    key, durable_at = a_key("C-20771"), dict[int, float]()

    async def give() -> None:
        verdict = await appender.append(complaint(key, policy))
        assert isinstance(verdict, Appended), verdict
        durable_at[verdict.last_position] = time.perf_counter()

    moves: list[tuple[int, float]] = []
    watching = asyncio.create_task(_watch(owner, moves))
    begun_at = time.perf_counter()
    async with asyncio.TaskGroup() as tasks:
        for number in range(round(EVENTS_PER_SECOND * seconds)):
            await asyncio.sleep(begun_at + number / EVENTS_PER_SECOND - time.perf_counter())
            tasks.create_task(give())
    ended_at = time.perf_counter()
    async with asyncio.timeout(_SECONDS_MAX):
        while moves[-1][0] < max(durable_at):  # noqa: ASYNC110 (the database does not tell by itself)
            await asyncio.sleep(_LOOK_SECONDS)
    watching.cancel()
    positions = [position for position, _ in moves]
    waited = [max(0.0, moves[bisect_left(positions, position)][1] - at) for position, at in durable_at.items()]
    return {
        "events/s": len(waited) / (ended_at - begun_at),
        "p50 ms": percentile(waited, 50) * 1000,
        "p99 ms": percentile(waited, 99) * 1000,
    }


async def _watch(owner: asyncpg.Connection, moves: list[tuple[int, float]]) -> None:
    """Note where the read model stands, and when it was first seen there."""
    while True:
        position = await owner.fetchval(_POSITION, CHECKPOINT)
        if not moves or position > moves[-1][0]:
            moves.append((position, time.perf_counter()))
        await asyncio.sleep(_LOOK_SECONDS)
