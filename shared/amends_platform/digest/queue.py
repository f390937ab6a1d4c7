"""What is whose: due today, overdue, breached, reminded of, promised; from the read model, nothing of a customer."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from importlib.resources import files
from typing import Any, Final, NamedTuple

from amends_domain.policy import Policy

SECTIONS: Final = ("breached", "overdue", "today", "reminded", "promised")
"""In the order in which a mail tells of them. An item stands in one of them."""

_OWNERS_QUEUE: Final = (files("amends_platform.digest") / "sql" / "owners_queue.sql").read_text("utf-8")


class Item(NamedTuple):
    """One clock of one case."""

    section: str
    clock: str
    due_at: datetime
    reference: str
    branch: str
    owner: str
    grade: str
    state: str


class Today(NamedTuple):
    """A day in the policy's zone, and when in it this is: what a digest is of."""

    now: datetime
    policy: Policy

    @property
    def local(self) -> datetime:
        return self.now.astimezone(self.policy.calendar.timezone)

    @property
    def ends_at(self) -> datetime:
        """Midnight: not 24 hours on where the clocks are changed."""
        midnight = datetime.combine(self.local.date() + timedelta(days=1), time(0), self.policy.calendar.timezone)
        return midnight.astimezone(UTC)

    def since(self, hour: time) -> datetime:
        """When yesterday's mail was made."""
        yesterday = self.local.date() - timedelta(days=1)
        return datetime.combine(yesterday, hour, self.policy.calendar.timezone).astimezone(UTC)


async def owners_queue(executor: Any, tenant: str, today: Today, hour: time) -> list[Item]:
    """Everything that owners have to be told of, an owner's together, the first due first. Raises asyncpg's errors."""
    clocks = today.policy.clocks
    rows = await executor.fetch(
        _OWNERS_QUEUE,
        tenant,
        today.since(hour),
        today.now,
        today.ends_at,
        [rule.name for rule in clocks if rule.is_promised],
        [rule.name for rule in clocks if rule.owed_by == "customer"],
    )
    return [Item(*row.values()) for row in rows]
