"""The provider's keys as this process knows them: fetched anew now and then, kept while the provider is away."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Awaitable, Callable
from typing import Final

import structlog

from amends_platform.identity.oidc.errors import ProviderAway
from amends_platform.identity.oidc.key_set import PublicKey

log = structlog.get_logger()

# A key that the provider took back is believed at most this much longer.
FRESH_SECONDS: Final = 300.0
# Whoever makes up names of keys makes us ask the provider at most this often.
ASK_AGAIN_SECONDS: Final = 10.0
# While the provider is away; then nobody comes in by a token until it is back.
KEPT_SECONDS_MAX: Final = 86_400.0


class UnknownKey(LookupError):
    """The provider has no such key."""


class RotatingKeys:
    """One per process. `fetch` raises ProviderAway; `now_seconds` only ever goes on."""

    def __init__(
        self,
        fetch: Callable[[], Awaitable[dict[str, PublicKey]]],
        *,
        now_seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        self._fetch = fetch
        self._now_seconds = now_seconds
        self._keys: dict[str, PublicKey] = {}
        self._fetched_at = -math.inf
        self._asked_at = -math.inf
        self._away: ProviderAway | None = None
        self._asking: asyncio.Task[None] | None = None

    async def key(self, key_id: str) -> PublicKey:
        """The key of this id. Raises UnknownKey; ProviderAway where the provider would have to be asked and is away."""
        known = self._known(key_id)
        if known is not None:
            if self._now_seconds() - self._fetched_at >= FRESH_SECONDS:
                # Nobody waits for this one.
                self._ask()
            return known
        asking = self._ask()
        if asking is not None:
            # Shielded: a client that hangs up must not take the answer from the others.
            await asyncio.shield(asking)
            known = self._known(key_id)
        if known is None:
            if self._away is not None:
                raise ProviderAway(str(self._away))
            raise UnknownKey
        return known

    def _known(self, key_id: str) -> PublicKey | None:
        if self._now_seconds() - self._fetched_at > KEPT_SECONDS_MAX:
            return None
        return self._keys.get(key_id)

    def _ask(self) -> asyncio.Task[None] | None:
        """What asks the provider, for all who wait; None where it was asked just now."""
        if self._asking is None and self._now_seconds() - self._asked_at >= ASK_AGAIN_SECONDS:
            self._asked_at = self._now_seconds()
            self._asking = asyncio.create_task(self._refresh(), name="identity provider")
        return self._asking

    async def _refresh(self) -> None:
        try:
            self._keys = await self._fetch()
            self._fetched_at = self._asked_at
            self._away = None
        except ProviderAway as error:
            self._away = error
            log.warning("the identity provider cannot be asked for its keys", reason=str(error))
        finally:
            self._asking = None
