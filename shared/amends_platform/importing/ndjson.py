"""Newline-delimited JSON: one object a line, with the fields of `POST /v1/complaints`."""

from __future__ import annotations

import re
from collections.abc import Iterator

import orjson

from amends_platform.importing.lines import Lines, Record
from amends_platform.importing.rows import REASON, BadRow, Body, Row

# Holds, in a rejected file, a line that was no object and so could not take the reason as a field of its own.
UNREADABLE = "unreadable_line"

_OPENING = re.compile(r'\{\s*(?:"' + REASON + r'"\s*:\s*"(?:[^"\\]|\\.)*"\s*,?\s*)?')


def ndjson_rows(lines: Lines) -> Iterator[Row]:
    """One row a line; blank lines are passed over."""
    for text in lines:
        record = lines.take()
        if text.strip():
            yield Row(record.line, record.text, _body(record))


def with_reason(row: Row, reason: str) -> str:
    """The line of a rejected file: as it was, the reason put in front, in place of an earlier one."""
    text = row.text.strip()
    opening = _OPENING.match(text)
    if opening is None:
        # The line's own bytes may be none that JSON can hold.
        line = text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        return orjson.dumps({REASON: reason, UNREADABLE: line}).decode() + "\n"
    rest = text[opening.end() :]
    told = orjson.dumps({REASON: reason}).decode().removesuffix("}")
    return f"{told}{'' if rest.startswith('}') else ', '}{rest}\n"


def _body(record: Record) -> Body | BadRow:
    if record.fault is not None:
        return BadRow(record.fault)
    try:
        value = orjson.loads(record.text)
    except orjson.JSONDecodeError as error:
        return BadRow(f"this is no JSON: {error.msg} at column {error.colno}")
    if not isinstance(value, dict):
        return BadRow("a row is a JSON object, with the fields of POST /v1/complaints")
    value.pop(REASON, None)
    if UNREADABLE in value:
        return BadRow(f"this line was rejected before: put an object in place of {UNREADABLE}")
    return value
