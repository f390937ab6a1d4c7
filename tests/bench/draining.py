"""After a long time down: a million deadlines that have passed are caught up with, and people go on working."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import asyncpg

from amends_platform.policy.files import load_policy
from amends_store.append import Appender
from amends_store.read import head_position
from amends_store.records import Appended
from tests.bench.measuring import QUICK, Figures, Outcome, Plan, Rounds, percentile
from tests.bench.servers import Bench, connected
from tests.bench.waiting import complaint, policy_file, write_cases, write_due
from tests.support.keys import a_key

APPENDS_PER_SECOND = 100
QUIET, CATCHING_UP = "nothing due", "catching up"
_SECONDS_MAX = 600.0

ABOUT = """
{overdue:,} deadlines passed while no workflow service was there, each of a case of its own. One is started, and fires
them, the oldest first, while its projection follows. All the time {pace} complaints a second are
appended, one by one at an even pace, as intake does it; `ms` is how long each took. Figures are of spans of {seconds:g}
s; those of **{quiet}** are from before, with such a service running.

The last deadline was written {took:,.0f} s after the service was started, and the read model had all of it
{projected:,.0f} s after that.
"""

_LEFT = "SELECT count(*) FROM (SELECT FROM timers WHERE fires_at <= now() LIMIT 1) AS due"
_PROJECTED = "SELECT position FROM checkpoints WHERE name = 'read-model'"


async def run(bench: Bench, plan: Plan, on_step: Callable[[str], None]) -> Outcome:
    overdue = 5_000 if plan is QUICK else 1_000_000
    async with bench.database() as database, connected(database) as owner:
        on_step(f"writing {overdue:,} cases")
        await write_cases(bench, database, overdue)
        people = _People(Appender(await database.pool("amends_intake")), load_policy(policy_file(bench)).policy.hash)
        try:
            async with bench.workflow(database):
                on_step(QUIET)
                await people.work(owner, plan.seconds)
                quiet = [await people.work(owner, plan.seconds) for _ in range(plan.rounds)]
            on_step(f"{overdue:,} deadlines pass")
            await write_due(owner, overdue, "now() - interval '1 hour' + number * interval '1 millisecond'")
            # It was there long before: nothing of it is still on its way to the disk.
            await owner.execute("CHECKPOINT")
            begun_at = time.perf_counter()
            async with bench.workflow(database):
                on_step(CATCHING_UP)
                catching_up: list[Figures] = []
                async with asyncio.timeout(_SECONDS_MAX):
                    while await owner.fetchval(_LEFT):
                        catching_up.append(await people.work(owner, plan.seconds))
                took, head = time.perf_counter() - begun_at, await head_position(owner)
                on_step(f"fired in {took:.0f} s, the read model catches up")
                async with asyncio.timeout(_SECONDS_MAX):
                    while await owner.fetchval(_PROJECTED) < head:
                        await people.work(owner, plan.seconds)
                projected = time.perf_counter() - begun_at - took
        finally:
            await people.appender.aclose()
    about = ABOUT.format(
        overdue=overdue,
        pace=APPENDS_PER_SECOND,
        seconds=plan.seconds,
        quiet=QUIET,
        took=took,
        projected=projected,
    )
    # In the last span it came to an end.
    spans = max(1, min(len(quiet), len(catching_up) - 1))
    rounds = Rounds({QUIET: quiet[:spans], CATCHING_UP: catching_up[:spans]})
    return rounds.outcome(
        "Overdue timers",
        about,
        # A million in two minutes.
        rounds.figure(CATCHING_UP, "fired a second", aim=8_333),
        rounds.ratio(CATCHING_UP, QUIET, "p99 ms", aim=3, at_most=True),
    )


class _People:
    """Who goes on working: complaints at an even pace, each a case of its own."""

    def __init__(self, appender: Appender, policy: str) -> None:
        self.appender = appender
        self._policy = policy
        self._key = a_key("C-20771")

    async def work(self, log: asyncpg.Connection, seconds: float) -> Figures:
        took: list[float] = []

        async def receive() -> None:
            begun_at = time.perf_counter()
            verdict = await self.appender.append(complaint(self._key, self._policy))
            took.append(time.perf_counter() - begun_at)
            assert isinstance(verdict, Appended), verdict

        head, begun_at = await head_position(log), time.perf_counter()
        async with asyncio.TaskGroup() as tasks:
            for number in range(round(APPENDS_PER_SECOND * seconds)):
                await asyncio.sleep(begun_at + number / APPENDS_PER_SECOND - time.perf_counter())
                tasks.create_task(receive())
        others = await head_position(log) - head - len(took)
        return {
            "p50 ms": percentile(took, 50) * 1000,
            "p99 ms": percentile(took, 99) * 1000,
            "fired a second": others / (time.perf_counter() - begun_at),
        }
