"""Small real programs for the supervisor to run, and ears for what it says."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import psutil

from amends_platform.supervising.processes import Program
from amends_platform.supervising.supervisor import Backoff, Supervisor

WAIT_SECONDS_MAX = 30.0
AT_ONCE = Backoff(first_seconds=0.0, max_seconds=0.0)

_ANNOUNCE = "import os, signal, sys; os.write(int(os.environ['AMENDS_READY_FD']), b'ready\\n')"
SERVES = f"{_ANNOUNCE}; signal.pause()"
NEVER_READY = "import signal; signal.pause()"
DEAF = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {_ANNOUNCE}; signal.pause()"
ENDS_AT_ONCE = "import sys; print('no such policy'); sys.exit(7)"


def program(name: str, directory: Path, *, code: str = SERVES, **options: Any) -> Program:
    """A program that runs `code`, without the site packages, so that it starts in no time."""
    command = (sys.executable, "-I", "-S", "-c", code)
    return Program(
        name, command, log_file=directory / f"{name}.log", announces=True, **{"ready_seconds_max": 20.0, **options}
    )


class Heard:
    """What a supervisor said and told, and a way to wait for it."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.pids: Mapping[str, int] = {}
        self._changed = asyncio.Condition()
        self._tasks: set[asyncio.Task[None]] = set()

    def say(self, name: str, text: str) -> None:
        self.lines.append(f"{name} {text}")
        self._wake()

    def changed(self, pids: Mapping[str, int]) -> None:
        self.pids = pids
        self._wake()

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait, within a bound, until what was heard meets the condition."""
        async with asyncio.timeout(WAIT_SECONDS_MAX), self._changed:
            await self._changed.wait_for(condition)

    def said(self, text: str) -> bool:
        return any(text in line for line in self.lines)

    def _wake(self) -> None:
        async def notify() -> None:
            async with self._changed:
                self._changed.notify_all()

        task = asyncio.ensure_future(notify())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def supervisor(directory: Path, heard: Heard, *, backoff: Backoff = AT_ONCE) -> Supervisor:
    return Supervisor(noted_in=directory / "children.json", say=heard.say, changed=heard.changed, backoff=backoff)


async def gone(*pids: int) -> bool:
    """Whether all of them end within the bound."""
    processes = []
    for pid in pids:
        try:
            processes.append(psutil.Process(pid))
        except psutil.NoSuchProcess:
            continue
    _, alive = await asyncio.to_thread(psutil.wait_procs, processes, timeout=WAIT_SECONDS_MAX)
    return all(process.status() == psutil.STATUS_ZOMBIE for process in alive)
