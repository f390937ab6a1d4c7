"""The directory that one running system owns: its servers' data, its keys, its logs, and the lock on all of it."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from amends_platform.failures import Failure

# Beside other keys it says that those are of development, too.
DEVELOPMENT_KEYS: Final = "development.json"


@dataclass(frozen=True, slots=True)
class DataDirectory:
    """Where what is kept."""

    path: Path

    @property
    def postgres(self) -> Path:
        return self.path / "postgres"

    @property
    def nats(self) -> Path:
        return self.path / "nats"

    @property
    def children(self) -> Path:
        """Which processes run, for the next start after a kill -9."""
        return self.path / "children.json"

    @property
    def development_keys(self) -> Path:
        return self.path / "keys" / DEVELOPMENT_KEYS

    def log(self, program: str) -> Path:
        """The log file of a program."""
        return self.path / "logs" / f"{program}.log"


@contextmanager
def owned(path: Path) -> Iterator[DataDirectory]:
    """Make the directory and hold it: nobody else can until we end, however we end. Raises Failure."""
    try:
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = os.open(path / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise Failure(
            f"The data directory {path} cannot be used: {error.strerror}. "
            "Run as the user it belongs to, or choose another with --data-dir."
        ) from error
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(handle, 20, 0).decode(errors="replace").strip() or "unknown"
            raise Failure(
                f"Another `amends up` (pid {holder}) uses {path}. Stop it, or choose another directory with --data-dir."
            ) from None
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
        yield DataDirectory(path)
    finally:
        os.close(handle)
