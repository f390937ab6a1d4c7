"""What the top of every page leads to."""

from __future__ import annotations

from typing import Final, NamedTuple

from amends_platform.words import message


class Entry(NamedTuple):
    """A page that is always within reach. `key` is pressed after `g`."""

    path: str
    label: str
    key: str


ENTRIES: Final = (
    Entry("/", message("Queue"), "q"),
    Entry("/board", message("Board"), "b"),
    Entry("/alerts", message("Alerts"), "a"),
    Entry("/reports", message("Reports"), "r"),
    Entry("/audit", message("Audit"), "u"),
)


def is_current(entry: Entry, path: str) -> bool:
    """Whether the page at `path` belongs to the entry."""
    if entry.path == "/":
        return path == "/" or path.startswith(("/cases/", "/complaints/"))
    return path == entry.path or path.startswith(entry.path + "/")
