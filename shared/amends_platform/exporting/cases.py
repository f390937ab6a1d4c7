"""Cases folded from an extract one after the other, so that only one is in memory at a time."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import NamedTuple

from amends_domain.case import Case
from amends_domain.evolve import evolve
from amends_platform.exporting.extract import Entry, Extract
from amends_platform.recorded import recorded


class Step(NamedTuple):
    """An event, and its case just after it. `in_scope`: it is one of those to export, not an earlier one."""

    entry: Entry
    case: Case
    in_scope: bool


async def lives(extract: Extract, on_progress: Callable[[int], None]) -> AsyncIterator[list[Step]]:
    """The life of each case that the extract has, whole. Raises UnknownEventType, BrokenStream.

    `on_progress` hears how many events have been told.
    """
    async for stream in _streams(extract, on_progress):
        life: list[Step] = []
        for entry in stream:
            event = entry.event
            case = evolve(life[-1].case if life else None, event.stream_id, recorded(event))
            life.append(Step(entry, case, event.position > extract.scope.after))
        yield life


async def _streams(extract: Extract, on_progress: Callable[[int], None]) -> AsyncIterator[list[Entry]]:
    """The events of each case that the extract has, in their order. `on_progress` as in `lives`."""
    stream: list[Entry] = []
    told = 0
    async for entries in extract.case_by_case():
        for entry in entries:
            if stream and stream[-1].event.stream_id != entry.event.stream_id:
                yield stream
                stream = []
            stream.append(entry)
        told += len(entries)
        on_progress(told)
    if stream:
        yield stream
