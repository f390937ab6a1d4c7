"""Processes that an earlier supervisor left behind: remembered in a file, recognised beyond doubt, stopped.

On Linux the kernel stops them with their supervisor; elsewhere, or when they are slow to go, the next start
does. A pid alone proves nothing, for pids are used again: command line and time of the start must agree.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, NamedTuple

import psutil

from amends_platform.files import write_private

_STOP_SECONDS_MAX: Final = 20.0
# How far two readings of one start time may lie apart: the clock may have been set in between.
_START_SECONDS_APART: Final = 60.0


class Started(NamedTuple):
    """A process as it was started. Its command line is not read back: the kernel shows none until exec is over."""

    pid: int
    command: Sequence[str]


def remember(file: Path, processes: Mapping[str, Started]) -> None:
    """Note the running processes by name, so that `stop_leftovers` knows them again."""
    noted = {}
    for name, (pid, command) in processes.items():
        with suppress(psutil.Error):
            noted[name] = {"pid": pid, "command": command, "started_at": psutil.Process(pid).create_time()}
    write_private(file, json.dumps(noted))


def stop_leftovers(file: Path, say: Callable[[str], None]) -> None:
    """Stop whatever of the remembered processes still runs, services before servers, and forget them."""
    try:
        noted = json.loads(file.read_text())
    except (FileNotFoundError, ValueError):
        return
    processes = [(name, found) for name, note in reversed(noted.items()) if (found := _same(note)) is not None]
    for name, process in processes:
        say(f"stopping {name} (pid {process.pid}), which an earlier run left behind")
    stop_processes(process for _, process in processes)
    file.unlink(missing_ok=True)


def stop_processes(processes: Iterable[psutil.Process], *, first: int | None = None) -> None:
    """Ask each to end, with SIGTERM or the signal `first`, wait for all, and kill those that do not go."""
    asked = list(processes)
    for process in asked:
        with suppress(psutil.NoSuchProcess):
            process.terminate() if first is None else process.send_signal(first)
    _, stubborn = psutil.wait_procs(asked, timeout=_STOP_SECONDS_MAX)
    for process in stubborn:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(stubborn, timeout=_STOP_SECONDS_MAX)


def _same(note: Mapping[str, Any]) -> psutil.Process | None:
    try:
        process = psutil.Process(note["pid"])
        apart = abs(process.create_time() - note["started_at"])
        # Not its first word, which some systems replace by the full path.
        if process.cmdline()[1:] != note["command"][1:] or apart > _START_SECONDS_APART:
            return None
        return process if process.status() != psutil.STATUS_ZOMBIE else None
    except (psutil.Error, KeyError, TypeError):
        return None
