"""Whether the log is as it was written: nothing missing, nothing twice, every event with the hash of its bytes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, NamedTuple
from uuid import UUID

import asyncpg

from amends_store.errors import LogHole
from amends_store.leaf import leaf_hash
from amends_store.read import head_position, read_log
from amends_store.records import StoredEvent

_BATCH_EVENTS_MAX: Final = 2_000
# A log that is bad in more places than this is bad; where the damage begins matters most.
_FAULTS_MAX: Final = 100
_NEXT_POSITION: Final = "SELECT position FROM events WHERE position > $1 ORDER BY position LIMIT $2"

OnProgress = Callable[[int, int], None]


class Fault(NamedTuple):
    """What is wrong, and at which position."""

    position: int
    what: str


@dataclass(frozen=True, slots=True)
class Verified:
    """What was looked at: `events` of them, in `streams` cases, up to position `head`; `faults` in order."""

    events: int
    streams: int
    head: int
    faults: tuple[Fault, ...]
    seconds: float


async def verify_log(conn: asyncpg.Connection, reader: asyncpg.Connection, on_progress: OnProgress) -> Verified:
    """Read the whole log and check it. `reader` reads ahead while a batch is being hashed. Raises asyncpg's errors."""
    started_at = time.monotonic()
    check = _Check()
    head = await head_position(conn)
    fetching = asyncio.create_task(_batch(reader, 0, head))
    try:
        while True:
            try:
                rows = await fetching
            except LogHole as hole:
                check.faults.append(Fault(await _missing(conn, check.position), str(hole)))
                break
            if not rows:
                break
            fetching = asyncio.create_task(_batch(reader, rows[-1].position, head))
            await asyncio.sleep(0)
            check.take(rows)
            on_progress(check.position, head)
            if len(check.faults) >= _FAULTS_MAX:
                break
    finally:
        fetching.cancel()
        await asyncio.gather(fetching, return_exceptions=True)
    if check.position != head and not check.faults:
        check.faults.append(Fault(check.position + 1, f"the log ends at {check.position}, its head is {head}"))
    return Verified(check.position, len(check.versions), head, tuple(check.faults), time.monotonic() - started_at)


class _Check:
    """Everything that one pass over the log can tell."""

    def __init__(self) -> None:
        self.position = 0
        self.versions: dict[UUID, int] = {}
        self.faults: list[Fault] = []
        self._recorded_at = datetime.min.replace(tzinfo=UTC)

    def take(self, rows: list[StoredEvent]) -> None:
        for row in rows:
            self.faults += (Fault(row.position, what) for what in self._objections(row))
            self.versions[row.stream_id] = row.version
            self._recorded_at = row.recorded_at
        self.position = rows[-1].position

    def _objections(self, row: StoredEvent) -> Iterator[str]:
        before = self.versions.get(row.stream_id, 0)
        if row.version != before + 1:
            yield f"version {row.version} of case {row.stream_id} comes after version {before}"
        if row.recorded_at < self._recorded_at:
            yield f"it was recorded at {row.recorded_at.isoformat()}, before the event that precedes it"
        if leaf_hash(row) != row.leaf_hash:
            yield f"its hash is not that of its content ({row.type}, version {row.version} of case {row.stream_id})"


async def _batch(reader: asyncpg.Connection, after: int, head: int) -> list[StoredEvent]:
    """Up to `head`, as it was when we began: a log that grows must come to an end."""
    limit = min(_BATCH_EVENTS_MAX, head - after)
    return await read_log(reader, after=after, limit=limit) if limit > 0 else []


async def _missing(conn: asyncpg.Connection, after: int) -> int:
    """The first position after `after` that no event has."""
    while True:
        rows = await conn.fetch(_NEXT_POSITION, after, _BATCH_EVENTS_MAX)
        for row in rows:
            after += 1
            if row["position"] != after:
                return after
        if not rows:
            return after + 1
