"""`amends`, as its users give it: what it prints, and its exit status.

A process of its own costs a second of imports. Where the process is not the point the command is given in this one:
from the words of a shell to the exit status, all that `main` does.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import threading
from collections.abc import Mapping
from typing import Any, Final, NamedTuple
from unittest.mock import patch

from typer.testing import CliRunner

from amends_platform.cli import main

# For a machine that runs other tests beside these; nothing waits so long when it is well.
WAIT_SECONDS_MAX: Final = 120.0
# They become another program, or listen to signals.
_ALWAYS_APART: Final = frozenset({"import", "intake", "notifier", "rebuild", "up", "watch", "workflow"})
# Standard streams, variables and arguments are the process's.
_one_at_a_time = threading.Lock()


class Ended(NamedTuple):
    """How a command ended: its exit status, and what it printed."""

    status: int
    output: str
    error: str

    @property
    def document(self) -> Any:
        """What a command with --json answered."""
        return json.loads(self.output)


async def run(*arguments: str, environment: Mapping[str, str]) -> Ended:
    """Give a command with these variables and no others; return once it has ended. In this process if that can be."""
    if arguments[0] in _ALWAYS_APART:
        return await run_apart(*arguments, environment=environment)
    return await asyncio.to_thread(_run_here, arguments, environment)


async def begin(*arguments: str, environment: Mapping[str, str]) -> asyncio.subprocess.Process:
    """Give a command to a process of its own."""
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "amends_platform.cli", *arguments),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=environment,
    )


async def run_apart(*arguments: str, environment: Mapping[str, str]) -> Ended:
    """`begin`, and wait for its end."""
    process = await begin(*arguments, environment=environment)
    try:
        async with asyncio.timeout(WAIT_SECONDS_MAX):
            output, error = await process.communicate()
    except BaseException:
        process.kill()
        await process.wait()
        raise
    assert process.returncode is not None
    return Ended(process.returncode, output.decode(), error.decode())


def _run_here(arguments: tuple[str, ...], environment: Mapping[str, str]) -> Ended:
    with (
        _one_at_a_time,
        patch.dict(os.environ, environment, clear=True),
        patch.object(sys, "argv", ["amends", *arguments]),
        CliRunner().isolation() as (output, error, _),
    ):
        status = 0
        try:
            main()
        except SystemExit as end:
            status = end.code if isinstance(end.code, int) else 0 if end.code is None else 1
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        return Ended(status, output.getvalue().decode(), error.getvalue().decode())
