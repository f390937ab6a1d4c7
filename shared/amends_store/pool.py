"""Connections as a service uses them: under a role that owns nothing, on the clock of UTC."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import asyncpg
import stamina

from amends_store.connecting import Primary
from amends_store.errors import StoreUnavailable
from amends_store.outages import is_outage


async def connect_pool(
    database_url: str,
    *,
    role: str,
    tenant: str,
    min_size: int,
    max_size: int,
    patience_seconds: float = 0.0,
    answer_seconds_max: float | None = None,
    on_promoted: Callable[[], None] | None = None,
) -> asyncpg.Pool:
    """A pool whose connections act as `role` ("amends_intake" …), for `tenant`. Raises StoreUnavailable.

    They are to whichever server of the URL takes writes. One that is away, or still recovering from a crash, is waited
    for up to `patience_seconds`; for an answer of its own, where no other limit is given, up to `answer_seconds_max`.
    `on_promoted` is called when another server takes writes than before.
    """
    primary = Primary(database_url, on_promoted=on_promoted)
    options = {
        "min_size": min_size,
        "max_size": max_size,
        "connect": primary.connect,
        "command_timeout": answer_seconds_max,
        "server_settings": session_settings(role, tenant),
    }
    if patience_seconds == 0:
        return await _connect_pool(database_url, options)
    async for attempt in stamina.retry_context(
        on=StoreUnavailable, attempts=None, timeout=patience_seconds, wait_initial=0.1, wait_max=0.5, wait_jitter=0.1
    ):
        with attempt:
            return await _connect_pool(database_url, options)
    raise AssertionError("the last attempt raises")


async def _connect_pool(database_url: str, options: dict[str, Any]) -> asyncpg.Pool:
    try:
        return await asyncpg.create_pool(database_url, **options)
    except Exception as error:
        if is_outage(error):
            raise StoreUnavailable(str(error) or type(error).__name__) from error
        raise


def session_settings(role: str, tenant: str) -> dict[str, Any]:
    """The server settings of a connection that acts as `role` for `tenant`."""
    return {
        "role": role,
        "application_name": role,
        # What row-level security goes by; given with the connection, it costs no statement.
        "amends.tenant": tenant,
        "search_path": "public",
        "timezone": "UTC",
        # Our statements are short look-ups: compiling one costs more than running it.
        "jit": "off",
    }
