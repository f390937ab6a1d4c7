"""A report as people read it, before it is a page, a workbook or paper: sections of tables and charts, in words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

Value = str | int | Decimal | datetime | None
"""What stands in a cell; None where there is nothing to say."""


HEATS = 4


class Unit(StrEnum):
    """What a column holds, and so how it is written. CASE is a reference, PERCENT is 185.92, and SECONDS a length of
    time."""

    TEXT = "text"
    CASE = "case"
    COUNT = "count"
    PERCENT = "percent"
    NUMBER = "number"
    SECONDS = "seconds"
    TIME = "time"


class Column(NamedTuple):
    """A column under its title."""

    title: str
    unit: Unit = Unit.TEXT

    @property
    def is_figure(self) -> bool:
        """Whether it holds numbers, which stand on the right."""
        return self.unit not in (Unit.TEXT, Unit.CASE, Unit.TIME)


@dataclass(frozen=True)
class Table:
    """Rows under columns. `totals` is how many of the last rows are totals; `is_heat`: the larger a count, the darker
    its cell, but for those in the last column, which are totals too."""

    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Value, ...], ...]
    note: str = ""
    totals: int = 0
    is_heat: bool = False

    def heat(self, row: int, column: int) -> int:
        """How dark a cell is: 0, or 1 to 4 by what it is of the largest."""
        value = self.rows[row][column]
        if not self.is_heat or column == len(self.columns) - 1 or not isinstance(value, int):
            return 0
        most = max(each for cells in self.rows for each in cells[1:-1] if isinstance(each, int))
        return -(-value * HEATS // most) if most else 0

    def is_total(self, row: int) -> bool:
        return row >= len(self.rows) - self.totals


class Bar(NamedTuple):
    """A bar of a length, what is said beside it, and where it should end (None: nowhere). `is_bad`: it is beyond, or
    short of that."""

    label: str
    length: Decimal
    words: str
    limit: Decimal | None = None
    is_bad: bool = False


@dataclass(frozen=True)
class Bars:
    """Bars below one another. `description` says in a sentence what is seen."""

    title: str
    description: str
    bars: tuple[Bar, ...]


class Slice(NamedTuple):
    """A part of a whole: how much of it, and what is said of that. `tone` is bad, plain or good."""

    label: str
    size: int
    words: str
    tone: str


@dataclass(frozen=True)
class Stack:
    """The parts of a whole beside one another."""

    title: str
    description: str
    slices: tuple[Slice, ...]


Block = Table | Bars | Stack


@dataclass(frozen=True)
class Section:
    """`name` is short ASCII, for a link and a sheet's name. `lead` says what the figures mean."""

    name: str
    title: str
    lead: str
    blocks: tuple[Block, ...]


class Headline(NamedTuple):
    """A figure that is seen first. `is_bad` None: there is nothing to hold it against."""

    label: str
    value: str
    note: str
    is_bad: bool | None = None


@dataclass(frozen=True)
class Document:
    """A report in one language. `warning` is said before everything else; empty where all is well."""

    language: str
    title: str
    subtitle: str
    zone: str
    warning: str
    assurance: str
    headlines: tuple[Headline, ...]
    sections: tuple[Section, ...]
    facts: tuple[tuple[str, str], ...]
    note: str
