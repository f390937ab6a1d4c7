"""What day it is, by the database's clock and in the zone of the policy in force."""

from __future__ import annotations

from typing import Any

from amends_platform.digest.queue import Today
from amends_platform.policy.book import PolicyBook


async def today_of(executor: Any, policies: PolicyBook, tenant: str) -> Today | None:
    """None before any policy was published: then there is no case either. Raises AlteredPolicy, asyncpg's errors."""
    now = await executor.fetchval("SELECT log_now()")
    await policies.learn_published(tenant)
    return Today(now, policies.in_force(now)) if policies.known else None
