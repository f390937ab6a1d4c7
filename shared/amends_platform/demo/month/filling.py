"""Writing the month into a database that has just been made: the only place where the log's clock is ever moved.

Everything happens in one transaction, the moving of the clock included: whoever else looks sees an empty log with the
clock that it was made with, or the whole month and that clock again. What is cut off leaves nothing behind.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from importlib.resources import files
from itertools import groupby
from typing import Any, Final

import asyncpg

from amends_platform.failures import Failure
from amends_platform.keyring import Keyring
from amends_platform.keystore.protocol import KeyStore
from amends_platform.policy.files import LoadedPolicy
from amends_platform.policy.publishing import BY_SETTING, publish
from amends_platform.sealing import CustomerKey
from amends_platform.simulation.world import Happening, Refused
from amends_store.batch import arguments
from amends_store.records import Append
from amends_store.refusals import Refusal, record_refusal
from amends_store.statements import statement

_APPEND_BATCH: Final = statement("append_batch")
_MOVE_CLOCK: Final = (files(__package__) / "sql" / "move_clock.sql").read_text("utf-8")
_SET_CLOCK: Final = "SELECT set_config('amends.demo_now', $1, true)"
_CLOCK_AS_MADE: Final = "SELECT pg_get_functiondef(CAST('log_now()' AS regprocedure))"

OnProgress = Callable[[int], None]


class NotEmpty(Failure):
    """There is something in the log: what a demo invents never stands beside it."""


async def fill(
    conn: asyncpg.Connection,
    store: KeyStore,
    tenant: str,
    policy: LoadedPolicy,
    begins_at: datetime,
    month: Iterable[Happening | Refused],
    on_progress: OnProgress,
) -> int:
    """Put the policy in force and the month into the log; answers how many events that are. Raises NotEmpty.

    `conn` is the owner's. `on_progress` hears how many commands and timers are written.
    """
    keyring = Keyring(conn, store)
    await keyring.stock()
    async with conn.transaction():
        await conn.execute("SELECT lock_log()")
        if await conn.fetchval("SELECT EXISTS (SELECT FROM events) OR EXISTS (SELECT FROM publications)"):
            raise NotEmpty("The database is not new: the demo's month is only ever written into an empty one.")
        clock_as_made = await conn.fetchval(_CLOCK_AS_MADE)
        await conn.execute(_MOVE_CLOCK)
        await conn.execute(_SET_CLOCK, begins_at.isoformat())
        # As if it had been set from the beginning: then intake, for which it is set, finds nothing new.
        await publish(conn, tenant, policy, BY_SETTING)
        written = await _Pen(conn, keyring, tenant).write(month, on_progress)
        await conn.execute(clock_as_made)
    return written


class _Pen:
    """Writes what happened, instant by instant."""

    def __init__(self, conn: asyncpg.Connection, keyring: Keyring, tenant: str) -> None:
        self._conn = conn
        self._keyring = keyring
        self._tenant = tenant
        self._brought: set[str] = set()

    async def write(self, month: Iterable[Happening | Refused], on_progress: OnProgress) -> int:
        append = await self._conn.prepare(_APPEND_BATCH)
        done, events = 0, 0
        for at, instant in groupby(month, key=lambda each: each.at):
            await self._conn.execute(_SET_CLOCK, at.isoformat())
            happened = list(instant)
            for batch in _batches(happened):
                rows = [await self._rows(each) for each in batch]
                for verdict in await append.fetch(*arguments(rows)):
                    assert verdict["verdict"] == "appended", f"nobody else writes here, yet: {verdict['verdict']}"
                events += sum(len(each.decided.events) for each in batch)
            for refused in happened:
                if isinstance(refused, Refused) and refused.step.refused:
                    await record_refusal(self._conn, self._refusal(refused))
            done += len(happened)
            on_progress(done)
        return events

    async def _rows(self, happening: Happening) -> Append:
        key = await self._key_of(happening.customer_ref)
        rows = happening.decided.written(self._tenant, happening.correlation_id, key)
        if rows.data_key is None:
            return rows
        if happening.customer_ref in self._brought:
            # It is known, and a batch may hold it once.
            return replace(rows, data_key=None)
        self._brought.add(happening.customer_ref)
        return rows

    async def _key_of(self, customer_ref: str) -> CustomerKey:
        key = self._keyring.cached(self._tenant, customer_ref)
        if key is None:
            key = await self._keyring.new(self._tenant, customer_ref)
            self._keyring.keep(key)
        return key

    def _refusal(self, refused: Refused) -> Refusal:
        actor, command = refused.step.actor, refused.step.command
        assert not callable(command), "what is meant to be refused is known beforehand"
        return Refusal(
            self._tenant,
            actor.id,
            actor.role,
            actor.branch,
            refused.case_id,
            command.NAME,
            refused.rejection.code,
            refused.rejection.detail,
            refused.correlation_id,
        )


def _batches(happened: Iterable[Any]) -> Iterator[list[Happening]]:
    """What happened at one instant, in as few batches as hold no case twice."""
    batch: list[Happening] = []
    cases: set[Any] = set()
    for each in happened:
        if not isinstance(each, Happening):
            continue
        if each.decided.case_id in cases:
            yield batch
            batch, cases = [], set()
        batch.append(each)
        cases.add(each.decided.case_id)
    if batch:
        yield batch
