"""A replay from beginning to end, with and without a live state to compare with."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final
from uuid import UUID

import asyncpg

from amends_platform.garbage import without_collecting
from amends_platform.policy.book import PolicyBook
from amends_platform.replaying.comparing import Comparison
from amends_platform.replaying.differences import Difference
from amends_platform.replaying.folding import Fold, LogRow, log_rows
from amends_platform.replaying.live import live_position
from amends_store.errors import LogHole
from amends_store.read import UpToPosition, UpToTime, head_position, read_log, read_stream

_BATCH_EVENTS_MAX: Final = 5_000
# The live state may be behind the log for a moment. If it does not move for this long, nobody keeps it.
_STANDSTILL_SECONDS_MAX: Final = 5.0
_LOOK_AGAIN_SECONDS: Final = 0.05
# Half of an event's columns, a third of its bytes: what is sealed is not opened here, and its hash is not checked.
_READ: Final = f"SELECT {', '.join(LogRow._fields)} FROM events WHERE position > $1 ORDER BY position LIMIT $2"  # noqa: S608


# Hears how far a replay is: the stage ("replaying" events, then "comparing" cases), how many are done, of how many.
OnProgress = Callable[[str, int, int], None]


@dataclass
class Replayed:
    """What a replay found. `position` is where it stopped, `head` where the log ended when it began.

    `compared` counts what was held against the live state (cases, deadlines, timers) and against the policies (alerts).
    `seconds` is for everything, `folding_seconds` for reading the log and folding it into cases.
    """

    events: int
    cases: int
    position: int
    head: int
    states: dict[str, int]
    seconds: float
    folding_seconds: float
    compared: dict[str, int] = field(default_factory=dict)
    differences: list[Difference] = field(default_factory=list)


async def replay_and_compare(conn: asyncpg.Connection, reader: asyncpg.Connection, on_progress: OnProgress) -> Replayed:
    """Replay all that the live state has seen, and compare. `reader` reads the log ahead meanwhile.

    Raises asyncpg's errors, UnknownPolicy.
    """
    started_at = time.monotonic()
    policies = PolicyBook(conn)
    await policies.refresh()
    fold = Fold(conn, policies)
    comparison = Comparison(conn, fold, policies)
    head = await head_position(conn)
    differences: list[Difference] = []
    with without_collecting():
        try:
            await _catch_up(conn, reader, fold, head, on_progress)
            async with conn.transaction(isolation="repeatable_read", readonly=True):
                # One state of everything: the tables, and the position that they stand at.
                await read_into(fold, reader, await live_position(conn), on_progress)
                await fold.settle()
                differences += await comparison.everything(lambda done: on_progress("comparing", done, fold.cases))
        except LogHole as hole:
            differences.append(Difference("the log", UUID(int=0), fold.position + 1, str(hole)))
    if fold.position < head and not differences:
        behind = f"the live state stands still {head - fold.position:,} events behind the log: does the workflow run?"
        differences.append(Difference("the live state", UUID(int=0), fold.position, behind))
    result = _result(fold, head, started_at, sorted({*fold.differences, *differences}, key=_by_position))
    return replace(result, compared=comparison.compared)


async def replay_case(conn: asyncpg.Connection, case_id: UUID, at: datetime | None) -> Replayed:
    """Replay one case; without `at` compare it as well, else it stops at what had been recorded then."""
    started_at = time.monotonic()
    policies = PolicyBook(conn)
    await policies.refresh()
    if at is not None:
        fold, events = await _folded_case(conn, policies, case_id, UpToTime(at))
        result = _result(fold, fold.position, started_at, sorted(fold.differences, key=_by_position))
        return replace(result, events=events)
    last = (await read_stream(conn, case_id))[-1].position
    await _until_live(conn, last)
    async with conn.transaction(isolation="repeatable_read", readonly=True):
        live = await live_position(conn)
        fold, events = await _folded_case(conn, policies, case_id, UpToPosition(live))
        fold.position = live
        comparison = Comparison(conn, fold, policies)
        differences = {*fold.differences, *await comparison.one(case_id)}
    if live < last:
        behind = f"the live state stands still at {live:,}: does the workflow run?"
        differences.add(Difference("", case_id, last, behind))
    result = _result(fold, last, started_at, sorted(differences, key=_by_position))
    return replace(result, events=events, compared=comparison.compared)


async def _until_live(conn: asyncpg.Connection, position: int) -> None:
    """Wait for the live state to come to `position`, or to stand still."""
    standstill = _Standstill()
    while True:
        live = await live_position(conn)
        if live >= position or standstill.at(live):
            return
        await asyncio.sleep(_LOOK_AGAIN_SECONDS)


async def _folded_case(
    conn: asyncpg.Connection, policies: PolicyBook, case_id: UUID, up_to: UpToTime | UpToPosition
) -> tuple[Fold, int]:
    """The fold of one case, and how many events it has."""
    fold = Fold(conn, policies)
    rows = await read_stream(conn, case_id, up_to=up_to)
    if rows:
        await fold.take(log_rows(rows))
    await fold.settle()
    return fold, len(rows)


async def replay_as_of(
    conn: asyncpg.Connection, reader: asyncpg.Connection, at: datetime, on_progress: OnProgress
) -> Replayed:
    """Replay what had been recorded at `at`; there is no live state of then to compare with."""
    started_at = time.monotonic()
    policies = PolicyBook(conn)
    await policies.refresh()
    # Times of recording never run backwards along the log: this is where it ended then.
    until = await conn.fetchval(
        "SELECT coalesce((SELECT position FROM events WHERE recorded_at <= $1 ORDER BY position DESC LIMIT 1), 0)", at
    )
    fold = Fold(conn, policies)
    with without_collecting():
        await read_into(fold, reader, until, on_progress)
    return _result(fold, until, started_at, sorted(fold.differences, key=_by_position))


async def _catch_up(
    conn: asyncpg.Connection, reader: asyncpg.Connection, fold: Fold, head: int, on_progress: OnProgress
) -> None:
    """Fold up to where the live state is, until that has come to `head` or stands still."""
    standstill = _Standstill()
    while True:
        live = await live_position(conn)
        await read_into(fold, reader, live, on_progress)
        if live >= head or standstill.at(live):
            return
        await asyncio.sleep(_LOOK_AGAIN_SECONDS)


async def read_into(fold: Fold, reader: asyncpg.Connection, until: int, on_progress: OnProgress) -> None:
    """Fold the log from where `fold` stands up to `until`; PostgreSQL prepares each batch while the one before is
    being folded. Nobody else may use `reader` meanwhile, `fold` included. Raises LogHole.
    """
    started_at = time.monotonic()
    fetching = _fetch(reader, fold.position, until)
    try:
        while rows := await fetching:
            fetching = _fetch(reader, rows[-1][0], until)
            # Once around the loop, so that the query is on its way before we are busy.
            await asyncio.sleep(0)
            await fold.take(rows)
            on_progress("replaying", fold.position, until)
    finally:
        fetching.cancel()
        fold.seconds += time.monotonic() - started_at


def _fetch(reader: asyncpg.Connection, after: int, until: int) -> asyncio.Task[list[LogRow]]:
    async def batch() -> list[LogRow]:
        limit = min(_BATCH_EVENTS_MAX, until - after)
        if limit <= 0:
            return []
        rows: list[LogRow] = await reader.fetch(_READ, after, limit)
        if len(rows) < limit or rows[-1][0] != after + limit:
            # It tells where the hole is.
            await read_log(reader, after=after, limit=limit)
            raise LogHole(f"it ends at {after + len(rows)}")
        return rows

    return asyncio.create_task(batch())


class _Standstill:
    """Tells when a position has not moved for long."""

    def __init__(self) -> None:
        self._position = -1
        self._since = time.monotonic()

    def at(self, position: int) -> bool:
        now = time.monotonic()
        if position != self._position:
            self._position, self._since = position, now
        return now - self._since > _STANDSTILL_SECONDS_MAX


def _by_position(difference: Difference) -> tuple[int, str]:
    return difference.position, difference.what


def _result(fold: Fold, head: int, started_at: float, differences: list[Difference]) -> Replayed:
    states = Counter(folded.case.status.value for folded in fold.whole.values() if folded.case is not None)
    states.update(shrunk.state for shrunk in fold.shrunk.values())
    return Replayed(
        events=fold.position,
        cases=fold.cases,
        position=fold.position,
        head=head,
        states=dict(states),
        seconds=time.monotonic() - started_at,
        folding_seconds=fold.seconds,
        differences=differences,
    )
