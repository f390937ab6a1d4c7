"""Who is asking, and the API keys that stand for them, of which the database keeps only hashes."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

import asyncpg

from amends_domain.access.grants import Grants
from amends_domain.access.roles import ROLES
from amends_platform.ids import uuid7

KEY_PATTERN: Final = re.compile(r"amends_[A-Za-z0-9_-]{43}")
_MARK: Final = "amends_"
SESSION_MARK: Final = "amends_session_"
SESSION_PATTERN: Final = re.compile(r"amends_session_[A-Za-z0-9_-]{43}")
# Enough of a key to tell it from others in a list, too little to help anyone guess the rest.
_PREFIX_LENGTH: Final = len(_MARK) + 6
# No colon: `system:workflow` must never be a person.
PERSON: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,127}")
# A branch is called as its complaints call it, in any script.
BRANCH: Final = re.compile(r"[^\x00-\x20\x7f]([^\x00-\x1f\x7f]{0,126}[^\x00-\x20\x7f])?")


class Unauthenticated(Exception):
    """The request names nobody: it has no key, session or token, or one that is unknown, revoked or over."""


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


class Verified(NamedTuple):
    """Whom an access token names, and for how many seconds from now it may be believed."""

    principal: Principal
    seconds: float


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
    expires_at: datetime | None
    revoked_at: datetime | None
    development: bool


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
    expires_at: datetime | None = None,
) -> str:
    """Make a key and return it, for the only time. Without `person` it stands for itself. Raises BadKeyRequest."""
    key = new_key()
    await register_key(
        connection,
        key,
        role=role,
        tenant=tenant,
        branch=branch,
        person=person or f"{role}-{key[len(_MARK) :][:6]}",
        expires_at=expires_at,
    )
    return key


async def register_key(
    connection: asyncpg.Connection,
    key: str,
    *,
    role: str,
    tenant: str,
    branch: str | None,
    person: str,
    expires_at: datetime | None = None,
    development: bool = False,
) -> None:
    """Let the database know a key that was made elsewhere; once is enough. Raises BadKeyRequest.

    `expires_at` None: never. `development`: production is not to take it.
    """
    if role not in ROLES:
        raise BadKeyRequest(f"There is no role {role!r}. Roles: {', '.join(ROLES)}.")
    if KEY_PATTERN.fullmatch(key) is None:
        raise BadKeyRequest("A key is amends_ and 43 characters of A-Z a-z 0-9 _ -.")
    if PERSON.fullmatch(person) is None:
        raise BadKeyRequest("A person has up to 128 of A-Z a-z 0-9 . _ @ - and begins with a letter or digit.")
    if branch is not None and BRANCH.fullmatch(branch) is None:
        raise BadKeyRequest("A branch has 1 to 128 characters, no control characters, and no blank at either end.")
    await connection.execute(
        "INSERT INTO api_keys (id, prefix, key_hash, role, branch, tenant, person, expires_at, development)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (key_hash) DO NOTHING",
        uuid7(),
        key[:_PREFIX_LENGTH],
        _hash(key),
        role,
        branch,
        tenant,
        person,
        expires_at,
        development,
    )


async def list_keys(connection: asyncpg.Connection, *, tenant: str) -> list[ApiKey]:
    """All keys of the tenant, the revoked ones too, oldest first."""
    rows = await connection.fetch(
        "SELECT id, prefix, role, branch, tenant, person, created_at, expires_at, revoked_at, development"
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
        " RETURNING id, prefix, role, branch, tenant, person, created_at, expires_at, revoked_at, development",
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


def _hash(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest()
