"""Signed checkpoints as files, one each, never overwritten: for storage that is written once, and to hand out."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

from amends_platform.evidence.tree_head import SignedCheckpoint, checkpoints_after
from amends_platform.files import sync_directory
from amends_store.read import Executor

_NAME: Final = re.compile(r"checkpoint-[0-9]{20}\.txt")
_BATCH: Final = 500


class HoldsAnother(Exception):
    """There is a file of this size's checkpoint already, and it holds another one."""


class Exported(NamedTuple):
    """`written` files are new, `present` were there; `newest` is the newest checkpoint there is."""

    written: int
    present: int
    newest: SignedCheckpoint | None


def file_name(tree_size: int) -> str:
    """The name of a checkpoint's file: sorted by name, they are sorted by size."""
    return f"checkpoint-{tree_size:020}.txt"


def newest_in(directory: Path) -> str:
    """What the newest checkpoint's file holds; nothing when there is none. Raises OSError."""
    newest = max(filter(_NAME.fullmatch, os.listdir(directory)), default=None)
    return "" if newest is None else (directory / newest).read_text(encoding="utf-8")


def write_once(directory: Path, tree_size: int, note: str) -> bool:
    """Make the file of this note; False when it was there. What a crash cut off is continued. Raises HoldsAnother."""
    path = directory / file_name(tree_size)
    try:
        handle, written = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644), ""
    except FileExistsError:
        written = path.read_text(encoding="utf-8")
        if written == note:
            return False
        if not note.startswith(written):
            raise HoldsAnother(f"{path} holds another checkpoint of the same size.") from None
        handle = os.open(path, os.O_WRONLY | os.O_APPEND)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(note.removeprefix(written))
        file.flush()
        os.fsync(file.fileno())
    sync_directory(directory)
    return True


async def export(conn: Executor, directory: Path, on_progress: Callable[[int], None]) -> Exported:
    """Write every signed checkpoint that is not there yet. Raises HoldsAnother, OSError, asyncpg's errors."""
    written = done = 0
    newest: SignedCheckpoint | None = None
    while several := await checkpoints_after(conn, 0 if newest is None else newest.tree_size, _BATCH):
        for signed in several:
            written += write_once(directory, signed.tree_size, signed.note)
            done += 1
            on_progress(done)
        newest = several[-1]
    return Exported(written, done - written, newest)
