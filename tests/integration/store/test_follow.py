"""Followers: every event once and in order, across restarts, rivals and outages."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager, suppress
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from amends_store.append import Appender
from amends_store.checkpoints import Checkpoint
from amends_store.errors import Fenced, LogHole
from amends_store.follow import Follower
from amends_store.read import head_position, read_log, stream_of_position
from amends_store.records import StoredEvent
from tests.support.appends import a_command
from tests.support.postgres import Database

SECONDS_MAX = 30
# Not who appends: the signal may reach its connection while it sends the next command, of which nobody would know.
CUT_FOLLOWERS_OFF = """
    SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
    WHERE datname = current_database() AND application_name = 'amends_workflow'
"""


@pytest_asyncio.fixture(loop_scope="session")
async def workflow(database: Database) -> asyncpg.Pool:
    """Connections of workflow, and a view for it to write: each position once, in order of arrival."""
    await database.execute(
        "CREATE TABLE view (position bigint PRIMARY KEY, arrival bigserial);"
        "GRANT SELECT, INSERT ON view TO amends_workflow; GRANT USAGE ON view_arrival_seq TO amends_workflow"
    )
    return await database.pool("amends_workflow")


async def project(conn: Any, events: list[StoredEvent]) -> None:
    await conn.executemany("INSERT INTO view (position) VALUES ($1)", [(event.position,) for event in events])


async def seen(pool: asyncpg.Pool) -> list[int]:
    return [row["position"] for row in await pool.fetch("SELECT position FROM view ORDER BY arrival")]


@asynccontextmanager
async def running(follower: Follower) -> AsyncIterator[Follower]:
    task = asyncio.create_task(follower.run())
    try:
        yield follower
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def reached(follower: Follower, position: int) -> None:
    async with asyncio.timeout(SECONDS_MAX):
        await follower.reached(position)


async def ends(run: Awaitable[Any]) -> None:
    async with asyncio.timeout(SECONDS_MAX):
        await run


async def append(appender: Appender, count: int) -> None:
    await asyncio.gather(*(appender.append(a_command()) for _ in range(count)))


async def test_a_projection_sees_every_event_once_in_order(workflow: asyncpg.Pool, appender: Appender) -> None:
    await append(appender, 30)
    async with running(Follower.projecting(workflow, "view", project, batch_events_max=7)) as follower:
        await append(appender, 30)
        await reached(follower, 60)
        assert (follower.position, follower.lag) == (60, 0)
    assert await seen(workflow) == list(range(1, 61))


async def test_a_wake_up_is_quicker_than_polling(
    workflow: asyncpg.Pool, appender: Appender, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("amends_store.follow._POLL_SECONDS", 3600)
    async with running(Follower.projecting(workflow, "view", project)) as follower:
        for number in range(1, 20):
            await append(appender, 1)
            follower.wake()
            await reached(follower, number)


async def test_a_follower_goes_on_where_the_last_one_stopped(workflow: asyncpg.Pool, appender: Appender) -> None:
    for total in (10, 20, 30):
        await append(appender, 10)
        async with running(Follower.projecting(workflow, "view", project)) as follower:
            await reached(follower, total)
    assert await seen(workflow) == list(range(1, 31))


async def test_what_a_failing_handler_wrote_is_undone_and_done_again(
    workflow: asyncpg.Pool, appender: Appender
) -> None:
    await append(appender, 10)

    async def write_and_fail(conn: Any, events: list[StoredEvent]) -> None:
        await project(conn, events)
        raise ArithmeticError

    with pytest.raises(ArithmeticError):
        await ends(Follower.projecting(workflow, "view", write_and_fail).run())
    assert await seen(workflow) == []
    async with running(Follower.projecting(workflow, "view", project)) as follower:
        await reached(follower, 10)
    assert await seen(workflow) == list(range(1, 11))


async def test_a_relay_that_fails_is_given_the_same_events_again(pool: asyncpg.Pool, database: Database) -> None:
    notifier = await database.pool("amends_notifier")
    appender = Appender(pool)
    await append(appender, 3)
    given: list[list[int]] = []

    async def relay(events: list[StoredEvent]) -> None:
        given.append([event.position for event in events])
        if len(given) == 1:
            raise ConnectionResetError("the broker is away")

    async with running(Follower.relaying(notifier, "notifier", relay)) as follower:
        await reached(follower, 3)
    assert given == [[1, 2, 3], [1, 2, 3]]
    await appender.aclose()


async def test_the_newest_follower_goes_on_and_the_older_one_is_fenced(
    workflow: asyncpg.Pool, appender: Appender
) -> None:
    older = Follower.projecting(workflow, "view", project)
    task = asyncio.create_task(older.run())
    await append(appender, 5)
    await reached(older, 5)
    async with running(Follower.projecting(workflow, "view", project)) as newer:
        await reached(newer, 5)
        await append(appender, 5)
        await reached(newer, 10)
        with pytest.raises(Fenced):
            await ends(task)
    assert await seen(workflow) == list(range(1, 11))


async def test_rivals_never_apply_an_event_twice(workflow: asyncpg.Pool, appender: Appender) -> None:
    async def rival(follower: Follower) -> None:
        with suppress(Fenced):
            await follower.run()

    rivals = []
    for _ in range(10):
        await append(appender, 20)
        follower = Follower.projecting(workflow, "view", project, batch_events_max=3)
        rivals.append(asyncio.create_task(rival(follower)))
        # It has claimed, so that the next one claims after it, and is still in the midst of its work.
        await reached(follower, 1)
    async with running(Follower.projecting(workflow, "view", project)) as last:
        await reached(last, 200)
        await append(appender, 1)
        await reached(last, 201)
        async with asyncio.timeout(SECONDS_MAX):
            await asyncio.gather(*rivals)
    assert await seen(workflow) == list(range(1, 202))


async def test_a_fenced_checkpoint_does_not_move(workflow: asyncpg.Pool) -> None:
    older = await Checkpoint.claim(workflow, "view")
    newer = await Checkpoint.claim(workflow, "view")
    with pytest.raises(Fenced):
        await older.advance(workflow, 5)
    with pytest.raises(Fenced):
        await older.reload(workflow)
    moved = await newer.advance(workflow, 3)
    # A checkpoint held twice under one claim would skip or repeat events: the second move is refused.
    with pytest.raises(Fenced):
        await newer.advance(workflow, 4)
    assert (await moved.reload(workflow)).position == 3
    assert (await Checkpoint.claim(workflow, "view")).position == 3


async def test_a_follower_outlives_connections_cut_under_it(
    database: Database, workflow: asyncpg.Pool, appender: Appender
) -> None:
    killer = await asyncpg.connect(database.url)
    async with running(Follower.projecting(workflow, "view", project, batch_events_max=5)) as follower:
        for total in range(20, 220, 20):
            await append(appender, 20)
            follower.wake()
            await killer.execute(CUT_FOLLOWERS_OFF)
            await reached(follower, total)
    await killer.close()
    assert await seen(workflow) == list(range(1, 201))


async def test_a_follower_waits_for_a_server_that_is_away_and_stops_when_told(database: Database) -> None:
    away = await asyncpg.create_pool("postgresql://x@/x?host=/nowhere", min_size=0)
    task = asyncio.create_task(Follower.projecting(away, "view", project).run())
    done, _ = await asyncio.wait([task], timeout=0.5)
    assert not done
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await ends(task)
    away.terminate()


async def in_the_log(database: Database, statement: str) -> None:
    await database.execute(
        f"ALTER TABLE events DISABLE TRIGGER ALL; {statement}; ALTER TABLE events ENABLE TRIGGER ALL"
    )


@pytest.mark.parametrize("limit", [2, 4, 5, 100])
async def test_a_hole_in_the_log_is_an_alarm(
    database: Database, pool: asyncpg.Pool, appender: Appender, limit: int
) -> None:
    await append(appender, 10)
    await in_the_log(database, "DELETE FROM events WHERE position = 5")
    assert len(await read_log(pool, after=0, limit=4)) == 4
    with pytest.raises(LogHole, match="position 5 is missing"):
        await read_log(pool, after=4, limit=limit)


async def test_a_follower_stops_at_a_hole(database: Database, workflow: asyncpg.Pool, appender: Appender) -> None:
    await append(appender, 10)
    await in_the_log(database, "DELETE FROM events WHERE position = 5")
    with pytest.raises(LogHole):
        await ends(Follower.projecting(workflow, "view", project, batch_events_max=4).run())
    assert await seen(workflow) == [1, 2, 3, 4]


async def test_a_log_that_ends_before_what_was_read_is_an_alarm(
    database: Database, workflow: asyncpg.Pool, appender: Appender
) -> None:
    await append(appender, 10)
    async with running(Follower.projecting(workflow, "view", project)) as follower:
        await reached(follower, 10)
    await in_the_log(database, "DELETE FROM events WHERE position > 8")
    with pytest.raises(LogHole, match="it ends at 8"):
        await ends(Follower.projecting(workflow, "view", project).run())


async def test_an_empty_log_has_no_head_and_no_streams(pool: asyncpg.Pool, appender: Appender) -> None:
    assert (await head_position(pool), await stream_of_position(pool, 1)) == (0, None)
    command = a_command()
    await appender.append(command)
    assert (await head_position(pool), await stream_of_position(pool, 1)) == (1, command.stream_id)
