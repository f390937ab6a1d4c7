"""Keeps programs running: started in stages, restarted when they die, stopped in the reverse order.

What it does it says, in one line an event. It restarts what ends; what hangs without ending it leaves alone.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from amends_platform.supervising.leftovers import Started, remember
from amends_platform.supervising.processes import Child, Program, StartFailed, how_it_ended, rotate

# (program, what happened), for a line on the terminal.
Say = Callable[[str, str], None]


@dataclass(frozen=True, slots=True)
class Backoff:
    """How long to wait before the n-th restart in a row; one that stayed up counts from the start again."""

    first_seconds: float = 0.2
    max_seconds: float = 10.0
    healthy_seconds: float = 30.0

    def seconds(self, restarts: int) -> float:
        """0.2, 0.4, 0.8 … up to the most."""
        return min(self.first_seconds * 2.0 ** min(restarts, 30), self.max_seconds)


BACKOFF: Final = Backoff()
_ROTATE_SECONDS: Final = 60.0


class Supervisor:
    """The programs of one running system. `changed` hears the new pids whenever one was started again."""

    def __init__(
        self,
        *,
        noted_in: Path,
        say: Say,
        changed: Callable[[Mapping[str, int]], None],
        backoff: Backoff = BACKOFF,
    ) -> None:
        self._noted_in = noted_in
        self._say = say
        self._changed = changed
        self._backoff = backoff
        self._stages: list[list[Child]] = []
        self._watches: list[asyncio.Task[None]] = []
        self._rotating: asyncio.Task[None] | None = None

    @property
    def pids(self) -> dict[str, int]:
        """The running programs and their pids, in the order of their stages."""
        children = (child for stage in self._stages for child in stage)
        return {child.program.name: child.pid for child in children if child.pid is not None}

    async def start(self, *programs: Program) -> None:
        """Start one stage, all of it at once; return when all are ready. Raises StartFailed.

        Stages stop in the reverse of the order in which `start` was called.
        """
        stage = [self._child(program) for program in programs]
        self._stages.append(stage)
        starting = [asyncio.create_task(self._first_start(child)) for child in stage]
        try:
            await asyncio.gather(*starting)
        finally:
            for task in starting:
                task.cancel()
            await asyncio.gather(*starting, return_exceptions=True)
        self._watches += [asyncio.create_task(self._keep(child)) for child in stage]
        if self._rotating is None:
            self._rotating = asyncio.create_task(self._rotate_logs())

    async def stop(self) -> None:
        """Stop everything, the last stage first, each program within its own bound."""
        self._watches += [] if self._rotating is None else [self._rotating]
        for watch in self._watches:
            watch.cancel()
        await asyncio.gather(*self._watches, return_exceptions=True)
        for stage in reversed(self._stages):
            await asyncio.gather(*(self._stop(child) for child in stage))
        self._noted_in.unlink(missing_ok=True)

    def kill(self) -> None:
        """End everything at once, unfinished work included; `stop`, if it is under way, then returns soon."""
        for stage in reversed(self._stages):
            for child in stage:
                child.kill()

    def _child(self, program: Program) -> Child:
        last_said = ""

        def busy(what: str) -> None:
            nonlocal last_said
            if what != last_said:
                last_said = what
                self._say(program.name, what)

        return Child(program, busy=busy, started=self._note)

    def _note(self) -> None:
        children = (child for stage in self._stages for child in stage)
        started = {c.program.name: Started(c.pid, c.program.command) for c in children if c.pid is not None}
        remember(self._noted_in, started)

    async def _first_start(self, child: Child) -> None:
        """Not tried again: what cannot start now has a cause that waiting does not mend."""
        try:
            await child.start()
        except StartFailed as failure:
            raise StartFailed(f"{child.program.name} {failure}") from failure
        self._say(child.program.name, f"ready (pid {child.pid})")

    async def _keep(self, child: Child) -> None:
        restarts = 0
        while True:
            ready_at = time.monotonic()
            status = await child.wait()
            if time.monotonic() - ready_at > self._backoff.healthy_seconds:
                restarts = 0
            happened = how_it_ended(status)
            while True:
                wait_seconds = self._backoff.seconds(restarts)
                self._say(child.program.name, f"{happened}; starting it again in {wait_seconds:g} s")
                await asyncio.sleep(wait_seconds)
                restarts += 1
                try:
                    await child.start()
                    break
                except StartFailed as failure:
                    happened = str(failure)
                except Exception as failure:
                    # Whatever it was, giving up would leave the program down with nobody watching.
                    happened = f"could not be started: {failure!r}"
            self._changed(self.pids)
            self._say(child.program.name, f"ready again (pid {child.pid})")

    async def _rotate_logs(self) -> None:
        while True:
            await asyncio.sleep(_ROTATE_SECONDS)
            for log_file in {child.program.log_file for stage in self._stages for child in stage}:
                # A full disk is not mended by stopping to look.
                with suppress(OSError):
                    await asyncio.to_thread(rotate, log_file)

    async def _stop(self, child: Child) -> None:
        if child.pid is None:
            return
        with suppress(ProcessLookupError):
            willing = await child.stop()
            self._say(child.program.name, "stopped" if willing else "did not stop in time and was killed")
