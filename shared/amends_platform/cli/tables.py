"""Tables and colours at the terminal: full where a person looks, plain and uncut where a program reads."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from amends_platform.words import Words

_SOON_SECONDS: Final = 7_200

_GRADES: Final = {"major": "bold red", "escalated": "bold magenta"}
_STATES: Final = {
    "received": "yellow",
    "apologized": "cyan",
    "investigated": "cyan",
    "proposed": "blue",
    "customer-confirmed": "green",
}


def output() -> Console:
    """Standard output. rich leaves colours out where nobody sees them, or NO_COLOR is set."""
    return Console(highlight=False, soft_wrap=True)


def print_table(console: Console, columns: Sequence[str], rows: Sequence[Sequence[Text | str]]) -> None:
    """Columns without lines: cut at the edge of a terminal, whole anywhere else, to be sorted and searched.

    Not rich's own table: it takes 0.6 ms a row, and there may be tens of thousands.
    """
    cells = [[cell if isinstance(cell, Text) else Text(cell) for cell in row] for row in rows]
    widths = [
        max([cell_len(column), *(cell_len(row[number].plain) for row in cells)])
        for number, column in enumerate(columns)
    ]
    for row in ([Text(column, "dim") for column in columns], *cells):
        line = Text()
        for cell, width in zip(row, widths, strict=True):
            line.append_text(cell)
            line.append(" " * (width - cell_len(cell.plain) + 2))
        line.rstrip()
        if console.is_terminal:
            line.truncate(console.width, overflow="ellipsis")
            console.print(line)
        else:
            print(line.plain)


def state(said: Words, name: str) -> Text:
    return Text(said.code("state", name), _STATES.get(name, "dim"))


def grade(said: Words, name: str) -> Text:
    return Text(said.code("grade", name), _GRADES.get(name, ""))


def time_left(said: Words, due_at: str, now: datetime | None = None) -> Text:
    """How long until then, or since, in words."""
    left = (datetime.fromisoformat(due_at) - (now or datetime.now(UTC))).total_seconds()
    length = said.length(left, short=True)
    if left < 0:
        return Text(said.text("{length} ago", length=length), "bold red")
    return Text(said.text("in {length}", length=length), "yellow" if left < _SOON_SECONDS else "")


def padded(text: str, width: int) -> str:
    """The text with spaces up to the width: Chinese characters are two columns wide."""
    return text + " " * (width - cell_len(text))


def local_time(at: str) -> str:
    """A time in this machine's zone, to the second."""
    return f"{datetime.fromisoformat(at).astimezone():%Y-%m-%d %H:%M:%S}"
