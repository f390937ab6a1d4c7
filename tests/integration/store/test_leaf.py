"""The hash that the database gives an event is the one that Python computes from the event as read."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID, uuid4

import asyncpg
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from amends_store.append import Appender
from amends_store.leaf import leaf_bytes, leaf_hash
from amends_store.read import read_stream
from amends_store.records import Append, Appended, NewEvent, StoredEvent
from tests.support.appends import a_command
from tests.support.postgres import Database

# PostgreSQL has no NUL in text, and UTF-8 no lone surrogates.
texts = st.text(st.characters(codec="utf-8", exclude_characters="\x00"))
names = texts.filter(bool)
sealed_parts = st.none() | st.tuples(st.binary(max_size=300), st.uuids())
times = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC)) | st.datetimes(
    datetime(1900, 1, 2), datetime(2100, 1, 1), timezones=st.just(timezone(timedelta(hours=5, minutes=45)))
)


@st.composite
def events(draw: st.DrawFn) -> NewEvent:
    sealed, key_id = draw(sealed_parts) or (None, None)
    return NewEvent(
        id=draw(st.uuids()),
        type=draw(names),
        schema_version=draw(st.integers(1, 2**31 - 1)),
        occurred_at=draw(times),
        policy_hash=draw(st.none() | st.binary(min_size=32, max_size=32)),
        data=json.dumps(draw(st.dictionaries(texts, texts | st.none())), ensure_ascii=draw(st.booleans())).encode(),
        sealed=sealed,
        key_id=key_id,
    )


commands = st.builds(
    Append,
    tenant=texts,
    stream_id=st.uuids(),
    expected_version=st.just(0),
    actor=texts,
    correlation_id=st.uuids(),
    causation_id=st.none() | st.uuids(),
    events=st.lists(events(), min_size=1, max_size=3).map(tuple),
    receipt=st.none(),
    data_key=st.none(),
)


@pytest_asyncio.fixture(loop_scope="session")
async def owners(database: Database) -> AsyncIterator[tuple[asyncpg.Pool, Appender]]:
    """As the owner, who may append for any tenant."""
    async with asyncpg.create_pool(database.url, min_size=0, max_size=2) as pool:
        appender = Appender(pool)
        yield pool, appender
        await appender.aclose()


@settings(
    max_examples=150,
    deadline=None,
    # One database for all examples: each appends to a stream of its own.
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(command=commands)
async def test_the_database_and_python_hash_the_same_bytes(
    owners: tuple[asyncpg.Pool, Appender], command: Append
) -> None:
    pool, appender = owners
    command = replace(command, stream_id=uuid4())
    verdict = await appender.append(command)
    assert isinstance(verdict, Appended), verdict
    stored = await read_stream(pool, command.stream_id)
    assert [leaf_hash(event) for event in stored] == [event.leaf_hash for event in stored]
    # What is hashed is what was given, to the byte.
    assert [event.data.encode() for event in stored] == [event.data for event in command.events]
    assert [event.occurred_at for event in stored] == [event.occurred_at for event in command.events]


async def test_the_hash_can_be_computed_again_in_the_database(pool: asyncpg.Pool, appender: Appender) -> None:
    await appender.append(a_command(events=3))
    agree = await pool.fetchval(
        "SELECT bool_and(leaf_hash = leaf_hash(position, stream_id, version, id, type, schema_version, occurred_at,"
        " recorded_at, tenant, actor, correlation_id, causation_id, policy_hash, data::text, sealed, key_id))"
        " FROM events"
    )
    assert agree is True


def test_the_bytes_of_a_leaf_never_change() -> None:
    event = StoredEvent(
        position=1,
        stream_id=UUID(int=2),
        version=3,
        id=UUID(int=4),
        type="noted",
        schema_version=5,
        occurred_at=datetime(2000, 1, 1, 0, 0, 1, tzinfo=UTC),
        recorded_at=datetime(1999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
        tenant="t",
        actor="é",
        correlation_id=UUID(int=6),
        causation_id=None,
        policy_hash=b"p" * 32,
        data="{}",
        sealed=b"",
        key_id=UUID(int=7),
        leaf_hash=b"",
    )
    assert leaf_bytes(event).hex(" ", -8) == (
        "0000000000000001 0000000000000000 0000000000000002 0000000300000000 0000000000000000 0000000400000005"
        " 6e6f746564000000 0500000000000f42 40ffffffffffffff ff00000001740000 0002c3a900000010 0000000000000000"
        " 0000000000000006 ffffffff00000020 7070707070707070 7070707070707070 7070707070707070 7070707070707070"
        " 000000027b7d0000 0000000000100000 0000000000000000 000000000007"
    )
