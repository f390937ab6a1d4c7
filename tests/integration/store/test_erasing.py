"""Erasing a customer: all of their streams are told and their key is erased, or nothing happens; then it stays so."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from uuid import UUID, uuid4

import asyncpg
import pytest

from amends_store.append import Appender
from amends_store.erasing import StreamsChanged, current_key, erase_together, streams_of_customer
from amends_store.pool import connect_pool
from amends_store.read import head_position, read_stream
from amends_store.records import Append, Appended, DataKey, DataKeyConflict, Replayed, VersionConflict
from amends_store.statements import statement
from amends_store.together import append_together
from tests.support.appends import a_command, a_receipt
from tests.support.lossy import lossy_proxy
from tests.support.postgres import Database

CUSTOMER = "C-1"


def sealed(key_id: UUID, stream_id: UUID | None = None, *, after: int = 0, brings: bool = True) -> Append:
    """A command with one event that is sealed with the customer's key."""
    command = a_command(stream_id, after=after, data_key=DataKey(key_id, CUSTOMER) if brings else None)
    (event,) = command.events
    return replace(command, events=(replace(event, sealed=b"sealed", key_id=key_id),))


def erasure(*stream_ids: UUID, after: int = 1, receipt: str = "erase") -> list[Append]:
    """The fact for each stream, the receipt on the first."""
    commands = [a_command(stream_id, after=after) for stream_id in stream_ids]
    return [replace(commands[0], receipt=a_receipt(receipt)), *commands[1:]]


async def two_cases(appender: Appender, key_id: UUID) -> tuple[UUID, UUID]:
    first, second = uuid4(), uuid4()
    for stream_id in (first, second):
        assert isinstance(await appender.append(sealed(key_id, stream_id)), Appended)
    # Of somebody else.
    await appender.append(a_command())
    return first, second


async def erased_at(database: Database, key_id: UUID) -> object:
    return await database.fetchval("SELECT erased_at FROM data_keys WHERE key_id = $1", key_id)


async def test_every_stream_is_told_and_the_key_is_erased_at_that_time(
    database: Database, pool: asyncpg.Pool, appender: Appender
) -> None:
    key_id, told = uuid4(), list[int]()
    cases = await two_cases(appender, key_id)
    assert await streams_of_customer(pool, "default", CUSTOMER) == cases
    outcome = await erase_together(pool, "default", CUSTOMER, key_id, erasure(*cases), on_commit=told.append)
    assert isinstance(outcome, tuple)
    assert [appended.last_position for appended in outcome] == [4, 5]
    assert await erased_at(database, key_id) == outcome[0].recorded_at
    assert await current_key(pool, "default", CUSTOMER) is None
    assert told == [5]


async def test_nothing_sealed_with_an_erased_key_is_taken_any_more(pool: asyncpg.Pool, appender: Appender) -> None:
    key_id, new = uuid4(), uuid4()
    cases = await two_cases(appender, key_id)
    assert isinstance(await erase_together(pool, "default", CUSTOMER, key_id, erasure(*cases)), tuple)
    head = await head_position(pool)
    brings, only_uses = sealed(key_id), sealed(key_id, brings=False)
    nothing_sealed = a_command(data_key=DataKey(key_id, CUSTOMER))
    for command in (brings, only_uses, nothing_sealed):
        assert await appender.append(command) == DataKeyConflict(None)
    pair = (only_uses, a_command(receipt=a_receipt("pair")))
    assert await append_together(pool, pair) == DataKeyConflict(None)
    assert await head_position(pool) == head
    # Who comes back gets another key, and whoever has the old one still is told of it.
    assert isinstance(await appender.append(sealed(new)), Appended)
    assert await appender.append(brings) == DataKeyConflict(new)
    assert await current_key(pool, "default", CUSTOMER) == new


async def test_in_a_batch_only_those_with_the_erased_key_are_refused(pool: asyncpg.Pool, appender: Appender) -> None:
    key_id = uuid4()
    cases = await two_cases(appender, key_id)
    assert isinstance(await erase_together(pool, "default", CUSTOMER, key_id, erasure(*cases)), tuple)
    commands = [sealed(key_id, brings=False) if number % 2 else a_command() for number in range(20)]
    verdicts = await asyncio.gather(*(appender.append(command) for command in commands))
    assert [isinstance(verdict, Appended) for verdict in verdicts] == [True, False] * 10


async def test_who_came_back_is_erased_again_with_all_cases_there_ever_were(
    pool: asyncpg.Pool, appender: Appender
) -> None:
    key_id, new = uuid4(), uuid4()
    cases = await two_cases(appender, key_id)
    assert isinstance(await erase_together(pool, "default", CUSTOMER, key_id, erasure(*cases)), tuple)
    # Something new is said about an old case.
    assert isinstance(await appender.append(sealed(new, cases[0], after=2)), Appended)
    assert await streams_of_customer(pool, "default", CUSTOMER) == cases
    commands = [*erasure(cases[0], after=3, receipt="again"), a_command(cases[1], after=2)]
    assert isinstance(await erase_together(pool, "default", CUSTOMER, new, commands), tuple)


async def test_a_case_that_was_begun_meanwhile_undoes_it(
    database: Database, pool: asyncpg.Pool, appender: Appender
) -> None:
    key_id = uuid4()
    cases = await two_cases(appender, key_id)
    third = sealed(key_id)
    await appender.append(third)
    outcome = await erase_together(pool, "default", CUSTOMER, key_id, erasure(*cases))
    assert outcome == StreamsChanged((*cases, third.stream_id))
    stranger = [*erasure(*cases, third.stream_id), a_command()]
    assert isinstance(await erase_together(pool, "default", CUSTOMER, key_id, stranger), StreamsChanged)
    assert await head_position(pool) == 4
    assert await erased_at(database, key_id) is None
    # The log is nobody's any more, and the same request is still to be carried out.
    assert isinstance(await appender.append(a_command()), Appended)
    outcome = await erase_together(pool, "default", CUSTOMER, key_id, erasure(*cases, third.stream_id))
    assert isinstance(outcome, tuple)


