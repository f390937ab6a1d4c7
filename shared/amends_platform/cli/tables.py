"""Tables and colours at the terminal: full where a person looks, plain and uncut where a program reads."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from typing import Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from amends_platform.cli.instants import seconds_in_words

# Wide enough that no column of ours is cut when the output goes into a file or another program.
_WIDTH_ELSEWHERE: Final = 200
_SOON_SECONDS: Final = 7_200

_GRADES: Final = {"major": "bold red", "escalated": "bold magenta"}
_STATES: Final = {
    "received": "yellow",
    "apologized": "cyan",
    "investigated": "cyan",
    "proposed": "blue",
    "customer-confirmed": "green",
}


def wide_console() -> Console:
    """Standard output. rich leaves colours out where nobody sees them, or NO_COLOR is set."""
    console = Console(highlight=False, soft_wrap=True)
    if not console.is_terminal:
        console = Console(
            highlight=False, soft_wrap=True, width=max(_WIDTH_ELSEWHERE, shutil.get_terminal_size().columns)
        )
    return console


def plain_table(*columns: str) -> Table:
    """A table without lines: it can be cut, sorted and searched by other programs."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def state(name: str) -> Text:
    return Text(name, _STATES.get(name, "dim"))


def grade(name: str) -> Text:
    return Text(name, _GRADES.get(name, ""))


def time_left(due_at: str, now: datetime | None = None) -> Text:
    """How long until then, or since, in words."""
    left = (datetime.fromisoformat(due_at) - (now or datetime.now(UTC))).total_seconds()
    if left < 0:
        return Text(f"{seconds_in_words(left)} ago", "bold red")
    return Text(f"in {seconds_in_words(left)}", "yellow" if left < _SOON_SECONDS else "")


def local_time(at: str) -> str:
    """A time in this machine's zone, to the second."""
    return f"{datetime.fromisoformat(at).astimezone():%Y-%m-%d %H:%M:%S}"
