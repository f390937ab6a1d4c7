"""A log to publish, notifiers to publish it, and what came to stand in the stream."""

from __future__ import annotations

import asyncio
import os
import sys
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import nats
import orjson
from nats.aio.client import Client
from nats.js.errors import NotFoundError

from amends_domain.events import (
    ApologyGiven,
    ComplaintReceived,
    ContactRecorded,
    DeadlineBreached,
    Event,
    InvestigationCompleted,
    OwnerAssigned,
    ReminderIssued,
)
from amends_notifier.leadership import CHECKPOINT
from amends_notifier.service import CONNECTIONS, Notifier
from amends_notifier.stream import STREAM
from amends_platform.broker_address import BrokerAddress
from amends_platform.recorded import new_event
from amends_platform.sealing import CustomerKey
from amends_platform.supervising.processes import Child, Program
from amends_platform.telemetry.tracing import Tracing
from amends_store.append import Appender
from amends_store.records import Append, Appended, DataKey
from tests.support.keys import a_key
from tests.support.postgres import Database

WAIT_SECONDS_MAX = 60.0
POLICY_HASH = "ab" * 32
DUE_AT = datetime(2026, 3, 3, 2, 0, tzinfo=UTC)

# Whatever of these stands in a message has leaked.
SECRETS = ("Rosalind Achterberg", "+44 20 7946 0991", "swallowed my card behind the post office")


def received(**fields: Any) -> ComplaintReceived:
    """A complaint full of personal data."""
    name, phone, narrative = SECRETS
    told: dict[str, Any] = {
        "channel": "phone",
        "branch": "north-street",
        "customer_ref": "C-1",
        "owner": "a-agent",
        "narrative": narrative,
        "customer": {"name": name, "phone": phone},
    }
    return ComplaintReceived(**{**told, **fields})


def reminder(clock: str = "apology", step: int = 0) -> ReminderIssued:
    return ReminderIssued(clock, 1, step, "75%", DUE_AT, DUE_AT - timedelta(hours=6), 12)


def breach(clock: str = "apology") -> DeadlineBreached:
    return DeadlineBreached(clock, 1, DUE_AT, 34)


def story(length: int) -> list[Event]:
    """The first events of a case, of as many kinds as there are."""
    beginning: list[Event] = [
        received(),
        ContactRecorded("inbound", "phone", True, summary=SECRETS[2]),
        reminder(),
        breach(),
        ApologyGiven("phone", text=f"Sorry, {SECRETS[0]}."),
        InvestigationCompleted("card jam", True, findings=SECRETS[2], countermeasures=(SECRETS[0],)),
    ]
    assigned: list[Event] = [OwnerAssigned(f"a-{n}", f"a-{n - 1}", reason=SECRETS[0]) for n in range(1, length)]
    return [*beginning, *assigned][:length]


@dataclass
class Log:
    """Appends events as facts, personal data sealed, as intake and the timers do."""

    database: Database
    appender: Appender
    key: CustomerKey
    versions: dict[UUID, int] = field(default_factory=lambda: defaultdict(int))
    head: int = 0

    async def append(self, case_id: UUID, *events: Event, tenant: str = "default") -> Appended:
        """Record the events as the next of this case, in one command."""
        stored = tuple(new_event(event, datetime.now(UTC), POLICY_HASH, self.key) for event in events)
        # Commands that bring one customer's key are appended one after the other: it is brought until it is there.
        key = None if self.head else DataKey(self.key.key_id, self.key.customer_ref)
        verdict = await self.appender.append(
            Append(tenant, case_id, self.versions[case_id], "a-agent", uuid4(), None, stored, None, key)
        )
        assert isinstance(verdict, Appended), verdict
        self.versions[case_id] = verdict.version
        self.head = max(self.head, verdict.last_position)
        return verdict

    async def cases(self, count: int, length: int) -> list[UUID]:
        """Many cases at once, `length` events each, of which those of different cases come mixed."""
        case_ids = [uuid4() for _ in range(count)]
        for event in story(length):
            await asyncio.gather(*(self.append(case_id, event) for case_id in case_ids))
        return case_ids

    async def ids(self) -> list[str]:
        """The ids of all events, in order."""
        async with self.database.owner() as connection:
            return [str(row["id"]) for row in await connection.fetch("SELECT id FROM events ORDER BY position")]

    async def published(self, position: int | None = None) -> None:
        """Wait until the checkpoint has come so far; without a position, to the end."""
        wanted = self.head if position is None else position
        await until(lambda: self._checkpoint_is_at(wanted), f"the checkpoint did not reach {wanted}")

    async def everything_is_kept(self, nats_url: str) -> None:
        """Wait until the stream has as many messages as there are events."""

        async def are_kept() -> bool:
            return await kept_count(nats_url) == self.head

        await until(are_kept, f"the stream did not come to {self.head} messages")

    async def _checkpoint_is_at(self, wanted: int) -> bool:
        position = await self.database.fetchval("SELECT position FROM checkpoints WHERE name = $1", CHECKPOINT)
        return position is not None and position >= wanted


