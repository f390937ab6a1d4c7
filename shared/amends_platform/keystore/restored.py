"""A database that was restored from before an erasure learns of it from the key store, which forgets none."""

from __future__ import annotations

from typing import Final

import asyncpg
import structlog

from amends_platform.keystore.protocol import KeyStore
from amends_store.statements import statement

_MARK_ERASED: Final = statement("mark_erased")

log = structlog.get_logger()


async def learn_destroyed(pool: asyncpg.Pool, store: KeyStore) -> int:
    """Mark the keys erased that were destroyed and that the database knows nothing of; how many those were.

    So their customers are treated as erased, and may complain again under a new key. That it was recorded on their
    cases is lost with all else that came after the backup. Raises KeyStoreUnavailable, asyncpg's own.
    """
    marked = await pool.fetch(_MARK_ERASED, list(await store.destroyed()))
    if marked:
        log.warning("the database was restored from before erasures, which stay done", count=len(marked))
    return len(marked)
