"""From an Authorization header to who asks: API keys and sessions by the database, tokens by the identity provider."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol

import asyncpg

from amends_domain.access.grants import Grant
from amends_platform.guarding.admission import unknown_keys_limit
from amends_platform.guarding.rates import RateLimit
from amends_platform.identity.credential_changes import CredentialChanges
from amends_platform.identity.principals import (
    KEY_PATTERN,
    SESSION_PATTERN,
    Principal,
    Unauthenticated,
    Verified,
)
from amends_platform.settings import Settings

if TYPE_CHECKING:
    from amends_platform.identity.oidc.provider import Provider

# What is known is asked for anew after so long, whatever happened: also where the database cannot be asked whether
# anything was taken back.
CACHE_SECONDS: Final = 2.0
TOKEN_CACHE_SECONDS: Final = 5.0
_CACHED_MAX: Final = 10_000
# More than any key or token has.
_LENGTH_MAX: Final = 8_192

_BY_KEY: Final = (
    "SELECT person, tenant, ARRAY[role] AS roles, ARRAY[branch] AS branches,"
    " extract(epoch FROM expires_at - log_now())::float8 AS seconds FROM api_keys"
    " WHERE key_hash = $1 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > log_now())"
    " AND (NOT development OR $2)"
)
_BY_SESSION: Final = (
    "SELECT k.person, k.tenant, ARRAY[k.role] AS roles, ARRAY[k.branch] AS branches,"
    " extract(epoch FROM least(s.expires_at, k.expires_at) - log_now())::float8 AS seconds"
    " FROM sessions AS s JOIN api_keys AS k ON k.id = s.api_key_id"
    " WHERE s.token_hash = $1 AND s.ended_at IS NULL AND s.expires_at > log_now()"
    " AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > log_now()) AND (NOT k.development OR $2)"
    " UNION ALL SELECT person, tenant, roles, branches, extract(epoch FROM expires_at - log_now())::float8"
    " FROM person_sessions WHERE token_hash = $1 AND ended_at IS NULL AND expires_at > log_now()"
)


class VouchesForTokens(Protocol):
    """An identity provider's tokens. None for one that is not taken; raises NotAdmitted, ProviderAway."""

    async def verify(self, token: str) -> Verified | None: ...


class _Known(NamedTuple):
    """`changes`: how many had been seen when it was learned; of no matter to a token (None)."""

    principal: Principal
    until: float
    changes: int | None


