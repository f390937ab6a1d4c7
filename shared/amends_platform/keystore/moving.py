"""Keys that an older release kept in the database go to the key store."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final
from uuid import UUID

from amends_platform.keystore.protocol import KeyStore
from amends_platform.sealing import MasterKey
from amends_store.read import Executor

_AT_ONCE: Final = 1_000

_COUNT: Final = "SELECT count(*) FROM data_keys WHERE wrapped IS NOT NULL AND tenant = $1"
_NEXT: Final = """
SELECT key_id, tenant, customer_ref, wrapped FROM data_keys
WHERE wrapped IS NOT NULL AND tenant = $1
ORDER BY key_id
LIMIT $2
"""
_CLEAR: Final = "UPDATE data_keys SET wrapped = NULL WHERE key_id = ANY($1)"


async def count_unmoved(executor: Executor, tenant: str) -> int:
    """How many of the tenant's keys are in the database still. Raises asyncpg's own errors."""
    return int(await executor.fetchval(_COUNT, tenant))


async def move_keys(
    executor: Executor,
    store: KeyStore,
    tenant: str,
    load_master: Callable[[], MasterKey],
    *,
    on_progress: Callable[[int], None] | None = None,
) -> int:
    """Take the tenant's keys that are in the database into the store, then clear them there; how many there were.

    A key is cleared only once the store holds it for good, so that it may be cut off anywhere, and several may do it
    at once. The master key is loaded if there are any. `on_progress` is told how many are done.

    Raises CannotUnseal, MasterKeyError, KeyStoreUnavailable, asyncpg's own errors.
    """
    moved = 0
    destroyed: set[UUID] | None = None
    while rows := await executor.fetch(_NEXT, tenant, _AT_ONCE):
        if destroyed is None:
            destroyed = await store.destroyed()
        await _move(rows, store, load_master(), destroyed)
        await executor.execute(_CLEAR, [row["key_id"] for row in rows])
        moved += len(rows)
        if on_progress is not None:
            on_progress(moved)
    return moved


async def _move(rows: list[Any], store: KeyStore, master: MasterKey, destroyed: set[UUID]) -> None:
    # One that the store knows was moved before, and may be wrapped by a master key that is no more.
    known = await store.holds(row["key_id"] for row in rows) | destroyed
    await store.add(
        {
            row["key_id"]: master.unwrap_of_customer(row["tenant"], row["customer_ref"], row["key_id"], row["wrapped"])
            for row in rows
            if row["key_id"] not in known
        }
    )
