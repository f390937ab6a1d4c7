"""Signing in: a key is shown once, and a session token stands for it from then on, until it ends."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta
from typing import Final

from amends_platform.principals import SESSION_MARK
from amends_store.read import Executor

LIFETIME: Final = timedelta(hours=12)


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
        hashlib.sha256(token.encode()).digest(),
        hashlib.sha256(api_key.encode()).digest(),
        LIFETIME,
    )
    return token if begun else None


async def end_session(executor: Executor, token: str) -> None:
    """End the session; ending it again changes nothing."""
    await executor.execute(
        "UPDATE sessions SET ended_at = log_now() WHERE token_hash = $1 AND ended_at IS NULL",
        hashlib.sha256(token.encode()).digest(),
    )
