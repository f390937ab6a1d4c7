"""Signing in: a key is shown once, or a provider vouches once; a session token stands for it from then on."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta
from typing import Final

from amends_platform.identity.principals import SESSION_MARK, Principal
from amends_store.read import Executor

LIFETIME: Final = timedelta(hours=12)
SIGN_IN_SECONDS_MAX: Final = 600
"""How long signing in at the identity provider may take. What was used for it is remembered so long, at least."""


async def begin_session(executor: Executor, api_key: str) -> str | None:
    """A new session of the key, by its token, which is told only now; None when the key is unknown or over.

    Sessions that have expired are removed on the way.
    """
    token = SESSION_MARK + secrets.token_urlsafe(32)
    begun = await executor.fetchval(
        "WITH expired AS (DELETE FROM sessions WHERE expires_at <= log_now())"
        " INSERT INTO sessions (token_hash, api_key_id, expires_at)"
        " SELECT $1, id, log_now() + $3 FROM api_keys WHERE key_hash = $2 AND revoked_at IS NULL"
        " AND (expires_at IS NULL OR expires_at > log_now())"
        " RETURNING true",
        _hash(token),
        _hash(api_key),
        LIFETIME,
    )
    return token if begun else None


async def begin_person_session(executor: Executor, principal: Principal, seconds: float, state: str) -> str | None:
    """A new session of somebody whom the identity provider vouches for, of so many seconds, by its token; None when
    somebody was signed in by this `state` before.
    """
    token = SESSION_MARK + secrets.token_urlsafe(32)
    begun = await executor.fetchval(
        "WITH expired AS (DELETE FROM person_sessions WHERE expires_at <= log_now() - CAST($8 AS interval))"
        " INSERT INTO person_sessions (token_hash, sign_in_hash, tenant, person, roles, branches, expires_at)"
        " VALUES ($1, $2, $3, $4, $5, $6, log_now() + $7) ON CONFLICT (sign_in_hash) DO NOTHING RETURNING true",
        _hash(token),
        _hash(state),
        principal.tenant,
        principal.id,
        [grant.role for grant in principal.grants],
        [grant.branch for grant in principal.grants],
        min(timedelta(seconds=seconds), LIFETIME),
        timedelta(seconds=SIGN_IN_SECONDS_MAX),
    )
    return token if begun else None


async def end_session(executor: Executor, token: str) -> None:
    """End the session, whoever's it is; ending it again changes nothing."""
    await executor.execute(
        "WITH of_key AS (UPDATE sessions SET ended_at = log_now() WHERE token_hash = $1 AND ended_at IS NULL)"
        " UPDATE person_sessions SET ended_at = log_now() WHERE token_hash = $1 AND ended_at IS NULL",
        _hash(token),
    )


async def end_sessions_of(executor: Executor, tenant: str, person: str) -> int:
    """End all sessions of a person, by a key or by the identity provider. How many there were."""
    ended: int = await executor.fetchval(
        "WITH of_keys AS ("
        "  UPDATE sessions AS s SET ended_at = log_now() FROM api_keys AS k"
        "  WHERE k.id = s.api_key_id AND k.tenant = $1 AND k.person = $2"
        "  AND s.ended_at IS NULL AND s.expires_at > log_now() RETURNING 1"
        "), of_persons AS ("
        "  UPDATE person_sessions SET ended_at = log_now() WHERE tenant = $1 AND person = $2"
        "  AND ended_at IS NULL AND expires_at > log_now() RETURNING 1"
        ") SELECT (SELECT count(*) FROM of_keys) + (SELECT count(*) FROM of_persons)",
        tenant,
        person,
    )
    return ended


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
