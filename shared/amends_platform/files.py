"""Files that hold secrets or are read by others while we write them: private, and replaced in one step."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO


def write_private(path: Path, text: str) -> None:
    """Write `text` so that a reader sees the old file or the whole new one; only its owner may read it."""
    with private_file(path) as file:
        file.write(text.encode())


@contextmanager
def private_file(path: Path) -> Iterator[BinaryIO]:
    """A file to write to, in the place of `path` once it is whole; only its owner may read it."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    beside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    beside.unlink(missing_ok=True)
    try:
        with open(beside, "xb", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except BaseException:
        with suppress(OSError):
            beside.unlink()
        raise


def make_private_once(path: Path, text: str) -> None:
    """Make the file, readable by its owner only, unless there is one. It is there whole and for good, or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        # A link, not a rename: of two who make the file at once, the second must not replace the first's.
        with suppress(FileExistsError):
            os.link(name, path)
    finally:
        os.unlink(name)
    sync_directory(path.parent)


def others_may_read(path: Path) -> bool:
    """Whether another user of this machine comes to what is in the file: by its own rights and its directories'.

    What is mounted read-only, as secrets are, has the rights of whoever mounted it, and is not ours to judge.
    """
    if os.name != "posix" or os.statvfs(path).f_flag & os.ST_RDONLY:
        return False
    path = path.resolve()
    return any(
        path.stat().st_mode & read and all(directory.stat().st_mode & enter for directory in path.parents)
        for read, enter in ((stat.S_IRWXG, stat.S_IXGRP), (stat.S_IRWXO, stat.S_IXOTH))
    )


def sync_directory(path: Path) -> None:
    """What was made in or renamed into the directory outlasts a loss of power."""
    directory = os.open(path, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
