"""After kill -9 of PostgreSQL under `amends up`: how long until a complaint is taken again, and a deadline fires."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Callable
from datetime import UTC, datetime
from uuid import uuid4

import httpx

from tests.bench.complaints import sample
from tests.bench.measuring import Contender, Figures, Outcome, Plan, take_turns
from tests.bench.servers import Bench
from tests.support.system import System, running_system

OURS = "amends up"
_EVERY_SECONDS = 0.05
_SECONDS_MAX = 60.0
_POLICY = """\
policy: hasty
version: 1
effective_from: 2026-01-01
timezone: Asia/Shanghai
clocks:
  apology: {from: complaint-received, stop: [apology-given], due: 1s}
"""

ABOUT = f"""
`amends up` runs everything. A complaint is sent every {_EVERY_SECONDS * 1000:.0f} ms, each whatever becomes of the
others, and nobody apologises within the second that the policy gives. PostgreSQL is killed with SIGKILL, once in each
round, which has a system of its own. The clock stops when the first complaint that was sent after that is acknowledged,
and when the server that came back has recorded its first breach. The supervisor starts it again, it recovers from its
log, and every service finds it by itself.
"""

_FIRES = "SELECT EXISTS (SELECT FROM events WHERE actor = 'system:workflow')"
_FIRED = (
    "SELECT min(recorded_at) FROM events WHERE actor = 'system:workflow' AND recorded_at > pg_postmaster_start_time()"
)


async def run(bench: Bench, plan: Plan, on_step: Callable[[str], None]) -> Outcome:
    rounds = await take_turns([Contender(OURS, _killed_once)], plan.rounds, on_step)
    aims = [rounds.figure(OURS, column, aim=10, at_most=True) for column in ("first write s", "first breach s")]
    return rounds.outcome("Recovering from a killed PostgreSQL", ABOUT, *aims)


async def _killed_once() -> Figures:
    # One that is killed again and again is started again ever more slowly, which is not what is measured.
    async with running_system(_POLICY) as system:
        return await _killed(system)


async def _killed(system: System) -> Figures:
    async with asyncio.timeout(_SECONDS_MAX), asyncio.TaskGroup() as tasks:
        people = _People(system)
        working = tasks.create_task(people.work())
        async with system.database() as connection:
            # From here on one falls due every moment.
            while not await connection.fetchval(_FIRES):  # noqa: ASYNC110
                await asyncio.sleep(_EVERY_SECONDS)
        people.taken.clear()
        killed_at, killed_on = time.perf_counter(), datetime.now(UTC)
        people.since = killed_at
        before = system.ready["pids"]["postgres"]
        os.kill(before, signal.SIGKILL)
        await people.taken.wait()
        write_seconds = time.perf_counter() - killed_at
        async with system.database() as connection:
            while (fired_on := await connection.fetchval(_FIRED)) is None:  # noqa: ASYNC110
                await asyncio.sleep(_EVERY_SECONDS)
        while system.ready["pids"]["postgres"] in (before, None):  # noqa: ASYNC110
            await asyncio.sleep(_EVERY_SECONDS)
        working.cancel()
    return {"first write s": write_seconds, "first breach s": (fired_on - killed_on).total_seconds()}


class _People:
    """Who goes on sending complaints. `taken` is set when one is acknowledged that was sent after `since`."""

    def __init__(self, system: System) -> None:
        self.taken = asyncio.Event()
        self.since = 0.0
        self._system = system
        self._headers = {"Authorization": f"Bearer {system.ready['keys']['agent']}"}

    async def work(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            while True:
                tasks.create_task(self._send())
                await asyncio.sleep(_EVERY_SECONDS)

    async def _send(self) -> None:
        sent_at = time.perf_counter()
        headers = self._headers | {"Idempotency-Key": str(uuid4())}
        try:
            answer = await self._system.client.post("/v1/complaints", json=sample(), headers=headers)
        except httpx.TransportError:
            return
        if answer.status_code == 201 and sent_at >= self.since:
            self.taken.set()
