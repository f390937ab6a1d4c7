"""A verification from beginning to end."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final, NamedTuple

import asyncpg

from amends_platform.auditing import auditor_connection
from amends_platform.evidence.notes import Verifier
from amends_platform.verifying.claims import Claim
from amends_platform.verifying.faults import FAULTS_MAX, Fault
from amends_platform.verifying.grounds import policy_faults
from amends_platform.verifying.judging import Judge
from amends_platform.verifying.ranges import RANGE_EVENTS, RangeFound
from amends_platform.verifying.standing import Standing, open_notebook
from amends_platform.verifying.workers import Task, checking
from amends_store.merkle import Span
from amends_store.statements import statement

_REACH: Final = statement("reach_of_log")
_NAMES: Final = statement("names_of_events")
_HASH: Final = "SELECT leaf_hash FROM events WHERE position = $1"
# What notes of a verification hold: those of a release that kept other ones are void.
_NOTES: Final = "2"
# Each worker has a range to go on with when it has finished one.
_RANGES_AHEAD: Final = 2
# To start one takes as long as to check a range.
_RANGES_WORTH_A_PROCESS: Final = 2
_TOLD_MAX: Final = 4

OnProgress = Callable[[int, int], None]


@dataclass(frozen=True)
class Request:
    """What to verify, and against what: the keys that signed checkpoints, and checkpoints that were kept elsewhere.

    `jobs`: how many processes read at the same time. `resume`: the file to go on from, and to keep notes in.
    `range_events`: how many are read at once, whole rows of the tree.
    """

    database_url: str
    keys: Sequence[Verifier] = ()
    given: Sequence[Claim] = ()
    jobs: int = 1
    resume: Path | None = None
    range_events: int = RANGE_EVENTS


@dataclass(frozen=True)
class Resumed:
    """The first `position` events were read earlier, and not again."""

    position: int
    noted_at: datetime


@dataclass(frozen=True)
class Verified:
    """What was looked at: the events up to `head`, of `streams` cases, and `checkpoints`; `refuted` ones do not hold.

    `faults` in order of position. The events up to `vouched` are those of a checkpoint.
    """

    head: int
    streams: int
    checkpoints: int
    refuted: int
    vouched: int
    faults: tuple[Fault, ...]
    resumed: Resumed | None
    seconds: float


class _Reach(NamedTuple):
    """How far the log goes, and what was made of it: 0 where there is nothing."""

    head: int
    has_strays: bool
    newest_checkpoint: int
    tiles: int
    followers: int


async def verify_log(request: Request, on_progress: OnProgress) -> Verified:
    """Read the whole log, and hold it against all that was made of it. Raises Failure, asyncpg's errors."""
    started_at = time.monotonic()
    async with auditor_connection(request.database_url) as conn:
        reach = _Reach._make(value or 0 for value in await conn.fetchrow(_REACH))
        with open_notebook(request.resume, _inputs(request)) as notebook:
            standing, resumed = notebook.standing, None
            if notebook.noted_at is not None:
                resumed = Resumed(standing.position, notebook.noted_at)
                standing.faults += await _changed_since(conn, standing, reach.head)
            judge = Judge(conn, notebook, request.given, reach.newest_checkpoint)
            await _read(request, reach, judge, standing, on_progress)
            found = [
                *standing.faults,
                *_beyond(reach, request.given),
                *await policy_faults(conn, standing.policies, reach.head),
            ]
            faults = sorted(found, key=lambda fault: fault.position)
            return Verified(
                head=reach.head,
                streams=standing.streams,
                checkpoints=standing.checkpoints,
                refuted=standing.refuted,
                vouched=standing.vouched,
                faults=await _with_names(conn, faults[:FAULTS_MAX]),
                resumed=resumed,
                seconds=time.monotonic() - started_at,
            )


async def _read(request: Request, reach: _Reach, judge: Judge, standing: Standing, on_progress: OnProgress) -> None:
    """The log from where we stand to where it ended when we began: one that grows must come to an end."""
    spans = [
        Span(first, min(first + request.range_events, reach.head))
        for first in range(standing.position, reach.head, request.range_events)
    ]
    jobs = max(1, min(request.jobs, len(spans) // _RANGES_WORTH_A_PROCESS))
    vkeys = [key.vkey for key in request.keys]
    with checking(jobs) as check:
        coming: deque[asyncio.Future[RangeFound]] = deque()
        try:
            while (spans or coming) and not judge.has_enough:
                while spans and len(coming) < jobs * _RANGES_AHEAD:
                    span = spans.pop(0)
                    task = Task(request.database_url, vkeys, reach.newest_checkpoint, span, judge.sizes_in(span))
                    coming.append(asyncio.ensure_future(check(task)))
                found = await coming.popleft()
                await judge.take(found)
                on_progress(found.span.end, reach.head)
        finally:
            for each in coming:
                each.cancel()
            await asyncio.gather(*coming, return_exceptions=True)


async def _changed_since(conn: asyncpg.Connection, standing: Standing, head: int) -> list[Fault]:
    """What was read before must still be there, as far as its last event can tell."""
    position, read = standing.position, f"{standing.position:,} events were read before the interruption"
    if head < position:
        return [Fault(head + 1, f"the log ends at {head:,}, but {read}", position)]
    if await conn.fetchval(_HASH, position) != standing.last_hash:
        return [Fault(position, f"{read}, and the last of them is another now")]
    return []


def _beyond(reach: _Reach, given: Sequence[Claim]) -> Iterator[Fault]:
    """Where the log ends before something that was made of it: it was cut off, or an older state was restored."""
    if reach.has_strays:
        yield Fault(0, "there are events at positions before the first")
    further = [
        (reach.newest_checkpoint, "the newest checkpoint"),
        (reach.tiles, "the tree"),
        (reach.followers, "who follows it"),
        *((claim.tree_size, claim.source) for claim in given if claim.objection is None),
    ]
    further = [(size, what) for size, what in further if size > reach.head]
    if further:
        told = ", ".join(f"{what} reaches to {size:,}" for size, what in further[:_TOLD_MAX])
        yield Fault(reach.head + 1, f"the log ends at {reach.head:,}, but {told}", max(further)[0])
    for claim in given:
        if claim.tree_size > reach.head and claim.objection is not None:
            yield Fault(reach.head + 1, f"{claim.source} {claim.objection}", claim.tree_size)


async def _with_names(conn: asyncpg.Connection, faults: Sequence[Fault]) -> tuple[Fault, ...]:
    """The same, with what is known of the events that are meant."""
    positions = [fault.position for fault in faults if fault.until is None]
    events = {row["position"]: row for row in await conn.fetch(_NAMES, positions)}

    def named(fault: Fault) -> Fault:
        event = events.get(fault.position)
        if event is None or fault.until is not None:
            return fault
        name = f"{event['type']}, version {event['version']} of case {event['stream_id']}"
        return fault._replace(what=f"{fault.what} ({name})")

    return tuple(map(named, faults))


def _inputs(request: Request) -> str:
    """What a verification depends on besides the log, as one word."""
    parts = [_NOTES, *sorted(key.vkey for key in request.keys)]
    parts += sorted(f"{claim.tree_size} {claim.root_hash.hex()} {claim.objection}" for claim in request.given)
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
