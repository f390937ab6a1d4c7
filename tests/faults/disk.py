"""A small disk of its own for PostgreSQL, which can really be full. Only root of Linux can make one."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Final

_BYTES: Final = 512 * 1_048_576
_CHUNK: Final = bytes(1_048_576)
_CLONE_NEWNS: Final = 0x0002_0000


class Disk:
    """A file system in memory, mounted at `directory` while `mounted`."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    @contextmanager
    def full(self) -> Iterator[None]:
        """Not a byte is left on it while the block runs."""
        ballast = self.directory / "ballast"
        try:
            with ballast.open("wb", buffering=0) as file:
                for chunk in (_CHUNK, _CHUNK[:4096], _CHUNK[:1]):
                    _fill(file.fileno(), chunk)
            yield
        finally:
            ballast.unlink(missing_ok=True)


@contextmanager
def mounted(directory: Path) -> Iterator[Disk | None]:
    """A disk at this directory, which is made; None where none can be, and then the directory is an ordinary one."""
    directory.mkdir()
    if not may_mount():
        yield None
        return
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={_BYTES},mode=0755", "tmpfs", directory], check=True)
    try:
        yield Disk(directory)
    finally:
        subprocess.run(["umount", "--lazy", directory], check=True)


@cache
def may_mount() -> bool:
    """Takes this process into a mount namespace of its own, so that what it mounts is gone when it is, kill -9 too."""
    if sys.platform != "linux" or os.geteuid() != 0:
        return False
    if ctypes.CDLL(None, use_errno=True).unshare(_CLONE_NEWNS) != 0:
        return False
    return subprocess.run(["mount", "--make-rprivate", "/"], capture_output=True, check=False).returncode == 0


def _fill(file: int, chunk: bytes) -> None:
    while True:
        try:
            os.write(file, chunk)
        except OSError:
            return
