"""Starting: from the command to the first answer, and what a service holds of the machine by then."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial

from tests.bench import receiving
from tests.bench.measuring import Contender, Figures, Outcome, Plan, take_turns
from tests.bench.receiving import BARE
from tests.bench.servers import Bench, cpu_seconds, resident_mb
from tests.support.notifying import notifier_program
from tests.support.postgres import Database

INTAKE, WORKFLOW, NOTIFIER, COMMAND = "Amends intake", "Amends workflow", "Amends notifier", "amends --help"
_KIB_IN_MB = 1_000_000 / 1024
# It says itself what it held at most: what the system says of it would be what the process that began it held.
_HELP = r"""
import atexit, runpy, sys, time

def told():
    with open("/proc/self/status") as lines:
        resident, = (line.split()[1] for line in lines if line.startswith("VmHWM"))
    sys.stderr.write(f"{resident} {time.process_time()}")

atexit.register(told)
sys.argv[1:] = ["--help"]
runpy.run_module("amends_platform.cli", run_name="__main__")
"""

ABOUT = f"""
Each is started as it is shipped, on servers that run and a database that is migrated, and stopped again; its files
have been read before. `ready s` is from the command until it says that it is ready (**{COMMAND}**: until it has
ended), `processor s` what it used of the processor until then, `resident MB` what it holds of memory then.
**{BARE}** is the service of the benchmark of intake.
"""

_Running = Callable[[], AbstractAsyncContextManager[int]]


async def run(bench: Bench, plan: Plan, on_step: Callable[[str], None]) -> Outcome:
    async with bench.database() as database:
        api_key = await receiving.prepared(database)

        @asynccontextmanager
        async def intake() -> AsyncIterator[int]:
            async with receiving.intake(bench, database, api_key) as service:
                yield service.pid

        @asynccontextmanager
        async def bare() -> AsyncIterator[int]:
            async with receiving.bare(bench, database, api_key) as service:
                yield service.pid

        @asynccontextmanager
        async def workflow() -> AsyncIterator[int]:
            async with bench.workflow(database) as (pid, _):
                yield pid

        services: dict[str, _Running] = {
            INTAKE: intake,
            WORKFLOW: workflow,
            NOTIFIER: lambda: _notifier(bench, database),
            BARE: bare,
        }
        contenders = [Contender(name, partial(_started, running)) for name, running in services.items()]
        rounds = await take_turns([*contenders, Contender(COMMAND, _asked)], plan.rounds, on_step)
    return rounds.outcome("Starting", ABOUT)


async def _started(running: _Running) -> Figures:
    begun_at = time.perf_counter()
    async with running() as pid:
        ready_seconds = time.perf_counter() - begun_at
        return {"ready s": ready_seconds, "processor s": cpu_seconds(pid), "resident MB": resident_mb(pid)}


async def _asked() -> Figures:
    return await asyncio.to_thread(_ask)


def _ask() -> Figures:
    begun_at = time.perf_counter()
    command = subprocess.Popen(
        [sys.executable, "-c", _HELP], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    _, said = command.communicate()
    seconds = time.perf_counter() - begun_at
    resident_kib, processor_seconds = said.split()
    return {"ready s": seconds, "processor s": float(processor_seconds), "resident MB": int(resident_kib) / _KIB_IN_MB}


@asynccontextmanager
async def _notifier(bench: Bench, database: Database) -> AsyncIterator[int]:
    notifier = notifier_program(database, bench.nats_url, log_file=bench.directory / "notifier.log")
    await notifier.start()
    try:
        assert notifier.pid is not None
        yield notifier.pid
    finally:
        await notifier.stop()
