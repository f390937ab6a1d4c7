"""A log to write cases to as intake does, and a workflow that follows it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx
import pytest_asyncio

from amends_domain.case import Case
from amends_domain.commands import Command, Link, Merge, OpenIncident, Receive
from amends_domain.decide import Actor, Context, Decision, Rejection, decide
from amends_domain.decisions.links import absorb
from amends_domain.events import Event
from amends_domain.evolve import customer_of_incident
from amends_domain.policy import Policy
from amends_platform.cases import Cases
from amends_platform.evidence.signing_key import ensure_signing_key
from amends_platform.identity.principals import create_key
from amends_platform.ids import uuid7
from amends_platform.keyring import Keyring
from amends_platform.keystore.protocol import KeyStore
from amends_platform.policy.book import PolicyBook
from amends_platform.policy.files import load_policy
from amends_platform.recorded import new_event
from amends_platform.sealing import ensure_master_key
from amends_platform.settings import Settings
from amends_store.append import Appender
from amends_store.follow import Follower
from amends_store.read import head_position
from amends_store.records import Append, Appended, DataKey, DataKeyConflict, VersionConflict
from amends_workflow.app import create_app
from amends_workflow.projection import CHECKPOINT, Projection
from amends_workflow.tasks import stop
from tests.support.contract import hold_to_contract
from tests.support.keys import key_store_in
from tests.support.lives import HEAD, receive
from tests.support.postgres import Database

WAIT_SECONDS_MAX = 20.0
TENANT = "default"


class Log:
    """Cases in the log of a database. The store's clock is the only one: move it, and decisions move too."""

    def __init__(self, database: Database, pool: asyncpg.Pool, view: asyncpg.Pool, keys: KeyStore) -> None:
        """`pool` connects as intake does, `view` as the workflow does."""
        self.database = database
        self.pool = pool
        self.view = view
        self.book = PolicyBook(pool)
        self.cases = Cases(pool, TENANT)
        self.policy: Policy
        self._keys = keys
        self._keyring = Keyring(pool, keys)
        self._appender = Appender(pool)

    async def use_policy(self, name_or_path: str | Path) -> None:
        """From now on decisions are made by this policy."""
        self.policy = await self.book.register(load_policy(name_or_path))

    async def now(self) -> datetime:
        at: datetime = await self.pool.fetchval("SELECT log_now()")
        return at

    async def receive(self, **fields: Any) -> UUID:
        """A new case."""
        case_id = uuid7()
        await self.append(case_id, receive(**fields))
        return case_id

    async def give(self, case_id: UUID, command: Command, by: Actor = HEAD) -> int:
        """Give a command that must be allowed; the position of its last event."""
        outcome = await self.append(case_id, command, by)
        assert isinstance(outcome, int), outcome
        return outcome

    async def open_incident(self, same: str, value: str, **fields: Any) -> UUID:
        """A mass incident that a person opens."""
        case_id = uuid7()
        await self.append(case_id, OpenIncident("A campaign", same, value, **fields))
        return case_id

    async def merge(self, merged: UUID, survivor: UUID) -> None:
        """Let one case go on as the other, as an intake does that writes both at once."""
        one, other = await self.case(merged), await self.case(survivor)
        now = await self.now()

        def decided(policies: Mapping[str, Policy]) -> tuple[Decision, tuple[Event, ...]]:
            context = Context(now, HEAD, self.policy, policies, other=other)
            return decide(one, Merge(survivor, "The same matter."), context), absorb(other, one, context)

        into, absorbed = await self.book.judge(decided)
        assert not isinstance(into, Rejection), into
        for case, events in ((one, into), (other, absorbed)):
            assert await self._record(case.id, case, events, HEAD, case.customer_ref, now) is not None

    async def append(
        self, case_id: UUID, command: Command, by: Actor = HEAD, *, occurred_at: datetime | None = None
    ) -> int | Rejection:
        """Give a command; the position of its last event, or why it was refused."""
        case = None if isinstance(command, Receive | OpenIncident) else await self.case(case_id)
        other = await self.cases.load(command.other) if isinstance(command, Link) else None
        now = await self.now()
        decision = await self.book.judge(
            lambda policies: decide(case, command, Context(now, by, self.policy, policies, occurred_at, other))
        )
        if isinstance(decision, Rejection):
            return decision
        match command:
            case Receive():
                customer_ref, occurred_at = command.customer_ref, command.occurred_at or now
            case OpenIncident():
                customer_ref = customer_of_incident(case_id)
            case _:
                customer_ref = self._customer_of(case)
        position = await self._record(case_id, case, decision, by, customer_ref, occurred_at or now)
        # None: a timer of the running workflow fired in between. Decide again on the case as it is, as intake does.
        return position or await self.append(case_id, command, by, occurred_at=occurred_at)

    async def _record(
        self,
        case_id: UUID,
        case: Case | None,
        decision: tuple[Event, ...],
        by: Actor,
        customer_ref: str,
        occurred_at: datetime,
    ) -> int | None:
        """Append; the position of the last event, or None when the case has moved on."""
        while True:
            key = await self._keyring.of_customer(TENANT, customer_ref) or await self._keyring.new(TENANT, customer_ref)
            verdict = await self._appender.append(
                Append(
                    tenant=TENANT,
                    stream_id=case_id,
                    expected_version=0 if case is None else case.version,
                    actor=by.id,
                    correlation_id=uuid4(),
                    causation_id=None,
                    events=tuple(new_event(event, occurred_at, self.policy.hash, key) for event in decision),
                    receipt=None,
                    data_key=DataKey(key.key_id, customer_ref),
                )
            )
            if isinstance(verdict, DataKeyConflict):
                self._keyring.forget([key.key_id])
                continue
            if isinstance(verdict, VersionConflict) and case is not None:
                return None
            assert isinstance(verdict, Appended), verdict
            self._keyring.keep(key)
            return verdict.last_position

    async def case(self, case_id: UUID) -> Case:
        case = await self.cases.load(case_id)
        assert case is not None
        return case

    async def types(self, case_id: UUID) -> list[str]:
        """The types of the case's events, in order."""
        rows = await self.pool.fetch("SELECT type FROM events WHERE stream_id = $1 ORDER BY version", case_id)
        return [row["type"] for row in rows]

    async def aclose(self) -> None:
        await self._appender.aclose()
        await self._keys.aclose()

    @staticmethod
    def _customer_of(case: Case | None) -> str:
        assert case is not None
        return case.customer_ref


