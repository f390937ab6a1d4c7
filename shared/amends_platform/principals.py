"""Who is asking: API keys and sessions, of which the database keeps only hashes, and the principals they stand for."""

from __future__ import annotations

import asyncio
import hashlib
import re
import secrets
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import asyncpg

from amends_domain.access.grants import Grant, Grants
from amends_domain.access.roles import ROLES
from amends_platform.guarding.rates import RateLimit
from amends_platform.ids import uuid7

KEY_PATTERN: Final = re.compile(r"amends_[A-Za-z0-9_-]{43}")
_MARK: Final = "amends_"
SESSION_MARK: Final = "amends_session_"
SESSION_PATTERN: Final = re.compile(r"amends_session_[A-Za-z0-9_-]{43}")
# Enough of a key to tell it from others in a list, too little to help anyone guess the rest.
_PREFIX_LENGTH: Final = len(_MARK) + 6
# No colon: `system:workflow` must never be a person.
_PERSON: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,127}")
# A branch is called as its complaints call it, in any script.
_BRANCH: Final = re.compile(r"[^\x00-\x20\x7f]([^\x00-\x1f\x7f]{0,126}[^\x00-\x20\x7f])?")
# A revoked key works at most this much longer, and a busy key costs one query in this time.
CACHE_SECONDS: Final = 2.0
_CACHED_KEYS_MAX: Final = 10_000

_BY_KEY: Final = "SELECT person, role, tenant, branch FROM api_keys WHERE key_hash = $1 AND revoked_at IS NULL"
_BY_SESSION: Final = (
    "SELECT k.person, k.role, k.tenant, k.branch FROM sessions AS s JOIN api_keys AS k ON k.id = s.api_key_id"
    " WHERE s.token_hash = $1 AND s.ended_at IS NULL AND s.expires_at > log_now() AND k.revoked_at IS NULL"
)


class Unauthenticated(Exception):
    """The request names nobody: it has no key or session, or one that is unknown, revoked or over."""


class BadKeyRequest(ValueError):
    """A key cannot be made as asked: no such role, or an impossible name."""


