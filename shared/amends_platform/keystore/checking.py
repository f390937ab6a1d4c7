"""Whether the key store is the one that the keys are in which the database names."""

from __future__ import annotations

from amends_platform.keystore.protocol import KeyMissing, KeyStore
from amends_store.read import Executor


async def check_key_store(executor: Executor, store: KeyStore, tenant: str) -> None:
    """Raises KeyMissing when the store never had the tenant's newest key: it is empty, another one, or an older copy.

    Raises KeyStoreUnavailable, asyncpg's own, too.
    """
    newest = await executor.fetchval(
        "SELECT key_id FROM data_keys WHERE tenant = $1 AND erased_at IS NULL AND wrapped IS NULL"
        " ORDER BY key_id DESC LIMIT 1",
        tenant,
    )
    if newest is None or await store.holds([newest]):
        return
    # One that it destroyed it knows; then the database is the older copy.
    if newest not in await store.destroyed():
        raise KeyMissing(f"The key store does not hold the key {newest}: it is empty, another one, or an older copy.")
