"""Connections as a service uses them: under a role that owns nothing, on the clock of UTC."""

from __future__ import annotations

import asyncpg


async def connect_pool(database_url: str, *, role: str, min_size: int, max_size: int) -> asyncpg.Pool:
    """A pool whose connections act as `role` ("amends_intake" …). Raises StoreUnavailable."""
    raise NotImplementedError