class NoSuchKey(LookupError):
    """No key is called so, or more than one is."""


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks: `id` is the person (or system) that events name as their actor; `grants`, one at least, is what they
    may: a key has one, what an identity provider vouches for may have several. All of it is the credential's to say.
    """

    id: str
    tenant: str
    grants: Grants


@dataclass(frozen=True, slots=True)
class ApiKey:
    """What the database knows of a key: never the key."""

    id: UUID
    prefix: str
    role: str
    branch: str | None
    tenant: str
    person: str
    created_at: datetime
    revoked_at: datetime | None


def new_key() -> str:
    """A key nobody has: `amends_` and 43 characters that hold 256 random bits."""
    return _MARK + secrets.token_urlsafe(32)


async def create_key(
    connection: asyncpg.Connection,
    *,
    role: str,
    tenant: str,
    branch: str | None = None,
    person: str | None = None,
) -> str:
    """Make a key and return it, for the only time. Without `person` it stands for itself. Raises BadKeyRequest."""
    key = new_key()
    await register_key(
        connection, key, role=role, tenant=tenant, branch=branch, person=person or f"{role}-{key[len(_MARK) :][:6]}"
    )
    return key


async def register_key(
    connection: asyncpg.Connection, key: str, *, role: str, tenant: str, branch: str | None, person: str
) -> None:
    """Let the database know a key that was made elsewhere; once is enough. Raises BadKeyRequest."""
    if role not in ROLES:
        raise BadKeyRequest(f"There is no role {role!r}. Roles: {', '.join(ROLES)}.")
    if KEY_PATTERN.fullmatch(key) is None:
        raise BadKeyRequest("A key is amends_ and 43 characters of A-Z a-z 0-9 _ -.")
    if _PERSON.fullmatch(person) is None:
        raise BadKeyRequest("A person has up to 128 of A-Z a-z 0-9 . _ @ - and begins with a letter or digit.")
    if branch is not None and _BRANCH.fullmatch(branch) is None:
        raise BadKeyRequest("A branch has 1 to 128 characters, no control characters, and no blank at either end.")
    await connection.execute(
        "INSERT INTO api_keys (id, prefix, key_hash, role, branch, tenant, person)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (key_hash) DO NOTHING",
        uuid7(),
        key[:_PREFIX_LENGTH],
        _hash(key),
        role,
        branch,
        tenant,
        person,
    )


async def list_keys(connection: asyncpg.Connection, *, tenant: str) -> list[ApiKey]:
    """All keys of the tenant, the revoked ones too, oldest first."""
    rows = await connection.fetch(
        "SELECT id, prefix, role, branch, tenant, person, created_at, revoked_at"
        " FROM api_keys WHERE tenant = $1 ORDER BY created_at, id",
        tenant,
    )
    return [ApiKey(**row) for row in rows]


async def revoke_key(connection: asyncpg.Connection, name: str, *, tenant: str) -> ApiKey:
    """Revoke the key called by its id, its prefix or itself. Raises NoSuchKey unless it is exactly one.

    Revoking again changes nothing; the first time stays on record.
    """
    rows = await connection.fetch(
        "SELECT id FROM api_keys WHERE tenant = $1 AND (CAST(id AS text) = $2 OR prefix = $2 OR key_hash = $3)",
        tenant,
        name,
        _hash(name),
    )
    if len(rows) != 1:
        found = "No key is" if not rows else "Several keys are"
        raise NoSuchKey(f"{found} called so. Name one by its id; `amends keys list` shows them.")
    row = await connection.fetchrow(
        "UPDATE api_keys SET revoked_at = coalesce(revoked_at, log_now()) WHERE id = $1"
        " RETURNING id, prefix, role, branch, tenant, person, created_at, revoked_at",
        rows[0]["id"],
    )
    assert row is not None
    return ApiKey(**row)


async def revoked_among(connection: asyncpg.Connection, keys: Iterable[str]) -> set[str]:
    """Those of the keys that the database knows as revoked."""
    by_hash = {_hash(key): key for key in keys}
    rows = await connection.fetch(
        "SELECT key_hash FROM api_keys WHERE key_hash = ANY($1) AND revoked_at IS NOT NULL", list(by_hash)
    )
    return {by_hash[row["key_hash"]] for row in rows}


class Authenticator:
    """Knows principals by their keys and sessions. One per process: what it learned holds for `CACHE_SECONDS`."""

    def __init__(
        self,
        pool: asyncpg.Pool,
        *,
        unknown_keys: RateLimit | None = None,
        now_seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        """`unknown_keys`: how often one address may show a key that was never seen to be good here."""
        self._pool = pool
        self._unknown_keys = unknown_keys
        self._now_seconds = now_seconds
        # By the key's hash: looking it up tells nobody by its duration how much of a key was right. A session's hash is
        # never a key's: what is hashed begins differently.
        self._known: dict[bytes, tuple[Principal, float]] = {}
        self._asking: dict[bytes, asyncio.Task[Principal | None]] = {}

    async def authenticate(self, authorization: str | None, address: str | None = None) -> Principal:
        """The principal of an Authorization header, which came from an address.

        Raises Unauthenticated, a 429 Problem where too many unknown keys came from there, or what asyncpg raises.
        """
        key = _bearer(authorization)
        key_hash = _hash(key)
        known = self._known.get(key_hash)
        if known is not None and self._now_seconds() < known[1]:
            return known[0]
        # Who was let in before is let in whatever others at the same address do.
        brake = self._unknown_keys if known is None and address is not None else None
        if brake is not None and address is not None:
            brake.spend(address, self._now_seconds())
        is_session = SESSION_PATTERN.fullmatch(key) is not None
        principal = await self._ask(key_hash, _BY_SESSION if is_session else _BY_KEY)
        if principal is None:
            raise Unauthenticated(
                "The session is over: sign in again." if is_session else "The API key is unknown or revoked."
            )
        if brake is not None and address is not None:
            brake.give_back(address)
        return principal

    def forget(self, key: str) -> None:
        """Ask anew when the key, or session, is shown next."""
        self._known.pop(_hash(key), None)

    async def _ask(self, key_hash: bytes, query: str) -> Principal | None:
        """Ask the database, once for all who wait for the same key."""
        task = self._asking.get(key_hash)
        if task is None:
            task = asyncio.create_task(self._look_up(key_hash, query))
            self._asking[key_hash] = task
            task.add_done_callback(lambda _: self._asking.pop(key_hash, None))
        # Shielded: a client that hangs up must not take the answer from the others.
        return await asyncio.shield(task)

    async def _look_up(self, key_hash: bytes, query: str) -> Principal | None:
        # The time before asking, so that what is cached is never older than it is taken for.
        asked_at = self._now_seconds()
        row: Any = await self._pool.fetchrow(query, key_hash)
        if row is None:
            self._known.pop(key_hash, None)
            return None
        principal = Principal(row["person"], row["tenant"], (Grant(row["role"], row["branch"]),))
        if len(self._known) >= _CACHED_KEYS_MAX:
            self._known.clear()
        self._known[key_hash] = (principal, asked_at + CACHE_SECONDS)
        return principal


def _bearer(authorization: str | None) -> str:
    if authorization is None:
        raise Unauthenticated("Send an API key: Authorization: Bearer KEY.")
    scheme, _, key = authorization.strip().partition(" ")
    if scheme.lower() != "bearer":
        raise Unauthenticated("The Authorization header must be: Bearer KEY.")
    key = key.strip()
    if KEY_PATTERN.fullmatch(key) is None and SESSION_PATTERN.fullmatch(key) is None:
        raise Unauthenticated("That is no Amends API key: one begins with amends_.")
    return key


def _hash(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest()
