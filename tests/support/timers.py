"""One batch of timers fired, in a transaction of whoever asks; a service catches up batch by batch."""

from __future__ import annotations

from amends_store.read import Executor
from amends_store.timers import Fired


async def fire_due(conn: Executor, limit: int) -> list[Fired]:
    """At most `limit` that are due, the oldest first."""
    rows = await conn.fetch("SELECT position, case_id, fires_at FROM fire_due_timers($1)", limit)
    return [Fired._make(row) for row in rows]
