"""Which part of the log a month is: its end by the policy in force then, and the last position recorded before it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple

import asyncpg

from amends_domain.clocks import UnknownPolicy
from amends_domain.measures.months import Month, months_until
from amends_domain.measures.pack import Cut
from amends_domain.policy import Policy
from amends_platform.exporting.extract import scope_of_times
from amends_platform.http.problems import Problem
from amends_platform.policy.book import PolicyBook, begins
from amends_platform.policy.publishing import PUBLICATIONS
from amends_store.errors import StoreUnavailable
from amends_store.read import Executor, head_position
from amends_workflow.statements import statement

# As long as a writer waits for another.
_WRITER_SECONDS_MAX: Final = 3.0
_PUBLICATIONS, _FIRST = statement("publications"), statement("first_of_tenant")


class Published(NamedTuple):
    """A policy, and when it was put in force."""

    at: datetime
    policy: Policy


class Beginning(NamedTuple):
    """When a tenant's first event was recorded, and everything that it ever put in force since, in order.

    Where nothing was, the policy that judged the first event is in force.
    """

    recorded_at: datetime
    published: tuple[Published, ...]


class Settled:
    """Up to which instant nothing can be recorded or published any more. One a process, for one who waits at a time.

    Who began to append, or to publish, before then may not have committed yet: they are waited for, and once, for
    those who append wait meanwhile.
    """

    def __init__(self, *, seconds_max: float = _WRITER_SECONDS_MAX) -> None:
        self._until: datetime | None = None
        self._seconds_max = seconds_max

    def covers(self, at: datetime) -> bool:
        return self._until is not None and at <= self._until

    async def wait(self, conn: asyncpg.Connection) -> None:
        """Until it is all that was before now. Raises StoreUnavailable where a writer takes too long."""
        now = await conn.fetchval("SELECT log_now()")
        try:
            for lock in ("lock_log()", f"pg_advisory_xact_lock(hashtext('{PUBLICATIONS}'))"):
                async with conn.transaction():
                    await conn.execute(f"SET LOCAL lock_timeout = {round(self._seconds_max * 1_000)}")
                    await conn.execute(f"SELECT {lock}")
        except asyncpg.LockNotAvailableError as error:
            raise StoreUnavailable("a writer holds the log") from error
        self._until = now


async def cut_of(conn: asyncpg.Connection, tenant: str, policies: PolicyBook, month: Month, settled: Settled) -> Cut:
    """Where a month that is over is cut. Raises StoreUnavailable, and Problem: 404 before the log begins, 409 while
    the month goes on.
    """
    while True:
        policy = await _policy_of(conn, tenant, policies, month)
        ends_at = month.ends(policy.calendar.timezone)
        if settled.covers(ends_at):
            break
        await settled.wait(conn)
    scope = await scope_of_times(conn, since=None, before=ends_at, until=None)
    return Cut(month, policy, ends_at, scope.until, is_over=True)


async def _policy_of(conn: Executor, tenant: str, policies: PolicyBook, month: Month) -> Policy:
    """The policy in force when the month ended. Raises a Problem where it is not over, or had not begun."""
    beginning = await beginning_of(conn, tenant, policies)
    if beginning is None:
        raise Problem(404, "no-such-report", "The log is empty: there is nothing to report of any month yet.")
    policy = in_force(beginning.published, month)
    zone = policy.calendar.timezone
    ends_at = month.ends(zone)
    if ends_at <= beginning.recorded_at:
        first = Month.of(beginning.recorded_at, zone)
        raise Problem(
            404, "no-such-report", f"The log begins in {first}: there is no report of {month}.", first=str(first)
        )
    if await conn.fetchval("SELECT log_now()") < ends_at:
        local = ends_at.astimezone(zone).isoformat()
        raise Problem(
            409,
            "month-not-over",
            f"{month} is over at {local}: its report can be made then. The figures to date are at /v1/measures.",
            ends_at=ends_at.isoformat(),
            measures="/v1/measures",
        )
    return policy


async def cut_to_date(conn: Executor, tenant: str, policies: PolicyBook) -> Cut:
    """The present month up to now. Raises a 404 problem while the log is empty."""
    beginning = await beginning_of(conn, tenant, policies)
    if beginning is None:
        raise Problem(404, "no-such-report", "The log is empty: there is nothing to measure yet.")
    now = await conn.fetchval("SELECT log_now()")
    policy = in_force_at(beginning.published, now)
    month = Month.of(now, policy.calendar.timezone)
    return Cut(month, policy, now, await head_position(conn), is_over=False)


async def months(conn: Executor, tenant: str, policies: PolicyBook) -> list[Month]:
    """Every month since the log began, the last of which goes on."""
    beginning = await beginning_of(conn, tenant, policies)
    if beginning is None:
        return []
    now = await conn.fetchval("SELECT log_now()")
    zone = in_force_at(beginning.published, now).calendar.timezone
    return months_until(Month.of(beginning.recorded_at, zone), Month.of(now, zone))


async def beginning_of(conn: Executor, tenant: str, policies: PolicyBook) -> Beginning | None:
    """None while nothing was decided by a policy. Raises UnknownPolicy."""
    first = await conn.fetchrow(_FIRST, tenant)
    if first is None or first["policy_hash"] is None:
        return None
    rows = await conn.fetch(_PUBLICATIONS, tenant)
    published = [(row["published_at"], row["policy_hash"]) for row in rows] or [
        (first["recorded_at"], first["policy_hash"])
    ]
    known = [Published(at, await _policy(policies, policy_hash.hex())) for at, policy_hash in published]
    return Beginning(first["recorded_at"], tuple(known))


def in_force(published: Sequence[Published], month: Month) -> Policy:
    """The policy in force when a month ended, by the time zone of the one in force until then.

    What is published after the month ended is none of its: so the answer stays what it was.
    """
    current = published[0].policy
    for at, policy in published[1:]:
        ends_at = month.ends(current.calendar.timezone)
        if at < ends_at and begins(policy) < ends_at:
            current = policy
    return current


def in_force_at(published: Sequence[Published], now: datetime) -> Policy:
    """The policy in force now."""
    begun = (policy for _, policy in reversed(published) if begins(policy) <= now)
    return next(begun, published[0].policy)


async def _policy(policies: PolicyBook, policy_hash: str) -> Policy:
    if policy_hash not in policies.known:
        await policies.refresh()
    if policy_hash not in policies.known:
        raise UnknownPolicy(policy_hash)
    return policies.known[policy_hash]