class Authenticator:
    """One per process. A key that was taken back is refused within LOOK_SECONDS: see `credential_changes`."""

    def __init__(
        self,
        pool: asyncpg.Pool,
        *,
        tokens: VouchesForTokens | None = None,
        accepts_development_keys: bool = False,
        unknown_keys: RateLimit | None = None,
        now_seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        """`unknown_keys`: how often one address may show a key or token that was never seen to be good here."""
        self._pool = pool
        self._tokens = tokens
        self._accepts_development_keys = accepts_development_keys
        self._unknown_keys = unknown_keys
        self._now_seconds = now_seconds
        # By the hash of what was shown: looking it up tells nobody by its duration how much of a key was right.
        self._known: dict[bytes, _Known] = {}
        self._asking: dict[bytes, asyncio.Task[Principal | None]] = {}
        self._changes = CredentialChanges(pool, now_seconds=now_seconds)

    async def authenticate(self, authorization: str | None, address: str | None = None) -> Principal:
        """The principal of an Authorization header, which came from an address.

        Raises Unauthenticated, NotAdmitted, ProviderAway, a 429 Problem where too many unknown keys came from there,
        or what asyncpg raises.
        """
        shown = _bearer(authorization)
        shown_hash = _hash(shown)
        known = self._known.get(shown_hash)
        now = self._now_seconds()
        if known is not None and now < known.until:
            if known.changes is None:
                return known.principal
            if now >= self._changes.due_at:
                await self._changes.look()
            if known.changes == self._changes.seen:
                return known.principal
        # Who was let in before is let in whatever others at the same address do.
        brake = self._unknown_keys if known is None and address is not None else None
        if brake is not None and address is not None:
            brake.spend(address, now)
        principal = await self._ask(shown, shown_hash)
        if brake is not None and address is not None:
            brake.give_back(address)
        return principal

    def forget(self, key: str) -> None:
        """Ask anew when the key, or session, is shown next."""
        self._known.pop(_hash(key), None)

    async def _ask(self, shown: str, shown_hash: bytes) -> Principal:
        """Ask who knows, once for all who wait for the same. Raises Unauthenticated where nobody does."""
        work: Callable[[], Any]
        if KEY_PATTERN.fullmatch(shown):
            refused = "The API key is unknown, revoked or expired."
            work = lambda: self._look_up(shown_hash, _BY_KEY)  # noqa: E731
        elif SESSION_PATTERN.fullmatch(shown):
            refused = "The session is over: sign in again."
            work = lambda: self._look_up(shown_hash, _BY_SESSION)  # noqa: E731
        elif self._tokens is not None and shown.count(".") == 2:
            refused = "The access token is not valid here, or no longer."
            work = lambda: self._verify(shown, shown_hash)  # noqa: E731
        else:
            raise Unauthenticated("That is no Amends API key: one begins with amends_.")
        task = self._asking.get(shown_hash)
        if task is None:
            task = asyncio.create_task(work())
            self._asking[shown_hash] = task
            task.add_done_callback(lambda _: self._asking.pop(shown_hash, None))
        # Shielded: a client that hangs up must not take the answer from the others.
        principal = await asyncio.shield(task)
        if principal is None:
            raise Unauthenticated(refused)
        return principal

    async def _look_up(self, key_hash: bytes, query: str) -> Principal | None:
        if not self._changes.seen:
            # Before anything is known: a change that is not seen as one would go unnoticed.
            await self._changes.look()
        while True:
            # The time before asking, so that what is cached is never older than it is taken for.
            asked_at, changes = self._now_seconds(), self._changes.seen
            row: Any = await self._pool.fetchrow(query, key_hash, self._accepts_development_keys)
            if self._changes.seen == changes:
                break
        if row is None:
            self._known.pop(key_hash, None)
            return None
        principal = Principal(row["person"], row["tenant"], tuple(map(Grant, row["roles"], row["branches"])))
        seconds = CACHE_SECONDS if row["seconds"] is None else min(CACHE_SECONDS, row["seconds"])
        self._keep(key_hash, _Known(principal, asked_at + seconds, changes))
        return principal

    async def _verify(self, token: str, token_hash: bytes) -> Principal | None:
        assert self._tokens is not None
        asked_at = self._now_seconds()
        verified = await self._tokens.verify(token)
        if verified is None:
            self._known.pop(token_hash, None)
            return None
        until = asked_at + min(TOKEN_CACHE_SECONDS, verified.seconds)
        self._keep(token_hash, _Known(verified.principal, until, None))
        return verified.principal

    def _keep(self, shown_hash: bytes, known: _Known) -> None:
        if len(self._known) >= _CACHED_MAX:
            self._known.clear()
        self._known[shown_hash] = known


def authenticator_of(settings: Settings, provider: Provider | None, pool: asyncpg.Pool) -> Authenticator:
    """As the settings say, and with the tokens of that provider."""
    tokens: VouchesForTokens | None = None
    if provider is not None:
        # What is off is not even imported.
        from amends_platform.identity.oidc.verifying import Tokens

        tokens = Tokens(provider, settings.tenant)
    return Authenticator(
        pool,
        tokens=tokens,
        accepts_development_keys=settings.mode == "development",
        unknown_keys=unknown_keys_limit(settings),
    )


def _bearer(authorization: str | None) -> str:
    if authorization is None:
        raise Unauthenticated("Send an API key: Authorization: Bearer KEY.")
    scheme, _, shown = authorization.strip().partition(" ")
    if scheme.lower() != "bearer":
        raise Unauthenticated("The Authorization header must be: Bearer KEY.")
    if len(shown) > _LENGTH_MAX:
        raise Unauthenticated("That is too long to be an API key or a token.")
    return shown.strip()


def _hash(shown: str) -> bytes:
    return hashlib.sha256(shown.encode()).digest()