@asynccontextmanager
async def open_log(database: Database, directory: Path) -> AsyncIterator[Log]:
    """The log of a database, under the default policy."""
    log = Log(database, await database.pool(), await database.pool("amends_workflow"), key_store_in(directory))
    await log.use_policy("bank-cn")
    try:
        yield log
    finally:
        await log.aclose()


@pytest_asyncio.fixture(loop_scope="session")
async def log(database: Database, tmp_path: Path) -> AsyncIterator[Log]:
    async with open_log(database, tmp_path) as opened:
        yield opened


@asynccontextmanager
async def running(work: Coroutine[Any, Any, Any]) -> AsyncIterator[asyncio.Task[Any]]:
    """A task that runs while inside, and whose failure is the test's."""
    task = asyncio.create_task(work)
    try:
        yield task
    finally:
        await stop(task)
        if not task.cancelled():
            task.result()


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    """Wait, within a bound, until the condition holds."""
    async with asyncio.timeout(WAIT_SECONDS_MAX):
        while True:
            if await condition():
                return
            await asyncio.sleep(0.01)


async def nothing_owed(log: Log) -> bool:
    """Nothing is due, and everything in the log has been projected."""
    return bool(
        await log.view.fetchval(
            "SELECT NOT EXISTS (SELECT FROM timers WHERE fires_at <= log_now())"
            " AND (SELECT position FROM checkpoints WHERE name = $1) = (SELECT position FROM log_head)",
            CHECKPOINT,
        )
    )


async def project(database: Database, *, batch_events_max: int = 500) -> None:
    """Bring the read model up to the end of the log, as a workflow that has just started would."""
    pool = await database.pool("amends_workflow")
    follower = Follower.projecting(pool, CHECKPOINT, Projection(PolicyBook(pool)), batch_events_max=batch_events_max)
    async with running(follower.run()), asyncio.timeout(WAIT_SECONDS_MAX):
        await follower.reached(await head_position(pool))


class Asker:
    """Somebody with a key who asks the workflow."""

    def __init__(self, client: httpx.AsyncClient, api_key: str, purpose: str | None = None) -> None:
        self._client = client
        self._headers = {"Authorization": f"Bearer {api_key}"}
        if purpose is not None:
            self._headers["Amends-Purpose"] = purpose

    async def get(self, path: str, **parameters: Any) -> httpx.Response:
        response = await self._client.get(path, params=parameters or None, headers=self._headers)
        hold_to_contract("workflow", response)
        return response

    async def ask(self, path: str, **parameters: Any) -> Any:
        """The answer, which must be good."""
        response = await self.get(path, **parameters)
        assert response.status_code == 200, response.text
        return response.json()

    async def pages(self, path: str, **parameters: Any) -> list[list[Any]]:
        """All pages of a list."""
        page = await self.ask(path, **parameters)
        found = [page["items"]]
        while page["next"] is not None:
            page = await self.ask(page["next"])
            found.append(page["items"])
        return found


class Workflow:
    """A running workflow application."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self.database = database
        self.app = create_app(settings, provider=None)
        self.client = httpx.AsyncClient(
            transport=httpx.ASGITransport(self.app, raise_app_exceptions=False), base_url="http://workflow"
        )

    async def asker(
        self, role: str = "handler", *, branch: str | None = None, purpose: str | None = None, person: str | None = None
    ) -> Asker:
        """Somebody new in this role, who reads personal data for this purpose."""
        async with self.database.owner() as conn:
            key = await create_key(conn, role=role, tenant=TENANT, branch=branch, person=person)
        return Asker(self.client, key, purpose)


@asynccontextmanager
async def running_workflow(database: Database, directory: Path, **settings: Any) -> AsyncIterator[Workflow]:
    """A workflow that has started, stopped at the end."""
    ensure_master_key(directory / "master.key")
    known = Settings.load(
        database_url=database.url,
        master_key_file=directory / "master.key",
        signing_key_file=directory / "signing.key",
        rate_limit="off",
        **{"key_store": directory / "customers.db", **settings},
    )
    ensure_signing_key(known.signing_key_path, known.origin)
    workflow = Workflow(database, known)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(workflow.app.router.lifespan_context(workflow.app))
        await stack.enter_async_context(workflow.client)
        yield workflow


@pytest_asyncio.fixture(loop_scope="session")
async def workflow(log: Log, tmp_path: Path) -> AsyncIterator[Workflow]:
    """A running workflow on the database of `log`."""
    async with running_workflow(log.database, tmp_path) as started:
        yield started
