"""Reading the log: one stream, the whole in order, and what is known of a position or a receipt.

Every function takes an asyncpg pool or connection, and raises asyncpg's own errors.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import asyncpg

from amends_store.errors import LogHole, OutcomeUnknown
from amends_store.records import StoredEvent, StoredReceipt
from amends_store.replication import replicated
from amends_store.statements import statement

_READ_STREAM: Final = statement("read_stream")
_READ_STREAMS: Final = statement("read_streams")
_READ_LOG: Final = statement("read_log")
_HEAD_POSITION: Final = statement("head_position")
_STREAM_OF_POSITION: Final = statement("stream_of_position")
_FIND_RECEIPT: Final = statement("find_receipt")

# As for any command: who asks is told that the store is away rather than kept waiting.
_REPLICATED_SECONDS_MAX: Final = 10.0

# asyncpg is untyped: a Pool, a Connection, or a connection lent by a pool.
Executor = Any


@dataclass(frozen=True, slots=True)
class UpToPosition:
    """As the log stood at `position`."""

    position: int


@dataclass(frozen=True, slots=True)
class UpToTime:
    """What was recorded at `recorded_at` or before."""

    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class UpToVersion:
    """The stream's first `version` events."""

    version: int


UpTo = UpToPosition | UpToTime | UpToVersion


async def read_stream(
    executor: Executor, stream_id: UUID, *, after_version: int = 0, up_to: UpTo | None = None
) -> list[StoredEvent]:
    """The stream's events in order; none when there is no such stream."""
    version = up_to.version if isinstance(up_to, UpToVersion) else None
    position = up_to.position if isinstance(up_to, UpToPosition) else None
    recorded_at = up_to.recorded_at if isinstance(up_to, UpToTime) else None
    rows = await executor.fetch(_READ_STREAM, stream_id, after_version, version, position, recorded_at)
    return [StoredEvent._make(row) for row in rows]


async def read_streams(executor: Executor, versions: Mapping[UUID, int]) -> dict[UUID, list[StoredEvent]]:
    """The events of each stream up to that version, in order, by one statement; a stream that has none is left out."""
    streams: dict[UUID, list[StoredEvent]] = {}
    for row in await executor.fetch(_READ_STREAMS, list(versions), list(versions.values())):
        event = StoredEvent._make(row)
        streams.setdefault(event.stream_id, []).append(event)
    return streams


async def read_log(executor: Executor, *, after: int, limit: int) -> list[StoredEvent]:
    """At most `limit` events after position `after`. Raises LogHole when they do not follow one another."""
    rows = await executor.fetch(_READ_LOG, after, limit)
    # The rows come in order, each position once: if the last is where it must be, none is missing.
    if rows and rows[-1]["position"] != after + len(rows):
        raise LogHole(_first_hole(after, [row["position"] for row in rows]))
    return [StoredEvent._make(row) for row in rows]


async def head_position(executor: Executor) -> int:
    """The last position of the log, 0 when it is empty."""
    return int(await executor.fetchval(_HEAD_POSITION))


async def stream_of_position(executor: Executor, position: int) -> UUID | None:
    """The stream of the event at `position`, None when there is none."""
    stream_id: UUID | None = await executor.fetchval(_STREAM_OF_POSITION, position)
    return stream_id


async def find_receipt(executor: Executor, tenant: str, principal: str, key: str) -> StoredReceipt | None:
    """What the first request with this idempotency key was answered, once a failover would find it, too.

    Raises OutcomeUnknown while it would not, or nobody can say: it may be recorded for good.
    """
    if isinstance(executor, asyncpg.Pool):
        # The server that has it is the one that is asked whether others have it, too.
        async with executor.acquire() as conn:
            return await find_receipt(conn, tenant, principal, key)
    row = await executor.fetchrow(_FIND_RECEIPT, tenant, principal, key)
    if row is None:
        return None
    try:
        await replicated(executor, timeout_seconds=_REPLICATED_SECONDS_MAX)
    except Exception as error:
        raise OutcomeUnknown(str(error) or type(error).__name__) from error
    return StoredReceipt(*row)


def _first_hole(after: int, positions: list[int]) -> str:
    expected = next(n for n, position in enumerate(positions, after + 1) if n != position)
    return f"position {expected} is missing"
