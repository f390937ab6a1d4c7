"""What is wrong with a log, and where."""

from __future__ import annotations

from typing import Final, NamedTuple

# A log that is bad in more places than this is bad; where the damage begins matters most.
FAULTS_MAX: Final = 100


class Fault(NamedTuple):
    """What is wrong at `position`, or somewhere from there up to `until`."""

    position: int
    what: str
    until: int | None = None


def out_of_turn(position: int, version: int, before: int) -> Fault:
    """An event does not follow the one before it in its case."""
    return Fault(position, f"version {version} comes after version {before}")


def earlier(position: int) -> Fault:
    """An event is of an earlier time than the one before it in the log."""
    return Fault(position, "it was recorded before the event that precedes it")
