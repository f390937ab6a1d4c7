"""Timers: each becomes one event when it is due, unless its case has moved on."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import asyncpg
import pytest
import pytest_asyncio

from amends_store.append import Appender
from amends_store.batch import arguments
from amends_store.leaf import leaf_hash
from amends_store.read import head_position, read_log, read_stream
from amends_store.records import Appended
from amends_store.statements import statement
from amends_store.timers import Fired, catch_up
from tests.support.appends import a_command
from tests.support.postgres import Database
from tests.support.timers import fire_due

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
SECONDS_MAX = 30


@pytest_asyncio.fixture(loop_scope="session")
async def workflow(database: Database) -> asyncpg.Pool:
    await database.stop_clock(NOON)
    return await database.pool("amends_workflow", max_size=10)


async def a_case(appender: Appender) -> UUID:
    command = a_command()
    assert isinstance(await appender.append(command), Appended)
    return command.stream_id


async def a_timer(
    pool: asyncpg.Pool,
    case_id: UUID,
    fires_at: datetime,
    *,
    case_version: int = 1,
    step: int = 0,
    event_type: str = "deadline-breached",
    data: str = '{"clock":"apology"',
) -> None:
    await pool.execute(
        "INSERT INTO timers (case_id, clock, generation, step, tenant, event_type, fires_at, case_version,"
        " policy_hash, correlation_id, data)"
        " VALUES ($1, 'apology', 1, $2, 'default', $7, $3, $4, $5, $1, $6)",
        *(case_id, step, fires_at, case_version, b"p" * 32, data, event_type),
    )


async def waiting(pool: asyncpg.Pool) -> int:
    return int(await pool.fetchval("SELECT count(*) FROM timers"))


async def test_a_due_timer_becomes_an_event_and_is_gone(workflow: asyncpg.Pool, appender: Appender) -> None:
    case = await a_case(appender)
    await a_timer(workflow, case, NOON - MINUTE)
    assert await fire_due(workflow, 100) == [Fired(2, case, NOON - MINUTE)]
    assert await waiting(workflow) == 0
    (_, event) = await read_stream(workflow, case)
    assert (event.version, event.type, event.actor, event.tenant) == (
        *(2, "deadline-breached", "system:workflow", "default"),
    )
    assert (event.occurred_at, event.recorded_at, event.policy_hash) == (NOON - MINUTE, NOON, b"p" * 32)
    assert json.loads(event.data) == {"clock": "apology", "late_by_ms": 60_000}
    assert (event.correlation_id, event.causation_id, event.sealed) == (case, None, None)
    assert leaf_hash(event) == event.leaf_hash


async def test_a_timer_fires_at_its_time_and_not_before(
    database: Database, workflow: asyncpg.Pool, appender: Appender
) -> None:
    case = await a_case(appender)
    await a_timer(workflow, case, NOON + MINUTE)
    await database.stop_clock(NOON + MINUTE - timedelta(microseconds=1))
    assert await fire_due(workflow, 100) == []
    await database.stop_clock(NOON + MINUTE)
    assert await fire_due(workflow, 100) == [Fired(2, case, NOON + MINUTE)]
    assert json.loads((await read_log(workflow, after=1, limit=1))[0].data)["late_by_ms"] == 0


async def test_the_oldest_fire_first_and_no_more_than_asked(workflow: asyncpg.Pool, appender: Appender) -> None:
    cases = [await a_case(appender) for _ in range(6)]
    for age, case in enumerate(cases):
        await a_timer(workflow, case, NOON - age * MINUTE)
    fired = [*await fire_due(workflow, 4), *await fire_due(workflow, 4)]
    assert [one.case_id for one in fired] == cases[::-1]
    assert [one.position for one in fired] == [7, 8, 9, 10, 11, 12]


async def test_timers_of_one_case_fire_together_in_their_order(workflow: asyncpg.Pool, appender: Appender) -> None:
    case, other = await a_case(appender), await a_case(appender)
    for step in (2, 0, 1):
        await a_timer(workflow, case, NOON - (3 - step) * MINUTE, step=step)
    await a_timer(workflow, case, NOON + MINUTE, step=3)
    await a_timer(workflow, other, NOON - 2 * MINUTE)
    assert await fire_due(workflow, 100) == [
        Fired(3, case, NOON - 3 * MINUTE),
        *(Fired(4 + n, who, NOON - 2 * MINUTE) for n, who in enumerate(sorted((case, other)))),
        Fired(6, case, NOON - MINUTE),
    ]
    assert [event.version for event in await read_stream(workflow, case)] == [1, 2, 3, 4]
    # What is not due yet is made anew, once the workflow has seen those events.
    assert await waiting(workflow) == 1


async def test_no_more_of_one_case_fire_than_asked_and_the_rest_is_made_anew_first(
    workflow: asyncpg.Pool, appender: Appender
) -> None:
    case = await a_case(appender)
    for step in range(3):
        await a_timer(workflow, case, NOON - (3 - step) * MINUTE, step=step)
    assert [fired.position for fired in await fire_due(workflow, 2)] == [2, 3]
    assert await fire_due(workflow, 2) == []
    await workflow.execute("UPDATE timers SET case_version = case_version + 2")
    assert await fire_due(workflow, 2) == [Fired(4, case, NOON - MINUTE)]


async def test_what_may_move_clocks_is_the_last_of_its_case(workflow: asyncpg.Pool, appender: Appender) -> None:
    case = await a_case(appender)
    for step, event_type in enumerate(("reminder-issued", "reclassified", "deadline-breached")):
        await a_timer(workflow, case, NOON - (3 - step) * MINUTE, step=step, event_type=event_type)
    assert len(await fire_due(workflow, 100)) == 2
    assert [event.type for event in await read_stream(workflow, case)][1:] == ["reminder-issued", "reclassified"]
    assert await fire_due(workflow, 100) == []
    assert await waiting(workflow) == 1


async def test_a_malformed_timer_takes_no_turn_from_the_others_of_its_case(
    workflow: asyncpg.Pool, appender: Appender
) -> None:
    case = await a_case(appender)
    for step, data in enumerate(('{"n":0', "{", '{"n":2')):
        await a_timer(workflow, case, NOON - (3 - step) * MINUTE, step=step, data=data)
    assert [fired.position for fired in await fire_due(workflow, 100)] == [2, 3]
    assert [json.loads(event.data)["n"] for event in (await read_stream(workflow, case))[1:]] == [0, 2]
    assert await workflow.fetchval("SELECT count(*) FROM timer_quarantine") == 1


async def test_a_timer_does_not_overtake_one_of_its_case_that_is_just_being_made_anew(
    workflow: asyncpg.Pool, appender: Appender
) -> None:
    case = await a_case(appender)
    for step in range(2):
        await a_timer(workflow, case, NOON - (2 - step) * MINUTE, step=step)
    async with workflow.acquire() as projection, projection.transaction():
        await projection.execute("UPDATE timers SET data = data WHERE step = 0")
        async with asyncio.timeout(SECONDS_MAX):
            assert await fire_due(workflow, 100) == []
    assert [fired.fires_at for fired in await fire_due(workflow, 100)] == [NOON - 2 * MINUTE, NOON - MINUTE]


async def test_catching_up_fires_batch_after_batch_in_transactions_of_their_own(
    database: Database, workflow: asyncpg.Pool, appender: Appender
) -> None:
    cases = [await a_case(appender) for _ in range(8)]
    for age, case in enumerate(cases):
        await a_timer(workflow, case, NOON - age * MINUTE)
    # Two whole batches, and no third.
    assert [one.case_id for one in await catch_up(workflow, 3, 2)] == cases[:1:-1]
    assert [one.position for one in await catch_up(workflow, 3, 9)] == [15, 16]
    assert await catch_up(workflow, 3, 9) == []
    transactions = await database.fetchval("SELECT count(DISTINCT xmin::text) FROM events WHERE position > 8")
    assert transactions == 3


async def test_a_timer_whose_case_has_moved_on_waits_and_stops_no_other(
    workflow: asyncpg.Pool, appender: Appender
) -> None:
    moved, other = await a_case(appender), await a_case(appender)
    await a_timer(workflow, moved, NOON - 2 * MINUTE)
    await a_timer(workflow, other, NOON - MINUTE)
    await appender.append(a_command(moved, after=1))
    assert [one.case_id for one in await fire_due(workflow, 1)] == [other]
    assert await fire_due(workflow, 1) == []
    assert await waiting(workflow) == 1
    assert [event.type for event in await read_stream(workflow, moved)] == ["contact-recorded"] * 2


async def test_a_timer_of_version_nought_begins_a_stream_and_only_once(workflow: asyncpg.Pool) -> None:
    incident = uuid4()
    # Whoever makes it again, before what fired has been projected, changes nothing.
    for expected in ([Fired(1, incident, NOON - MINUTE)], []):
        await a_timer(workflow, incident, NOON - MINUTE, case_version=0)
        async with asyncio.timeout(SECONDS_MAX):
            fired = await asyncio.gather(*(fire_due(workflow, 100) for _ in range(4)))
        assert [one for some in fired for one in some] == expected
    (event,) = await read_stream(workflow, incident)
    assert (event.position, event.version, event.tenant, event.actor) == (1, 1, "default", "system:workflow")
    assert (event.occurred_at, event.recorded_at) == (NOON - MINUTE, NOON)
    assert leaf_hash(event) == event.leaf_hash


async def test_a_timer_for_a_case_that_does_not_exist_never_fires(workflow: asyncpg.Pool) -> None:
    await a_timer(workflow, uuid4(), NOON - MINUTE)
    assert await fire_due(workflow, 100) == []


@pytest.mark.parametrize(
    ("data", "error"),
    [
        ('{"clock":', "invalid input syntax for type json"),
        ("", "invalid input syntax for type json"),
        ("{", "invalid input syntax for type json"),
        ('["apology"', "invalid input syntax for type json"),
        ('{"clock":"apology"}', "invalid input syntax for type json"),
    ],
)
async def test_a_malformed_timer_is_put_aside_and_stops_no_other(
    workflow: asyncpg.Pool, appender: Appender, data: str, error: str
) -> None:
    bad, good = await a_case(appender), await a_case(appender)
    await a_timer(workflow, bad, NOON - 2 * MINUTE, data=data)
    await a_timer(workflow, good, NOON - MINUTE)
    assert [one.case_id for one in await fire_due(workflow, 100)] == [good]
    assert await waiting(workflow) == 0
    (aside,) = await workflow.fetch("SELECT * FROM timer_quarantine")
    assert (aside["case_id"], aside["data"], aside["error"], aside["quarantined_at"]) == (bad, data, error, NOON)


async def test_what_the_log_would_refuse_cannot_become_a_timer(workflow: asyncpg.Pool, appender: Appender) -> None:
    case = await a_case(appender)
    for column, value in {
        "event_type": "''",
        "policy_hash": "'short'",
        "fires_at": "'-infinity'",
        "case_version": "2147483647",
    }.items():
        await a_timer(workflow, case, NOON)
        with pytest.raises(asyncpg.CheckViolationError):
            await workflow.execute(f"UPDATE timers SET {column} = {value}")
        await workflow.execute("DELETE FROM timers")


async def test_many_firing_at_once_with_appends_between_fire_each_timer_once(
    workflow: asyncpg.Pool, appender: Appender
) -> None:
    cases = [await a_case(appender) for _ in range(200)]
    for number, case in enumerate(cases):
        await a_timer(workflow, case, NOON - (number + 1) * MINUTE)

    async def fire_all() -> list[Fired]:
        fired: list[Fired] = []
        while some := await fire_due(workflow, 7):
            fired += some
        return fired

    async with asyncio.timeout(SECONDS_MAX):
        firing = [asyncio.create_task(fire_all()) for _ in range(8)]
        await asyncio.gather(*(a_case(appender) for _ in range(300)))
        every = [one for task in firing for one in await task]
    assert sorted(one.case_id for one in every) == sorted(cases)
    assert len({one.position for one in every}) == 200
    assert await head_position(workflow) == 700
    assert len(await read_log(workflow, after=0, limit=1000)) == 700


async def test_a_timer_that_is_just_being_made_anew_is_left_alone(workflow: asyncpg.Pool, appender: Appender) -> None:
    busy, other = await a_case(appender), await a_case(appender)
    await a_timer(workflow, busy, NOON - 2 * MINUTE)
    await a_timer(workflow, other, NOON - MINUTE)
    async with workflow.acquire() as projection, projection.transaction():
        await projection.execute("UPDATE timers SET fires_at = $2 WHERE case_id = $1", busy, NOON + MINUTE)
        async with asyncio.timeout(SECONDS_MAX):
            assert [one.case_id for one in await fire_due(workflow, 100)] == [other]
    assert await fire_due(workflow, 100) == []


async def test_a_call_that_finds_nothing_to_fire_does_not_wait_for_a_writer(
    database: Database, workflow: asyncpg.Pool, appender: Appender
) -> None:
    moved = await a_case(appender)
    await a_timer(workflow, moved, NOON - MINUTE)
    await appender.append(a_command(moved, after=1))
    async with database.owner() as holder, asyncio.timeout(SECONDS_MAX), holder.transaction():
        await holder.execute("SELECT lock_log()")
        await database.execute("ALTER FUNCTION fire_due_timers SET lock_timeout = '50ms'")
        assert await fire_due(workflow, 100) == []


async def test_a_timer_whose_case_moves_while_it_waits_for_the_log_does_not_fire(
    database: Database, workflow: asyncpg.Pool, appender: Appender
) -> None:
    moved, other = await a_case(appender), await a_case(appender)
    for case in (moved, other):
        await a_timer(workflow, case, NOON - MINUTE)
    async with database.owner() as writer, asyncio.timeout(SECONDS_MAX):
        async with writer.transaction():
            await writer.execute("SELECT lock_log()")
            firing = asyncio.create_task(fire_due(workflow, 100))
            waits = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
            while not await database.fetchval(waits):  # noqa: ASYNC110 (the server does not tell by itself)
                await asyncio.sleep(0.01)
            await writer.fetch(statement("append_batch"), *arguments([a_command(moved, after=1)]))
        assert [one.case_id for one in await firing] == [other]
    assert await waiting(workflow) == 1


async def test_no_more_timers_are_looked_at_than_may_fire_whatever_the_statistics_say(
    database: Database, workflow: asyncpg.Pool
) -> None:
    async with database.owner() as owner:
        # Each of them begins a case. Nobody has counted them yet.
        await owner.execute(
            "INSERT INTO timers (case_id, clock, generation, step, tenant, event_type, fires_at, case_version,"
            " correlation_id, data) SELECT gen_random_uuid(), 'mass', 0, 0, 'default', 'incident-opened',"
            " $1::timestamptz - number * interval '1 second', 0, gen_random_uuid(), '{\"n\":0'"
            " FROM generate_series(1, 1000) AS number",
            NOON,
        )
        read = "SELECT sum(pg_stat_get_tuples_returned(indexrelid)) FROM pg_index WHERE indrelid = 'timers'::regclass"
        assert len(await owner.fetch("SELECT FROM fire_due_timers(10)")) == 10
        await owner.execute("SELECT pg_stat_force_next_flush()")
        assert await owner.fetchval(read) <= 30
