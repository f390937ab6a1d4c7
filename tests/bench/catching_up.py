"""After an outage of their own: how fast the notifier and the read model come to the end of the log."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from contextlib import suppress

import asyncpg
from nats.js import JetStreamContext
from nats.js.errors import NotFoundError

from amends_notifier.leadership import CHECKPOINT
from amends_notifier.stream import STREAM
from amends_platform.policy.book import PolicyBook
from amends_platform.policy.files import load_policy
from amends_store.read import head_position
from tests.bench.measuring import Contender, Figures, Outcome, Plan, take_turns
from tests.bench.replaying import write_lives
from tests.bench.servers import Bench, connected, cpu_seconds
from tests.bench.waiting import projecting
from tests.support.notifying import connected as connected_to_broker
from tests.support.notifying import notifier_program
from tests.support.postgres import Database

NOTIFIER, READ_MODEL = "notifier", "read model"

ABOUT = """
{head:,} events of {cases:,} whole lives, from the complaint to the review, wait in the log, many cases mixed.

- **{notifier}**: a notifier in a process of its own publishes them all to an empty stream, one after the other within a
  case. The broker syncs each to the disk. In the end the stream holds each once, and each case's in the order of the
  versions.
- **{read_model}**: all of them are projected, as the workflow service does it: cases, deadlines, timers and alerts.

`processor µs` is what an event took of the notifier, or of the process that projects, and of PostgreSQL.
"""

_POSITION = "SELECT coalesce(max(position), 0) FROM checkpoints WHERE name = $1"
_LOOK_SECONDS = 0.02
_SECONDS_MAX = 300.0


async def run(bench: Bench, plan: Plan, on_step: Callable[[str], None]) -> Outcome:
    cases = plan.replay_cases // 4
    async with bench.database() as database, connected(database) as owner:
        on_step("writing the log")
        loaded = load_policy("bank-cn")
        await PolicyBook(await database.pool("amends_intake")).register(loaded)
        await write_lives(await database.pool("amends_intake"), loaded.policy, cases)
        await owner.execute("VACUUM ANALYZE events")
        head = await head_position(owner)
        versions = {str(row["id"]): row["version"] for row in await owner.fetch("SELECT id, version FROM events")}
        catching_up = _CatchingUp(bench, database, owner, versions)
        contenders = [
            Contender(NOTIFIER, catching_up.notifier),
            Contender(READ_MODEL, catching_up.read_model),
        ]
        rounds = await take_turns(contenders, plan.rounds, on_step)
    about = ABOUT.format(head=head, cases=cases, notifier=NOTIFIER, read_model=READ_MODEL)
    return rounds.outcome("Catching up with the log", about)


class _CatchingUp:
    """What the contenders do, each from the first event to the last."""

    def __init__(self, bench: Bench, database: Database, owner: asyncpg.Connection, versions: dict[str, int]) -> None:
        self._bench = bench
        self._database = database
        self._owner = owner
        self._versions = versions
        self._head = len(versions)

    async def notifier(self) -> Figures:
        await self._owner.execute("UPDATE checkpoints SET position = 0")
        async with connected_to_broker(self._bench.nats_url) as client:
            js = client.jetstream()
            with suppress(NotFoundError):
                await js.delete_stream(STREAM)
            child = notifier_program(
                self._database, self._bench.nats_url, log_file=self._bench.directory / "notifier.log"
            )
            await child.start()
            try:
                assert child.pid is not None
                meter = _Meter(self._bench, child.pid)
                async with asyncio.timeout(_SECONDS_MAX):
                    while await self._owner.fetchval(_POSITION, CHECKPOINT) < self._head:  # noqa: ASYNC110
                        await asyncio.sleep(_LOOK_SECONDS)
                figures = meter.figures(self._head)
            finally:
                await child.stop()
            await self._check(js)
        return figures

    async def read_model(self) -> Figures:
        await self._owner.execute("TRUNCATE cases, deadlines, timers, alerts; UPDATE checkpoints SET position = 0")
        pool = await self._database.pool("amends_workflow")
        meter = _Meter(self._bench, os.getpid())
        async with projecting(pool) as follower:
            await follower.reached(self._head)
            return meter.figures(self._head)

    async def _check(self, js: JetStreamContext) -> None:
        """Each event is there once, those of a case in their order."""
        reached: dict[str, int] = {}
        count = 0
        kept = await js.subscribe("amends.v1.>", ordered_consumer=True)
        while count < self._head:
            headers = (await kept.next_msg(timeout=_SECONDS_MAX)).headers
            assert headers is not None
            count += 1
            case, version = headers["ce-subject"], self._versions[headers["ce-id"]]
            assert version == reached.get(case, 0) + 1
            reached[case] = version
        assert (await js.stream_info(STREAM)).state.messages == self._head


class _Meter:
    """Time, and processor time of a process and of PostgreSQL, from now on."""

    def __init__(self, bench: Bench, pid: int) -> None:
        assert bench.postgres.pid is not None
        self._pids = pid, bench.postgres.pid
        self._before = [cpu_seconds(each) for each in self._pids]
        self._begun_at = time.perf_counter()

    def figures(self, events: int) -> Figures:
        seconds = time.perf_counter() - self._begun_at
        own, database = (cpu_seconds(pid) - used for pid, used in zip(self._pids, self._before, strict=True))
        return {
            "events/s": events / seconds,
            "own processor µs": own / events * 1_000_000,
            "PostgreSQL processor µs": database / events * 1_000_000,
        }
