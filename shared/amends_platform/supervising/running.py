"""A running `amends up`, as other commands find it: what it serves, where, and with which development keys."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import platformdirs
import psutil

from amends_platform.failures import WrongUsage
from amends_platform.files import write_private

_FILE: Final = "running.json"
# How far two readings of one start time may lie apart: the clock may have been set in between.
_START_SECONDS_APART: Final = 60.0


class SeveralRunning(WrongUsage):
    """More than one `amends up` runs, and nothing says which is meant."""


@dataclass(frozen=True, slots=True)
class Running:
    """One running system. `keys` by role; `pids` by program, None where the server is not ours."""

    intake_url: str
    workflow_url: str
    nats_url: str
    database_url: str
    keys: Mapping[str, str]
    pids: Mapping[str, int | None]
    data_dir: Path
    supervisor_pid: int
    supervisor_started_at: float

    def ready_file(self) -> str:
        """The document that `--ready-file` promises."""
        members = ("intake_url", "workflow_url", "nats_url", "database_url", "keys", "pids")
        return json.dumps({name: getattr(self, name) for name in members}, indent=2, default=dict) + "\n"


def publish(running: Running) -> None:
    """Let other commands find it: by its data directory, and by a pointer in the user's state directory."""
    document = json.dumps(asdict(running) | {"data_dir": str(running.data_dir)}, indent=2)
    write_private(running.data_dir / _FILE, document)
    # A convenience: a home that cannot be written to must not keep the system from running.
    with suppress(OSError):
        write_private(_pointer(running.data_dir), f"{running.data_dir}\n")


def withdraw(data_dir: Path) -> None:
    """The system of this data directory runs no more."""
    with suppress(OSError):
        (data_dir / _FILE).unlink(missing_ok=True)
        _pointer(data_dir).unlink(missing_ok=True)


def find_running(data_dir: Path | None = None) -> Running | None:
    """The running system of this data directory; without one, the only one that runs. Raises SeveralRunning."""
    if data_dir is None and (named := os.environ.get("AMENDS_DATA_DIR")):
        data_dir = Path(named)
    if data_dir is not None:
        return _read(data_dir)
    alive = [running for directory in _pointed_at() if (running := _read(directory)) is not None]
    if len(alive) > 1:
        listed = ", ".join(str(running.data_dir) for running in alive)
        raise SeveralRunning(f"Several systems run: {listed}. Say which with AMENDS_DATA_DIR.")
    return alive[0] if alive else None


def _read(data_dir: Path) -> Running | None:
    try:
        document: dict[str, Any] = json.loads((data_dir / _FILE).read_text())
        running = Running(**document | {"data_dir": Path(document["data_dir"])})
    except (OSError, ValueError, TypeError, KeyError):
        return None
    return running if _is_alive(running.supervisor_pid, running.supervisor_started_at) else None


def _is_alive(pid: int, started_at: float) -> bool:
    with suppress(psutil.Error):
        process = psutil.Process(pid)
        same = abs(process.create_time() - started_at) <= _START_SECONDS_APART
        return bool(same and process.status() != psutil.STATUS_ZOMBIE)
    return False


def _pointed_at() -> list[Path]:
    pointers: list[Path] = []
    with suppress(OSError):
        pointers = sorted(_pointers().glob("*.path"))
    directories = []
    for pointer in pointers:
        with suppress(OSError):
            directories.append(Path(pointer.read_text().rstrip("\n")))
    return directories


def _pointer(data_dir: Path) -> Path:
    return _pointers() / (hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:16] + ".path")


def _pointers() -> Path:
    return platformdirs.user_state_path("amends") / "running"
