"""Reading the log: one stream, the whole in order, and what is known of a position or a receipt.

Every function takes an asyncpg pool or connection, and raises asyncpg's own errors.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from amends_store.records import StoredEvent, StoredReceipt

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
    raise NotImplementedError


async def read_log(executor: Executor, *, after: int, limit: int) -> list[StoredEvent]:
    """At most `limit` events after position `after`. Raises LogHole when they do not follow one another."""
    raise NotImplementedError


async def head_position(executor: Executor) -> int:
    """The last position of the log, 0 when it is empty."""
    raise NotImplementedError


async def stream_of_position(executor: Executor, position: int) -> UUID | None:
    """The stream of the event at `position`, None when there is none."""
    raise NotImplementedError


async def find_receipt(executor: Executor, tenant: str, principal: str, key: str) -> StoredReceipt | None:
    """What the first request with this idempotency key was answered."""
    raise NotImplementedError