@asynccontextmanager
async def a_log(database: Database) -> AsyncIterator[Log]:
    appender = Appender(await database.pool("amends_intake"))
    try:
        yield Log(database, appender, a_key())
    finally:
        await appender.aclose()


@asynccontextmanager
async def a_notifier(
    database: Database, nats_url: str, *, tenant: str = "default", tracing: Tracing | None = None
) -> AsyncIterator[Notifier]:
    """A notifier in this process, following; stopped as by SIGTERM at the end."""
    notifier = await new_notifier(database, nats_url, tenant=tenant, tracing=tracing)
    ready = asyncio.Event()
    running = asyncio.create_task(notifier.run(ready.set))
    try:
        await asyncio.wait({running, started := asyncio.create_task(ready.wait())}, return_when="FIRST_COMPLETED")
        started.cancel()
        yield notifier
    finally:
        notifier.stop()
        async with asyncio.timeout(WAIT_SECONDS_MAX):
            await running


async def new_notifier(
    database: Database, nats_url: str, *, tenant: str = "default", tracing: Tracing | None = None
) -> Notifier:
    """One that is not running yet."""
    pool = await database.pool("amends_notifier", tenant=tenant, max_size=CONNECTIONS)
    return Notifier(pool, BrokerAddress(nats_url), replicas=1, tenant=tenant, finish_seconds_max=5.0, tracing=tracing)


def notifier_program(
    database: Database, nats_url: str, *, log_file: Path, settings: Mapping[str, str] | None = None
) -> Child:
    """A notifier as a process of its own, to be killed."""
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("AMENDS_")},
        "AMENDS_MODE": "development",
        "AMENDS_DATABASE_URL": database.url,
        "AMENDS_NATS_URL": nats_url,
        **(settings or {}),
    }
    command = (sys.executable, "-m", "amends_notifier")
    program = Program("notifier", command, log_file=log_file, announces=True, environment=environment)
    return Child(program, busy=_nothing, started=_nothing)


@dataclass(frozen=True)
class Kept:
    """A message as the stream keeps it."""

    sequence: int
    subject: str
    headers: dict[str, str]
    raw: bytes

    @property
    def id(self) -> str:
        return self.headers["ce-id"]

    @property
    def said(self) -> dict[str, Any]:
        said: dict[str, Any] = orjson.loads(self.raw)
        return said


async def kept(nats_url: str) -> list[Kept]:
    """Everything that the stream keeps, in its order."""
    async with connected(nats_url) as client:
        js = client.jetstream()
        last = (await js.stream_info(STREAM)).state.last_seq
        found = [await js.get_msg(STREAM, sequence) for sequence in range(1, last + 1)]
    return [
        Kept(message.seq or 0, message.subject or "", dict(message.headers or {}), message.data or b"")
        for message in found
    ]


async def kept_count(nats_url: str) -> int:
    """How many messages the stream keeps; none when there is no stream."""
    async with connected(nats_url) as client:
        try:
            return (await client.jetstream().stream_info(STREAM)).state.messages
        except NotFoundError:
            return 0


def by_case(messages: Iterable[Kept]) -> dict[str, list[int]]:
    """The versions that each case's messages came with, in the order of the stream."""
    versions: dict[str, list[int]] = defaultdict(list)
    for message in messages:
        versions[message.said["case_id"]].append(message.said["version"])
    return dict(versions)


@asynccontextmanager
async def connected(nats_url: str) -> AsyncIterator[Client]:
    """To one of the servers, between whose URLs are commas."""
    client = await nats.connect(nats_url.split(","))
    try:
        yield client
    finally:
        await client.close()


async def until(condition: Callable[[], Any], otherwise: str) -> None:
    """Ask again and again, within a bound, until the answer is yes."""
    try:
        async with asyncio.timeout(WAIT_SECONDS_MAX):
            # The broker and the database are asked; neither tells by itself.
            while not await condition():  # noqa: ASYNC110
                await asyncio.sleep(0.02)
    except TimeoutError:
        raise AssertionError(otherwise) from None


def _nothing(*_: str) -> None:
    return None
