"""Where tests keep the data of servers: in memory where there is room, since no test can tell it from a disk."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

_MEMORY: Final = Path("/dev/shm")  # a directory of the test's own is made in it
# Some ten servers at once, at a few hundred megabytes each.
_BYTES_MIN: Final = 4 * 1_073_741_824


@contextmanager
def scratch_directory(prefix: str) -> Iterator[Path]:
    """An empty directory with a short path, as sockets need it; removed at the end."""
    roomy = _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free >= _BYTES_MIN
    directory = Path(tempfile.mkdtemp(prefix=prefix, dir=_MEMORY if roomy else None))
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)
