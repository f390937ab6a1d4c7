"""What was erased leaves every process within a second, and the key store for good."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

import asyncpg
import structlog

from amends_platform.keyring import Keyring
from amends_platform.keystore.protocol import KeyStore
from amends_platform.reasons import reason
from amends_store.erasing import erased_keys

_LOOK_SECONDS: Final = 1.0
# Whoever read a key just before it was erased may put it by a moment after: it is forgotten again for so long.
_AGAIN: Final = timedelta(minutes=1)
_EVER: Final = datetime(1970, 1, 1, tzinfo=UTC)

log = structlog.get_logger()


class ErasedKeys:
    """Looks for erased keys again and again, in the background, and has the keyring forget them.

    With a key store it destroys them there as well: so an erasure that a crash cut off is finished at the next start.
    """

    def __init__(self, pool: asyncpg.Pool, keyring: Keyring, store: KeyStore | None = None) -> None:
        self._pool = pool
        self._keyring = keyring
        self._store = store
        self._since = _EVER
        self._destroyed: frozenset[UUID] = frozenset()
        self._running: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._running = asyncio.create_task(self._run(), name="erased-keys")

    @property
    def is_alive(self) -> bool:
        """Whether it looks, and will again."""
        return self._running is not None and not self._running.done()

    async def aclose(self) -> None:
        if self._running is not None:
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)

    async def look(self) -> None:
        """Forget, and destroy, what was erased since the last look. Raises KeyStoreUnavailable, asyncpg's own."""
        erased = await erased_keys(self._pool, since=self._since)
        self._keyring.forget(erased)
        if self._store is not None:
            if erased.keys() - self._destroyed:
                await self._store.destroy(erased.keys() - self._destroyed)
            self._destroyed = frozenset(erased)
        if erased:
            self._since = max(erased.values()) - _AGAIN

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            try:
                await self.look()
            except Exception as error:
                log.warning("erased keys could not be looked for", reason=reason(error))
