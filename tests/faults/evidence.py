"""What is kept of a run that broke a promise: enough to play it again, and to find out without."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import orjson

from tests.faults.kinds.kind import Fault
from tests.faults.schedule import written
from tests.faults.soak import Run
from tests.faults.world import World


def keep(directory: Path, world: World, faults: Sequence[Fault], run: Run) -> None:
    """Write it down in `directory`, in place of what an earlier run left there."""
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    (directory / "schedule.jsonl").write_bytes(written(faults))
    (directory / "broken.txt").write_text("\n".join(run.broken) + "\n")
    (directory / "happened.txt").write_text("\n".join(world.happened) + "\n")
    shutil.copytree(world.logs, directory / "logs")
    if run.history is not None:
        _lines(directory / "commands.jsonl", (vars(each) for each in run.history.commands))
        _lines(directory / "log.jsonl", (each._asdict() for each in run.history.log))
        _lines(directory / "messages.jsonl", (vars(each) for each in run.history.stored))


def _lines(file: Path, rows: Iterable[Any]) -> None:
    file.write_bytes(b"".join(orjson.dumps(row, default=_as_text) + b"\n" for row in rows))


def _as_text(value: object) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)
