"""A log in which much has happened: told once, for every test that looks at logs from the outside."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import asyncpg

from amends_domain.commands import Apologize, PromiseToCustomer, RecordContact, Reopen, Withdraw
from tests.integration.workflow.conftest import Log, project
from tests.support.postgres import Database
from tests.support.timers import fire_due

POLICY = """\
policy: hours
version: 1
effective_from: 2026-01-01
timezone: Asia/Shanghai
clocks:
  apology: {from: complaint-received, stop: [apology-given], due: 4h, warn: [75%]}
  callback:
    from: complaint-received
    stop: [callback-made]
    due: agreed
    at_most: 8h
    warn: [2h before]
    extend: {requires: customer-agreed, before: due, at_most: 8h}
ladder:
  - {before: 30m, to: team_leader}
  - {after: 0h, to: service_admin}
  - {after: 2h, to: department_manager}
mass: {same: cause, count: 2, within: 24h}
repeat: {same: [customer, type], within: 30d}
"""


@dataclass(frozen=True)
class Told:
    """A log in which much has happened, and its cases by name; the read model is up to date."""

    database: Database
    cases: Mapping[str, UUID]
    directory: Path


@asynccontextmanager
async def connected(database: Database) -> AsyncIterator[asyncpg.Connection]:
    """A connection of the owner's."""
    connection = await asyncpg.connect(database.url)
    try:
        yield connection
    finally:
        await connection.close()


async def pass_time(log: Log, **delta: float) -> None:
    """Time passes, and whatever falls due meanwhile fires, as often as one thing leads to another."""
    await log.database.move_clock(timedelta(**delta))
    while True:
        await project(log.database)
        if not await fire_due(log.view, 100):
            return


async def some_history(log: Log, policy: Path) -> dict[str, UUID]:
    """Cases in many states, some with reminders and breaches."""
    await log.use_policy(policy)
    named = {name: await log.receive(customer_ref=name, external_ref=name) for name in ("kept", "broken", "moved")}
    past = {"historical": True, "occurred_at": await log.now() - timedelta(days=400)}
    named["past"] = await log.receive(customer_ref="past", **past)
    named["closed"] = await log.receive(customer_ref="closed", flags=("vulnerable",))
    named["asked"] = await log.receive(customer_ref="asked", kind="inquiry")
    promised = PromiseToCustomer("We will look it up.", await log.now() + timedelta(hours=2))
    await log.give(named["asked"], RecordContact("inbound", "phone", True, "They asked.", promise=promised))
    for name in ("one", "other"):
        named[name] = await log.receive(customer_ref="same", type="waiting_time", cause="process too slow")
    await log.give(named["kept"], Apologize("phone", "Sorry."))
    await log.give(named["closed"], Withdraw("phone", "Settled."))
    await pass_time(log, hours=3.5)
    later = await log.now() + timedelta(hours=9)
    await log.give(named["moved"], RecordContact("outbound", "phone", True, "Explained.", True, later))
    await pass_time(log, hours=5)
    await log.give(named["broken"], Apologize("phone", "Sorry, too late."))
    await log.give(named["closed"], Reopen("recurrence"))
    await pass_time(log, hours=1)
    return named


async def change(database: Database, *statements: str) -> None:
    """Change tables behind everybody's back, as only a superuser can."""
    async with connected(database) as connection:
        await connection.execute("SET session_replication_role = replica")
        await connection.execute("ALTER TABLE events DISABLE TRIGGER USER")
        for statement in statements:
            await connection.execute(statement)
        await connection.execute("ALTER TABLE events ENABLE ALWAYS TRIGGER events_row_unchanged")
        await connection.execute("ALTER TABLE events ENABLE ALWAYS TRIGGER events_never_emptied")
