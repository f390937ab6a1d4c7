"""An `amends up` in a process of its own, heard line by line."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

WAIT_SECONDS_MAX = 90.0
STAND_INS = (sys.executable, "-m", "tests.support.stand_ins")


def environment(home: Path, **variables: str) -> dict[str, str]:
    """Ours without its Amends settings, and a home of its own for what is kept per user."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("AMENDS_", "XDG_"))}
    return inherited | {"HOME": str(home), "PYTHONUNBUFFERED": "1"} | variables


class Up:
    """One `amends up` on `data_dir`; its home is beside it. `variables` are settings."""

    def __init__(self, data_dir: Path, *options: str, command: tuple[str, ...] = STAND_INS, **variables: str) -> None:
        self.data_dir = data_dir
        self.home = data_dir.parent / "home"
        self.ready_file = data_dir.parent / "ready.json"
        self.lines: list[str] = []
        self._command = (
            *command,
            *("--data-dir", str(data_dir), "--ready-file", str(self.ready_file)),
            *("--intake-port", "0", "--workflow-port", "0", *options),
        )
        self._variables = variables
        self._process: asyncio.subprocess.Process | None = None

    @property
    def process(self) -> asyncio.subprocess.Process:
        assert self._process is not None
        return self._process

    @property
    def output(self) -> str:
        return "\n".join(self.lines)

    async def start(self) -> None:
        """Start the process, and no more."""
        self.home.mkdir(exist_ok=True)
        self._process = await asyncio.create_subprocess_exec(
            *self._command,
            env=environment(self.home, **self._variables),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )

    async def hear(self, text: str) -> str:
        """Wait for the next line with this text."""
        assert self.process.stdout is not None
        async with asyncio.timeout(WAIT_SECONDS_MAX):
            while line := (await self.process.stdout.readline()).decode():
                self.lines.append(line.rstrip())
                if text in line:
                    return line
        raise AssertionError(f"it ended without saying {text!r}:\n{self.output}")

    async def until_ready(self) -> dict[str, Any]:
        """Start, and return what the ready file says."""
        await self.start()
        await self.hear("Ctrl-C stops everything")
        return self.ready()

    def ready(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.ready_file.read_text())
        return document

    async def end(self, number: signal.Signals = signal.SIGINT) -> int:
        """Signal it, and return its exit status."""
        if self.process.returncode is None:
            self.process.send_signal(number)
        return await self.ended()

    async def ended(self) -> int:
        """Wait until it ends by itself; its exit status."""
        async with asyncio.timeout(WAIT_SECONDS_MAX):
            rest, _ = await self.process.communicate()
        self.lines += rest.decode().splitlines()
        assert self.process.returncode is not None
        return self.process.returncode
