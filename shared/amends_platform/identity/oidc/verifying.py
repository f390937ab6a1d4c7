"""Access tokens: from what a request shows to who asks, or why they are not let in."""

from __future__ import annotations

import time
from collections.abc import Callable

import structlog

from amends_platform.identity.oidc.fetching import fetch_keys, trusted
from amends_platform.identity.oidc.granting import principal_of
from amends_platform.identity.oidc.provider import Provider
from amends_platform.identity.oidc.rotating import RotatingKeys, UnknownKey
from amends_platform.identity.oidc.tokens import BadToken, believed, header_of
from amends_platform.identity.principals import Verified

log = structlog.get_logger()


class Tokens:
    """Knows principals by their tokens. One per process; `now_seconds` since 1970."""

    def __init__(
        self,
        provider: Provider,
        tenant: str,
        *,
        keys: RotatingKeys | None = None,
        now_seconds: Callable[[], float] = time.time,
    ) -> None:
        self._provider = provider
        self._tenant = tenant
        self._now_seconds = now_seconds
        tls = trusted(provider)
        self._keys = keys or RotatingKeys(lambda: fetch_keys(provider, tls))

    async def verify(self, token: str) -> Verified | None:
        """Whom it names; None for a token that is not taken. Raises NotAdmitted, ProviderAway."""
        try:
            header = header_of(token, self._provider)
            key = await self._keys.key(header.key_id)
            found = believed(token, header, key, self._provider, self._now_seconds())
        except (BadToken, UnknownKey) as error:
            # Only here: whoever forges tokens is not told what was wrong with one.
            log.debug("a token was refused", reason=str(error) or "the provider has no such key")
            return None
        return Verified(
            principal_of(found.claims, self._provider, self._tenant), found.expires_at_seconds - self._now_seconds()
        )
