"""The physical lines of a file, decoded, and the records they add up to: a quoted CSV field may span many lines."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

# No complaint that intake accepts is longer, and a file without line ends must not fill the memory.
LINE_BYTES_MAX = 4 * 1_048_576

_BOM = "\ufeff"


class Record(NamedTuple):
    """`text` as it stands in the file. `fault`: why it cannot be read, None when it can."""

    line: int
    text: str
    fault: str | None


class Lines:
    """Iterates over the lines; `take` gives those read since the last `take`, as one record.

    Bytes that the encoding does not know become lone surrogates, so that written back they are the same bytes.
    """

    def __init__(self, file: BinaryIO, encoding: str) -> None:
        self._file = file
        self._encoding = encoding
        self._number = 0
        self._starts_at = 1
        self._taken: list[str] = []
        self._fault: str | None = None

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._file.readline(LINE_BYTES_MAX)
        if not line:
            raise StopIteration
        self._number += 1
        if len(line) == LINE_BYTES_MAX and not line.endswith(b"\n"):
            self._fault = f"line {self._number} is longer than {LINE_BYTES_MAX:,} bytes"
            self._skip_rest()
        text = self._decoded(line)
        if self._number == 1:
            text = text.removeprefix(_BOM)
        self._taken.append(text)
        return text

    def take(self) -> Record:
        """The record that the lines since the last call make up."""
        record = Record(self._starts_at, "".join(self._taken), self._fault)
        self._starts_at, self._taken, self._fault = self._number + 1, [], None
        return record

    def _decoded(self, line: bytes) -> str:
        try:
            return line.decode(self._encoding)
        except UnicodeDecodeError as error:
            byte = line[error.start]
            self._fault = self._fault or (
                f"line {self._number} is not {self._encoding.upper()} (byte {byte:#04x} at {error.start + 1})"
            )
            return line.decode(self._encoding, "surrogateescape")

    def _skip_rest(self) -> None:
        while (part := self._file.readline(LINE_BYTES_MAX)) and not part.endswith(b"\n"):
            pass
