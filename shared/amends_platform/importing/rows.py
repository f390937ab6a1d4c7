"""What a reader makes of a file: rows, each the body of one `POST /v1/complaints` or the reason why it is none."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from enum import StrEnum
from typing import Any, NamedTuple

import orjson

Body = dict[str, Any]

# The name of the field or column in which a rejected row carries its reason, and which every reader passes over.
REASON = "rejected_because"


class BadRow(Exception):
    """A row that cannot be sent. The message is the reason, for whoever mends the file."""


class Row(NamedTuple):
    """One record. `line` is the line of the file it starts at, from 1; `text` is the record as it stands there."""

    line: int
    text: str
    body: Body | BadRow


class Timing(StrEnum):
    """HISTORY: cases from the past, which start no clocks. LIVE: received now, whatever the row says of its time."""

    HISTORY = "history"
    LIVE = "live"


def timed(row: Row, timing: Timing | None) -> Row:
    """The row as it is to be recorded. None: it says itself whether it is from the past."""
    if timing is None or isinstance(row.body, BadRow):
        return row
    body = {name: value for name, value in row.body.items() if name != "historical"}
    if timing is Timing.LIVE:
        body.pop("occurred_at", None)
    elif body.get("occurred_at") in (None, ""):
        return row._replace(body=BadRow("occurred_at is missing: a complaint from the past says when it was made"))
    else:
        body["historical"] = True
    return row._replace(body=body)


def named(row: Row) -> Row:
    """The row with an external_ref: where it brings none, one made from its content, so that it is recognised again."""
    if isinstance(row.body, BadRow) or row.body.get("external_ref"):
        return row
    content = hashlib.sha256(orjson.dumps(row.body, option=orjson.OPT_SORT_KEYS)).hexdigest()
    return row._replace(body=row.body | {"external_ref": f"content:{content[:40]}"})


def prepared(rows: Iterator[Row], timing: Timing | None) -> Iterator[Row]:
    """Rows ready to send. The name comes first: a row means the same complaint however it is timed."""
    return (timed(named(row), timing) for row in rows)
