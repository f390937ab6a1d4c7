"""An export from beginning to end: what is read, in which format, and where it goes."""

from __future__ import annotations

import asyncio
import errno
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Final, NamedTuple

from amends_domain.event_codec import UnknownEventType
from amends_domain.evolve import BrokenStream
from amends_platform.exporting.counting import Counted, OnProgress, Out
from amends_platform.exporting.extract import Extract, Scope
from amends_platform.exporting.ndjson import write_ndjson
from amends_platform.exporting.ocel import write_ocel
from amends_platform.exporting.parquet import check_duckdb, write_parquet
from amends_platform.exporting.xes import write_xes
from amends_platform.failures import Failure
from amends_platform.files import private_file
from amends_platform.sealing import CannotUnseal


class Format(StrEnum):
    """What can be written."""

    OCEL = "ocel"
    XES = "xes"
    NDJSON = "ndjson"
    PARQUET = "parquet"


class Exported(NamedTuple):
    """What was written: events after position `after` up to `until`."""

    format: Format
    scope: Scope
    counted: Counted
    personal: bool
    seconds: float


_Write = Callable[[Extract, Out, OnProgress], Awaitable[Counted]]
_WRITERS: Final[Mapping[Format, _Write]] = {
    Format.OCEL: write_ocel,
    Format.XES: write_xes,
    Format.NDJSON: write_ndjson,
}

_FILE_TROUBLE: Final = frozenset(
    {
        *(errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOENT, errno.EEXIST, errno.ENOTDIR, errno.EISDIR),
        *(errno.ENOSPC, errno.EDQUOT, errno.EFBIG),
    }
)


async def export_to(out: Out, format_: Format, extract: Extract, on_progress: OnProgress) -> Exported:
    """Write everything that the extract has, personal data too if it unseals. Not for Parquet. Raises Failure."""
    started_at = time.monotonic()
    with _in_words():
        counted = await _WRITERS[format_](extract, out, on_progress)
    return Exported(format_, extract.scope, counted, extract.personal, time.monotonic() - started_at)


async def export_to_file(path: Path, format_: Format, extract: Extract, on_progress: OnProgress) -> Exported:
    """As `export_to`, to a file that only its owner may read, and that is there whole or not at all."""
    if format_ is Format.PARQUET:
        check_duckdb()
    try:
        with private_file(path) as out:
            if format_ is Format.PARQUET:
                return await _export_parquet(Path(out.name), extract, on_progress)
            return await export_to(out, format_, extract, on_progress)
    except OSError as error:
        # An outage of the database is one too, and none of ours.
        if error.errno not in _FILE_TROUBLE:
            raise
        raise Failure(f"{path} cannot be written: {error.strerror}.") from error


async def _export_parquet(path: Path, extract: Extract, on_progress: OnProgress) -> Exported:
    started_at = time.monotonic()
    with NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", suffix=".ndjson") as lines:
        exported = await export_to(lines, Format.NDJSON, extract, on_progress)
        lines.flush()
        await asyncio.to_thread(write_parquet, Path(lines.name), path, personal=extract.personal)
    return exported._replace(format=Format.PARQUET, seconds=time.monotonic() - started_at)


@contextmanager
def _in_words() -> Iterator[None]:
    """What a log can be that cannot be exported, as a failure that says so."""
    try:
        yield
    except UnknownEventType as error:
        raise Failure(f"The log has events of type {error}, which this release does not know.") from error
    except BrokenStream as error:
        raise Failure(f"The log makes no case of what it has: {error}. `amends replay` tells more.") from error
    except CannotUnseal as error:
        raise Failure(str(error)) from error
