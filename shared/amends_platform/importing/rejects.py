"""The file of rejected rows: in the format they came in, each with its reason, to be mended and imported again."""

from __future__ import annotations

import os
from pathlib import Path
from types import TracebackType
from typing import TextIO

from amends_platform.failures import Failure
from amends_platform.importing.formats import REJECTED_SUFFIX, Reading
from amends_platform.importing.rows import Row


class Rejects:
    """Writes `FILE.rejected`, from the first rejected row on; without one it touches nothing.

    It stands beside the file, or in the current directory where that cannot be written to. Only its owner may read it:
    there are customers in it.
    """

    def __init__(self, source: Path, reading: Reading, encoding: str) -> None:
        self._name = source.name + REJECTED_SUFFIX
        self._beside = source.parent
        self._reading = reading
        self._encoding = encoding
        self._file: TextIO | None = None
        self.path: Path | None = None

    def __enter__(self) -> Rejects:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._file is not None:
            self._file.close()

    def add(self, row: Row, reason: str) -> None:
        """Write one more. Raises Failure when no file can be written."""
        if self._file is None:
            self._file = self._open()
            if self._reading.header is not None:
                self._file.write(self._reading.header)
        self._file.write(self._reading.rejection(row, reason))

    def _open(self) -> TextIO:
        refused: OSError | None = None
        for directory in (self._beside, Path()):
            path = directory / self._name
            try:
                handle = _open_privately(path)
            except OSError as error:
                refused = error
                continue
            self.path = path
            return os.fdopen(handle, "w", encoding=self._encoding, errors="surrogateescape", newline="")
        assert refused is not None
        raise Failure(
            f"Rejected rows cannot be written to {self._name}, neither beside the file nor in the current "
            f"directory: {refused.strerror}."
        )


def _open_privately(path: Path) -> int:
    """One that was there before is made private, too; nor is it somebody else's, or one that a link leads to."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    try:
        os.fchmod(handle, 0o600)
    except OSError:
        os.close(handle)
        raise
    return handle
