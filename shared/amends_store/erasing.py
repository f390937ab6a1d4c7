"""Erasing a customer: each of their streams is told, and their key is marked erased, all at once or not at all.

The key itself is destroyed in the key store by whoever calls, once this is durable; whoever starts next finishes it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import asyncpg

from amends_store.read import Executor
from amends_store.records import Append, Appended, DataKeyConflict
from amends_store.statements import statement
from amends_store.together import Objection, Undone, append_together

_STREAMS_OF_CUSTOMER: Final = statement("streams_of_customer")
_CURRENT_KEY: Final = statement("current_key")
_ERASE_KEY: Final = statement("erase_key")
_ERASED_KEYS: Final = statement("erased_keys")


@dataclass(frozen=True, slots=True)
class StreamsChanged:
    """The customer's streams are others than those decided on: look again."""

    stream_ids: tuple[UUID, ...]


async def streams_of_customer(executor: Executor, tenant: str, customer_ref: str) -> tuple[UUID, ...]:
    """Every stream about the customer, the oldest first, whatever was erased before. Raises asyncpg's own errors."""
    rows = await executor.fetch(_STREAMS_OF_CUSTOMER, tenant, customer_ref)
    return tuple(row["stream_id"] for row in rows)


async def current_key(executor: Executor, tenant: str, customer_ref: str) -> UUID | None:
    """The id of the customer's key, None when there is none or it was erased. Raises asyncpg's own errors."""
    key_id: UUID | None = await executor.fetchval(_CURRENT_KEY, tenant, customer_ref)
    return key_id


async def erased_keys(executor: Executor, *, since: datetime) -> dict[UUID, datetime]:
    """The keys that were erased at `since` or later, and when. Raises asyncpg's own errors."""
    return {row["key_id"]: row["erased_at"] for row in await executor.fetch(_ERASED_KEYS, since)}


async def erase_together(
    pool: asyncpg.Pool,
    tenant: str,
    customer_ref: str,
    key_id: UUID,
    commands: Sequence[Append],
    *,
    on_commit: Callable[[int], None] | None = None,
) -> tuple[Appended, ...] | Objection | StreamsChanged:
    """Append to all of the customer's streams, and mark their key erased at the time recorded; or why nothing was.

    As `append_together`: exactly one command carries the receipt, and none may bring a key. Once it is durable no
    append sealed with the key is taken any more. StreamsChanged when the commands are not for exactly the customer's
    streams; DataKeyConflict when their key is another one by now, or none.

    Raises StoreUnavailable (OutcomeUnknown is one), AppendRefused.
    """
    assert all(command.data_key is None for command in commands), "nothing is sealed with a key that is erased"

    async def erase(conn: Any, appended: tuple[Appended, ...]) -> None:
        stream_ids = await streams_of_customer(conn, tenant, customer_ref)
        if set(stream_ids) != {command.stream_id for command in commands}:
            raise _Objected(StreamsChanged(stream_ids))
        if await conn.fetchval(_ERASE_KEY, tenant, customer_ref, key_id, appended[0].recorded_at) is None:
            raise _Objected(DataKeyConflict(await current_key(conn, tenant, customer_ref)))

    try:
        return await append_together(pool, commands, on_commit=on_commit, along=erase)
    except _Objected as objected:
        return objected.objection


class _Objected(Undone):
    """Nothing was erased, because of `objection`."""

    def __init__(self, objection: StreamsChanged | DataKeyConflict) -> None:
        super().__init__()
        self.objection = objection