async def test_a_case_that_moved_on_undoes_it(database: Database, pool: asyncpg.Pool, appender: Appender) -> None:
    key_id = uuid4()
    cases = await two_cases(appender, key_id)
    await appender.append(a_command(cases[1], after=1))
    outcome = await erase_together(pool, "default", CUSTOMER, key_id, erasure(*cases))
    assert outcome == VersionConflict(2)
    assert await erased_at(database, key_id) is None


async def test_only_the_key_that_the_customer_has_is_erased(pool: asyncpg.Pool, appender: Appender) -> None:
    key_id = uuid4()
    cases = await two_cases(appender, key_id)
    outcome = await erase_together(pool, "default", CUSTOMER, uuid4(), erasure(*cases))
    assert outcome == DataKeyConflict(key_id)
    assert isinstance(await erase_together(pool, "default", CUSTOMER, key_id, erasure(*cases)), tuple)
    twice = erasure(*cases, after=2, receipt="twice")
    assert await erase_together(pool, "default", CUSTOMER, key_id, twice) == DataKeyConflict(None)


async def test_a_repeat_is_answered_as_the_first_was(pool: asyncpg.Pool, appender: Appender) -> None:
    key_id = uuid4()
    cases = await two_cases(appender, key_id)
    commands = erasure(*cases)
    assert isinstance(await erase_together(pool, "default", CUSTOMER, key_id, commands), tuple)
    assert isinstance(await erase_together(pool, "default", CUSTOMER, key_id, commands), Replayed)


@pytest.mark.parametrize("marker", [b"COMMIT\x00", b"appended"], ids=["after", "before"])
async def test_an_answer_that_was_lost_is_found_again(
    database: Database, pool: asyncpg.Pool, appender: Appender, marker: bytes
) -> None:
    key_id = uuid4()
    cases = await two_cases(appender, key_id)
    async with lossy_proxy(database.url) as proxy:
        through = await connect_pool(proxy.url, role="amends_intake", tenant="default", min_size=0, max_size=2)
        proxy.lose_the_answer_that_holds(marker)
        outcome = await erase_together(through, "default", CUSTOMER, key_id, erasure(*cases))
        assert proxy.lost.is_set()
        await through.close()
    assert isinstance(outcome, tuple)
    assert [appended.version for appended in outcome] == [2, 2]
    assert await erased_at(database, key_id) == (await read_stream(pool, cases[0]))[-1].recorded_at
    assert await head_position(pool) == 5


async def test_nothing_is_recorded_under_the_key_after_the_erasure_however_they_race(
    database: Database, pool: asyncpg.Pool, appender: Appender
) -> None:
    key_id = uuid4()
    await two_cases(appender, key_id)

    async def complain() -> object:
        return await appender.append(sealed(key_id))

    async def erase() -> tuple[Appended, ...]:
        while True:
            streams = await streams_of_customer(pool, "default", CUSTOMER)
            outcome = await erase_together(pool, "default", CUSTOMER, key_id, erasure(*streams))
            if isinstance(outcome, tuple):
                return outcome
            assert isinstance(outcome, StreamsChanged)

    erasing = asyncio.create_task(erase())
    complained = await asyncio.gather(*(complain() for _ in range(40)))
    erased = await erasing
    assert {type(verdict) for verdict in complained} <= {Appended, DataKeyConflict}
    last_sealed = await database.fetchval("SELECT max(position) FROM events WHERE key_id = $1", key_id)
    assert last_sealed < erased[0].first_position
    taken = sum(isinstance(verdict, Appended) for verdict in complained)
    assert len(erased) == 2 + taken


async def test_a_customers_streams_are_found_without_reading_other_customers(
    database: Database, pool: asyncpg.Pool
) -> None:
    # It is asked under the log's lock, where appends wait for it.
    await database.execute(
        "INSERT INTO data_keys (key_id, tenant, customer_ref, created_at, erased_at)"
        " SELECT gen_random_uuid(), 'default', 'C-' || n, now(), CASE WHEN n % 2 = 0 THEN now() END"
        " FROM generate_series(1, 5000) AS n"
    )
    await database.execute("ANALYZE data_keys")
    rows = await pool.fetch(f"EXPLAIN {statement('streams_of_customer')}", "default", CUSTOMER)
    plan = "\n".join(row[0] for row in rows)
    assert "data_keys_one_per_customer" in plan, plan
    assert "data_keys_of_erased_customer" in plan, plan
    assert "Seq Scan on data_keys" not in plan, plan


async def test_nobody_changes_whose_a_key_is_or_takes_an_erasure_back(
    database: Database, pool: asyncpg.Pool, appender: Appender
) -> None:
    key_id = uuid4()
    cases = await two_cases(appender, key_id)
    await erase_together(pool, "default", CUSTOMER, key_id, erasure(*cases))
    for change in (
        "UPDATE data_keys SET customer_ref = 'C-another'",
        "UPDATE data_keys SET erased_at = NULL",
        "UPDATE data_keys SET erased_at = erased_at + interval '1 day'",
        "DELETE FROM data_keys",
        "TRUNCATE data_keys",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="append-only"):
            await database.execute(change)
