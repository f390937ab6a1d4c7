"""Tables and colours at the terminal: full where a person looks, plain and uncut where a program reads."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Final

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.text import Text

from amends_platform.cli.signs import SOON_SECONDS
from amends_platform.words import Words

_GRADES: Final = {"major": "bold red", "escalated": "bold magenta"}
_STATES: Final = {
    "received": "yellow",
    "apologized": "cyan",
    "investigated": "cyan",
    "proposed": "blue",
    "customer-confirmed": "green",
}
_BETWEEN: Final = 2
# Characters that tell a terminal to do something, and show nothing; but for tabs and the ends of lines.
_COMMANDS: Final = dict.fromkeys({*range(32), *range(127, 160)} - {9, 10}, "\N{REPLACEMENT CHARACTER}")


class _Tame(Console):
    """What people wrote is shown, and does nothing: a customer's words could rename the window, or clear it."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterator[Segment]:
        for segment in super().render(renderable, options):
            yield segment if segment.control else segment._replace(text=segment.text.translate(_COMMANDS))


def output() -> Console:
    """Standard output. rich leaves colours out where nobody sees them, or NO_COLOR is set."""
    return _Tame(highlight=False, soft_wrap=True)


def print_table(
    console: Console, columns: Sequence[str], rows: Sequence[Sequence[Text | str]], *, give_up: Sequence[int] = ()
) -> tuple[str, ...]:
    """Columns without lines: as wide as a terminal, whole anywhere else, to be sorted and searched.

    Where there is no room for all, those numbered in `give_up` are left out, one after the other. Answers which were;
    what is still too wide is cut at the edge.
    """
    width = console.width if console.is_terminal else None
    left_out = _left_out(columns, _cells(rows), width, give_up)
    for line in lines_of_table(columns, rows, width, give_up=give_up):
        if width is None:
            print(line.plain)
        else:
            console.print(line)
    return tuple(columns[number] for number in left_out)


def lines_of_table(
    columns: Sequence[str], rows: Sequence[Sequence[Text | str]], width: int | None, *, give_up: Sequence[int] = ()
) -> Iterator[Text]:
    """The lines that `print_table` prints, for a terminal of that width; None is no terminal.

    Not rich's own table: it takes 0.6 ms a row, and there may be tens of thousands.
    """
    cells = _cells(rows)
    left_out = _left_out(columns, cells, width, give_up)
    shown = [number for number in range(len(columns)) if number not in left_out]
    widths = _widths(columns, cells)
    for row in ([Text(column, "dim") for column in columns], *cells):
        line = Text()
        for number in shown:
            line.append_text(row[number])
            line.append(" " * (widths[number] - cell_len(row[number].plain) + _BETWEEN))
        line.rstrip()
        if width is not None:
            line.truncate(width, overflow="ellipsis")
        yield line


def _cells(rows: Sequence[Sequence[Text | str]]) -> list[list[Text]]:
    return [[cell if isinstance(cell, Text) else Text(cell) for cell in row] for row in rows]


def _widths(columns: Sequence[str], cells: Sequence[Sequence[Text]]) -> list[int]:
    return [
        max([cell_len(column), *(cell_len(row[number].plain) for row in cells)])
        for number, column in enumerate(columns)
    ]


def _left_out(
    columns: Sequence[str], cells: Sequence[Sequence[Text]], width: int | None, give_up: Sequence[int]
) -> list[int]:
    if width is None:
        return []
    widths = _widths(columns, cells)
    left_out: list[int] = []
    for number in give_up:
        if sum(widths) + _BETWEEN * (len(columns) - len(left_out) - 1) <= width:
            break
        widths[number] = 0
        left_out.append(number)
    return left_out


def fitted(console: Console, line: Text) -> Text:
    """The line, cut at the edge of a terminal; whole anywhere else."""
    if console.is_terminal:
        line.truncate(console.width, overflow="ellipsis")
    return line


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
    return Text(said.text("in {length}", length=length), "yellow" if left < SOON_SECONDS else "")


def padded(text: str, width: int) -> str:
    """The text with spaces up to the width: Chinese characters are two columns wide."""
    return text + " " * (width - cell_len(text))


def local_time(at: str) -> str:
    """A time in this machine's zone, to the second."""
    return f"{datetime.fromisoformat(at).astimezone():%Y-%m-%d %H:%M:%S}"
