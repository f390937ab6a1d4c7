"""A pack as one long table: month, branch, measure, part, value, unit. Measures are called as docs/measures.md does."""

from __future__ import annotations

import csv
import dataclasses
import io
import re
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Any, Final, NamedTuple
from uuid import UUID

from amends_domain.measures.figures import (
    CauseRow,
    ClockKept,
    Discussed,
    Figures,
    IndexFigures,
    Part,
    Recurred,
    Share,
    StandardFigures,
    Stay,
    TrendPoint,
)
from amends_domain.measures.pack import Pack

COLUMNS: Final = ("month", "branch", "measure", "part", "value", "unit")
TOTAL: Final = "(all)"
# What a spreadsheet would take for a formula, also behind spaces.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%", "＝", "＋", "－", "＠")
_NUMBER: Final = re.compile(r"-?[0-9]+(\.[0-9]+)?", re.ASCII)
# What these are of is told by one of their fields.
_NAMED: Final[dict[type, str]] = {
    Part: "name",
    ClockKept: "clock",
    Stay: "state",
    CauseRow: "cause",
    StandardFigures: "name",
    IndexFigures: "name",
    TrendPoint: "month",
    Discussed: "reference",
}


class Line(NamedTuple):
    """A value. `part` says what of the measure it is, its words parted by slashes; empty for the measure itself."""

    branch: str
    measure: str
    part: str
    value: str
    unit: str


def lines(pack: Pack) -> Iterator[Line]:
    """Every figure of every branch, the total first; then what the pack was made from."""
    for one in (pack.total, *pack.branches):
        yield from _figures(one)
    yield Line(TOTAL, "pack.position", "", str(pack.position), "position")
    yield Line(TOTAL, "pack.reconciles", "", str(pack.reconciles).lower(), "truth")
    for each in pack.policies:
        yield Line(TOTAL, "pack.policy", f"{each.name} {each.version}", each.hash, "hash")
    if pack.checkpoint is not None:
        yield Line(TOTAL, "pack.checkpoint", str(pack.checkpoint.tree_size), pack.checkpoint.root_hash, "hash")
    for equation in pack.reconciliations:
        branch = equation.branch or pack.branch or TOTAL
        yield Line(branch, "pack.reconciliation", equation.name, str(equation.difference), "difference")


def as_csv(pack: Pack) -> bytes:
    """The table in UTF-8, with a mark by which spreadsheets know it. RFC 4180."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for line in lines(pack):
        writer.writerow([guarded(cell) for cell in (pack.month, *line)])
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def guarded(cell: str) -> str:
    """The cell as a text, even where it looks like a formula; a number stays one."""
    is_number = (
        cell.removeprefix("-").replace(".", "", 1).isascii() and cell.removeprefix("-").replace(".", "", 1).isdigit()
    )
    return f"'{cell}" if cell.strip(" ").startswith(_FORMULA) and not is_number else cell


def _figures(one: Figures) -> Iterator[Line]:
    branch = TOTAL if one.branch is None else one.branch
    for field in dataclasses.fields(one):
        if field.name != "branch":
            yield from _of(branch, field.name, (), field.name, getattr(one, field.name))


def _of(branch: str, measure: str, part: tuple[str, ...], name: str, value: Any) -> Iterator[Line]:
    if value is None or isinstance(value, dict):
        return
    if isinstance(value, tuple):
        for number, each in enumerate(value, 1):
            told = _name_of(each) if dataclasses.is_dataclass(each) else str(number)
            yield from _of(branch, measure, (*part, told), name, each)
        return
    if not dataclasses.is_dataclass(value):
        yield Line(branch, measure, "/".join(part), _written(value), _unit(name, value))
        return
    named = _NAMED.get(type(value))
    for field in dataclasses.fields(value):
        if field.name == named:
            continue
        inner = getattr(value, field.name)
        if isinstance(value, Part):
            yield from _of(branch, measure, part, field.name, inner)
            continue
        is_measure = not part and not isinstance(value, Share | IndexFigures)
        if is_measure:
            yield from _of(branch, f"{measure}.{field.name}", (), field.name, inner)
        elif field.name == "parts" and isinstance(value, IndexFigures):
            yield from _of(branch, measure, part, field.name, inner)
        else:
            yield from _of(branch, measure, (*part, field.name), field.name, inner)


def _name_of(value: Any) -> str:
    if isinstance(value, Recurred):
        return f"{value.reference}/{value.number}"
    named = _NAMED.get(type(value))
    return "" if named is None else str(getattr(value, named))


def _written(value: Any) -> str:
    match value:
        case bool():
            return str(value).lower()
        case datetime():
            return value.isoformat()
        case Enum():
            return str(value.value)
        case _:
            return str(value)


def _unit(name: str, value: Any) -> str:
    match value:
        case bool():
            return "truth"
        case int():
            return "count"
        case datetime():
            return "time"
        case UUID():
            return "id"
        case Decimal():
            return "percent" if name in _PERCENTS else "seconds" if name.endswith("_seconds") else "number"
        case _:
            return "text"


_PERCENTS: Final = frozenset({"percent", "of_cap", "expected_percent", "without_complaint_percent", "target"})
