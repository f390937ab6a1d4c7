"""Which format a file has, by its first line or its name, and its rows."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO, NamedTuple

from amends_platform.failures import Failure, WrongUsage
from amends_platform.importing import tables
from amends_platform.importing.cfpb import cfpb_complaint, check_cfpb_table, is_cfpb_table
from amends_platform.importing.complaint_table import check_complaint_table, complaint, is_complaint_table
from amends_platform.importing.lines import Lines
from amends_platform.importing.ndjson import ndjson_rows, with_reason
from amends_platform.importing.rows import Row, Timing

REJECTED_SUFFIX = ".rejected"


class Format(StrEnum):
    """How complaints are written down in a file."""

    NDJSON = "ndjson"
    CSV = "csv"
    CFPB = "cfpb"

    @property
    def timing(self) -> Timing | None:
        """How its rows are recorded unless the user says: None as each row says itself."""
        return Timing.HISTORY if self is Format.CFPB else None


class Reading(NamedTuple):
    """A file being read. `header` None: rejected rows need none above them; `rejection` is how they are written."""

    rows: Iterator[Row]
    header: str | None
    rejection: Callable[[Row, str], str]


_SUFFIXES = {".ndjson": Format.NDJSON, ".jsonl": Format.NDJSON, ".json": Format.NDJSON}
_TABLE_SUFFIXES = frozenset({".csv", ".tsv", ".txt"})
_JSON_ARRAY = re.compile(r"\[\s*(\{|$)")
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")


def format_of(path: Path, encoding: str) -> Format:
    """The format of a file nobody named. Raises WrongUsage, or Failure where it could never be read."""
    with path.open("rb") as file:
        if file.read(2) in _UTF_16:
            raise Failure(f"{path} is UTF-16. Save it as UTF-8 and import that.")
        file.seek(0)
        lines = Lines(file, encoding)
        first = next((line.strip() for line in lines if line.strip()), "")
    if _JSON_ARRAY.match(first):
        raise WrongUsage(f"{path} is one JSON array. Write one object a line: jq -c '.[]' FILE > FILE.ndjson")
    if first.startswith("{"):
        return Format.NDJSON
    with path.open("rb") as file:
        header = tables.read_header(Lines(file, encoding))
    if header is not None and is_cfpb_table(header):
        return Format.CFPB
    suffix = Path(path.name.lower().removesuffix(REJECTED_SUFFIX)).suffix
    if suffix in _TABLE_SUFFIXES or (header is not None and is_complaint_table(header)):
        return Format.CSV
    if suffix in _SUFFIXES:
        return _SUFFIXES[suffix]
    raise WrongUsage(f"The format of {path} cannot be told from its name or its first line. Say --format.")


def read(file: BinaryIO, format: Format, encoding: str) -> Reading:  # noqa: A002  # the option's name
    """The rows of a file opened in binary. Raises Failure when its columns are not those of the format."""
    lines = Lines(file, encoding)
    if format is Format.NDJSON:
        return Reading(ndjson_rows(lines), None, with_reason)
    header = tables.read_header(lines)
    if header is None:
        return Reading(iter(()), None, with_reason)
    if format is Format.CFPB:
        check_cfpb_table(header)
        meaning = cfpb_complaint
    else:
        check_complaint_table(header)
        meaning = complaint
    return Reading(
        tables.table_rows(lines, header, meaning),
        tables.header_with_reason(header),
        lambda row, reason: tables.with_reason(row, reason, header),
    )


def count_rows(path: Path, format: Format, encoding: str) -> int:  # noqa: A002  # the option's name
    """How many rows `read` will give."""
    with path.open("rb") as file:
        lines = Lines(file, encoding)
        if format is Format.NDJSON:
            return sum(1 for line in lines if lines.take() and line.strip())
        header = tables.read_header(lines)
        return 0 if header is None else sum(1 for _ in tables.table_rows(lines, header, lambda _: {}))
