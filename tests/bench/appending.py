"""Appending: 64 callers at once, one event a command, until the time is up."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import asyncpg
from eventsourcing.persistence import StoredEvent as RivalEvent
from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore

from amends_domain.events import ComplaintReceived
from amends_platform.ids import uuid7
from amends_platform.recorded import new_event
from amends_store.append import Appender
from amends_store.read import head_position
from amends_store.records import Append, Appended, NewEvent, Receipt
from tests.bench.callers import CALLERS, as_tasks, as_threads
from tests.bench.complaints import KEPT_ANSWER, sample
from tests.bench.measuring import Contender, Figures, Outcome, Plan, take_turns
from tests.bench.servers import Bench
from tests.support.keys import a_key
from tests.support.postgres import Database

CONNECTIONS = 16
OURS, RIVAL, PLAIN = "Amends", "eventsourcing", "plain INSERT"

ABOUT = f"""
{CALLERS} concurrent callers; each waits until its event is durable before it gives the next. All record the same: the
clear data of a complaint and its personal data, sealed beforehand.

- **{OURS}**: `Appender.append` as intake calls it, with expected version, idempotency receipt, gapless position, leaf
  hash. One connection.
- **{RIVAL}**: the library of this name, on its default path, the one that is safe for those who read the log:
  `PostgresApplicationRecorder.insert_events`, which locks the table; {CALLERS} threads, {CONNECTIONS} connections.
- **{PLAIN}**: one row into a table with a primary key by asyncpg's `execute`, {CONNECTIONS} connections. No order, no
  versions, no receipts.
"""

CREATE_PLAIN = """
CREATE TABLE plain_events (
    id uuid PRIMARY KEY, type text NOT NULL, recorded_at timestamptz NOT NULL DEFAULT now(),
    data json NOT NULL, sealed bytea NOT NULL
)
"""
INSERT_PLAIN = "INSERT INTO plain_events (id, type, data, sealed) VALUES ($1, $2, $3, $4)"

# More than any of them can do, so that the time ends before the work.
_PREPARED_PER_SECOND = {OURS: 25_000, RIVAL: 3_000, PLAIN: 10_000}


async def run(bench: Bench, plan: Plan, on_step: Callable[[str], None]) -> Outcome:
    async with bench.database() as database:
        appender = Appender(await database.pool("amends_intake"))
        plain = await asyncpg.create_pool(database.url, min_size=CONNECTIONS, max_size=CONNECTIONS)
        await plain.execute(CREATE_PLAIN)
        rival = _rival(database)
        event = sealed_event()
        contenders = [
            Contender(OURS, lambda: append(appender, event, plan.seconds)),
            Contender(RIVAL, lambda: _rival_append(rival, event, plan.seconds)),
            Contender(PLAIN, lambda: _plain_insert(plain, event, plan.seconds)),
        ]
        try:
            rounds = await take_turns(contenders, plan.rounds, on_step)
            # What was acknowledged is there, and nothing else.
            assert await plain.fetchval("SELECT count(*) FROM events") == await head_position(plain)
        finally:
            rival.datastore.close()
            await appender.aclose()
            await plain.close()
    ratios = rounds.ratio(OURS, RIVAL, "events/s", aim=20), rounds.ratio(OURS, PLAIN, "events/s", aim=4)
    return rounds.outcome("Appending", ABOUT, *ratios)


async def append(appender: Appender, event: NewEvent, seconds: float, *, callers: int = CALLERS) -> Figures:
    """Callers append this event, each time to a new stream, until the time is up."""

    async def give(command: Append) -> None:
        verdict = await appender.append(command)
        assert isinstance(verdict, Appended), verdict

    commands = [_command(event) for _ in range(round(_PREPARED_PER_SECOND[OURS] * seconds))]
    return await as_tasks(give, commands, seconds, callers=callers)


async def _rival_append(recorder: PostgresApplicationRecorder, event: NewEvent, seconds: float) -> Figures:
    assert event.sealed is not None
    state = event.data + event.sealed
    events = [RivalEvent(uuid7(), 1, event.type, state) for _ in range(round(_PREPARED_PER_SECOND[RIVAL] * seconds))]
    return await as_threads(lambda prepared: recorder.insert_events([prepared]), events, seconds)


async def _plain_insert(pool: asyncpg.Pool, event: NewEvent, seconds: float) -> Figures:
    data = event.data.decode()

    async def give(event_id: UUID) -> None:
        await pool.execute(INSERT_PLAIN, event_id, event.type, data, event.sealed)

    ids = [uuid7() for _ in range(round(_PREPARED_PER_SECOND[PLAIN] * seconds))]
    return await as_tasks(give, ids, seconds)


def _command(event: NewEvent) -> Append:
    """A new stream with this event, under an id of its own."""
    key = uuid7()
    own = NewEvent(
        id=key,
        type=event.type,
        schema_version=event.schema_version,
        occurred_at=event.occurred_at,
        policy_hash=event.policy_hash,
        data=event.data,
        sealed=event.sealed,
        key_id=event.key_id,
    )
    return Append(
        tenant="default",
        stream_id=uuid7(),
        expected_version=0,
        actor="a-agent",
        correlation_id=key,
        causation_id=None,
        events=(own,),
        receipt=Receipt("a-agent", key.hex, bytes(32), KEPT_ANSWER),
        data_key=None,
    )


def sealed_event() -> NewEvent:
    """A complaint as intake would record it."""
    body = sample()
    complaint = ComplaintReceived(
        channel=body["channel"],
        branch=body["branch"],
        customer_ref=body["customer"]["ref"],
        owner="a-agent",
        type=body["type"],
        cause=body["cause"],
        narrative=body["narrative"],
        customer=body["customer"],
    )
    key = a_key(complaint.customer_ref)
    return new_event(complaint, datetime.now(UTC), "ab" * 32, key)


def _rival(database: Database) -> PostgresApplicationRecorder:
    address = parse_qs(urlsplit(database.url).query)
    datastore = PostgresDatastore(
        dbname=database.name,
        host=address["host"][0],
        port=address["port"][0],
        user="postgres",
        password="",
        pool_size=CONNECTIONS,
    )
    recorder = PostgresApplicationRecorder(datastore)
    recorder.create_table()
    return recorder
