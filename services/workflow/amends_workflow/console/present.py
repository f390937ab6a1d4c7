"""What a page stands on: the time it is, by the store's clock, and the policy that is in force, with its time zone."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, tzinfo
from typing import Final, NamedTuple

from amends_domain.policy import Policy
from amends_workflow.answering import Answering
from amends_workflow.projection import CHECKPOINT

_PRESENT: Final = "SELECT log_now() AS now, coalesce((SELECT position FROM checkpoints WHERE name = $1), 0) AS position"


class Present(NamedTuple):
    """`policy` is None while none was published; times are then told in UTC. `position`: how far the read model had
    come, so that a page can be told of all that became visible since."""

    now: datetime
    position: int
    policy: Policy | None

    @property
    def zone(self) -> tzinfo:
        return UTC if self.policy is None else self.policy.calendar.timezone


class Publications:
    """The policy in force, learnt anew for each page: one small query."""

    def __init__(self, of: Answering, tenant: str) -> None:
        self._of = of
        self._tenant = tenant
        # Two that learn at once would each learn the same.
        self._learning = asyncio.Lock()

    async def present(self) -> Present:
        """Now. Raises what asyncpg raises."""
        async with self._learning:
            await self._of.policies.learn_published(self._tenant)
        row = await self._of.tenant.fetchrow(_PRESENT, CHECKPOINT)
        now, position = row["now"], row["position"]
        try:
            return Present(now, position, self._of.policies.in_force(now))
        except LookupError:
            return Present(now, position, None)
