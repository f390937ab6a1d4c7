"""Comma-separated values: records under a header, found by column name, each with the line it starts at."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from amends_platform.importing.lines import Lines
from amends_platform.importing.rows import REASON, BadRow, Body, Row

# Longer than any narrative that intake takes: what exceeds it is a quote that was never closed.
_FIELD_CHARACTERS_MAX = 200_000

Meaning = Callable[[Mapping[str, str]], Body]


class Header(NamedTuple):
    """The column names, trimmed, and what stands between them."""

    columns: tuple[str, ...]
    delimiter: str

    @property
    def meaningful(self) -> frozenset[str]:
        """Without the column that a rejected file adds."""
        return frozenset(self.columns) - {REASON}


def read_header(lines: Lines) -> Header | None:
    """The header, None when the file is empty."""
    for first in lines:
        delimiter = max(",;\t", key=first.count)
        if first.strip():
            columns = _records(_from(first, lines), delimiter)
            names = next(columns)
            lines.take()
            return Header(() if isinstance(names, BadRow) else tuple(name.strip() for name in names), delimiter)
        lines.take()
    return None


def table_rows(lines: Lines, header: Header, meaning: Meaning) -> Iterator[Row]:
    """One row a record; blank lines are passed over. `meaning` raises BadRow for a record that is no complaint."""
    for values in _records(lines, header.delimiter):
        record = lines.take()
        if not values:
            continue
        fault = BadRow(record.fault) if record.fault is not None else None
        yield Row(record.line, record.text, fault or _body(values, header, meaning))


def with_reason(row: Row, reason: str, header: Header) -> str:
    """The record of a rejected file: as it was, the reason in a first column, in place of an earlier one."""
    record = row.text.rstrip("\r\n")
    if header.columns[0] == REASON:
        record = re.sub(r'\A(?:"(?:[^"]|"")*"|[^"' + header.delimiter + r"]*)" + header.delimiter, "", record)
    return f"{_quoted(reason)}{header.delimiter}{record}\n"


def header_with_reason(header: Header) -> str:
    """The header of a rejected file."""
    columns = (column for column in header.columns if column != REASON)
    return header.delimiter.join((REASON, *(_quoted(column) for column in columns))) + "\n"


def _body(values: Sequence[str] | BadRow, header: Header, meaning: Meaning) -> Body | BadRow:
    if isinstance(values, BadRow):
        return values
    if len(values) != len(header.columns):
        return BadRow(f"{len(values)} columns where the header has {len(header.columns)}")
    try:
        return meaning(dict(zip(header.columns, values, strict=True)))
    except BadRow as bad:
        return bad


def _records(lines: Iterator[str], delimiter: str) -> Iterator[list[str] | BadRow]:
    csv.field_size_limit(_FIELD_CHARACTERS_MAX)
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    while True:
        try:
            yield next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield BadRow(f"this is no CSV record: {_EXPLAINED.get(str(error), error)}")


def _from(first: str, rest: Iterator[str]) -> Iterator[str]:
    yield first
    yield from rest


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


_EXPLAINED = {
    "unexpected end of data": "a quote that opens in it is never closed",
    f"field larger than field limit ({_FIELD_CHARACTERS_MAX})": "a quote that opens in it is not closed for pages",
}
