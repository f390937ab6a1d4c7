"""One notifier at a time, from where the last one was, whatever ended that one; nothing is ever skipped."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from functools import partial
from pathlib import Path
from uuid import uuid4

import pytest
from nats.js.api import StreamConfig

from amends_notifier.leadership import CHECKPOINT
from amends_notifier.service import CannotContinue, Notifier
from amends_notifier.stream import NoLeader
from amends_store.migrate import migrate
from tests.support.appends import a_command, an_event
from tests.support.nats import NatsServer
from tests.support.notifying import (
    WAIT_SECONDS_MAX,
    Log,
    a_log,
    a_notifier,
    by_case,
    kept,
    kept_count,
    new_notifier,
    notifier_program,
    received,
    until,
)
from tests.support.postgres import Database, running_postgres


async def test_of_two_notifiers_one_publishes_and_the_other_takes_over(
    log: Log, database: Database, nats_server: NatsServer
) -> None:
    async with a_notifier(database, nats_server.url) as second, a_notifier(database, nats_server.url) as other:
        await log.cases(5, 3)
        await log.published()
        assert (_is_active(second), _is_active(other)) == (True, False)
        second.stop()
        await until(lambda: _active(other), "the other did not take over")
        await log.cases(5, 3)
        await log.published()
    messages = await kept(nats_server.url)
    assert sorted(message.id for message in messages) == sorted(await log.ids())
    assert list(by_case(messages).values()) == [[1, 2, 3]] * 10


async def test_one_that_takes_over_and_is_not_told_what_the_stream_has_can_be_stopped(
    database: Database, nats_server: NatsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As without a quorum: the broker is there, and no server of it may say."""
    asked = asyncio.Event()

    async def without_a_leader(_: object) -> StreamConfig:
        asked.set()
        raise NoLeader

    async with a_notifier(database, nats_server.url) as first, a_notifier(database, nats_server.url) as second:
        await until(lambda: _connected(second), "the second has no connection")
        monkeypatch.setattr("amends_notifier.broker.led_stream", without_a_leader)
        first.stop()
        async with asyncio.timeout(WAIT_SECONDS_MAX):
            await asked.wait()
        assert not _is_active(second)


async def test_a_notifier_killed_again_and_again_loses_nothing_and_repeats_nothing_to_consumers(
    log: Log, database: Database, nats_server: NatsServer, tmp_path: Path
) -> None:
    await log.cases(100, 6)
    process = notifier_program(database, nats_server.url, log_file=tmp_path / "notifier.log")
    try:
        for share in (1, 2, 3):
            await process.start()
            await until(partial(_has, nats_server.url, 130 * share), "nothing was published")
            await process.stop(force=True)
        await process.start()
        await log.published()
    finally:
        await process.stop(force=True)
    messages = await kept(nats_server.url)
    assert sorted(message.id for message in messages) == sorted(await log.ids())
    assert list(by_case(messages).values()) == [[1, 2, 3, 4, 5, 6]] * 100


async def test_what_was_published_before_the_checkpoint_moved_is_repeated_under_the_same_ids_and_dropped(
    log: Log, database: Database, nats_server: NatsServer
) -> None:
    await log.cases(5, 4)
    async with a_notifier(database, nats_server.url):
        await log.published()
    await database.execute(f"UPDATE checkpoints SET position = 3 WHERE name = '{CHECKPOINT}'")
    async with a_notifier(database, nats_server.url) as notifier:
        await log.published()
        assert notifier.metrics.repeated._value.get() == 17
    assert await kept_count(nats_server.url) == 20


async def test_a_notifier_whose_sessions_are_cut_goes_on(log: Log, database: Database, nats_server: NatsServer) -> None:
    async with a_notifier(database, nats_server.url):
        await log.cases(5, 2)
        await database.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'amends_notifier'"
        )
        await log.cases(5, 2)
        await log.published()
    assert sorted(message.id for message in await kept(nats_server.url)) == sorted(await log.ids())


async def test_a_database_killed_and_started_again_is_followed_again(nats_server: NatsServer) -> None:
    async with running_postgres() as server:
        await server.execute("CREATE DATABASE amends")
        database = Database(server, "amends")
        await migrate(database.url)
        async with a_log(database) as log, a_notifier(database, nats_server.url):
            await log.cases(5, 2)
            await server.kill()
            await server.start()
            await log.cases(5, 2)
            await log.published()
            ids = await log.ids()
        await database.close_pools()
    assert sorted(message.id for message in await kept(nats_server.url)) == sorted(ids)


async def test_a_notifier_that_was_fenced_moves_no_checkpoint_and_stands_by(
    log: Log, database: Database, nats_server: NatsServer
) -> None:
    async with a_notifier(database, nats_server.url):
        await log.cases(2, 2)
        await log.published()
        await database.execute(f"UPDATE checkpoints SET epoch = epoch + 1 WHERE name = '{CHECKPOINT}'")
        await log.cases(2, 2)
        await log.published()
        assert await _epoch(database) == 3
    assert await kept_count(nats_server.url) == 8


async def test_an_event_of_an_unknown_type_stops_the_notifier_and_is_not_skipped(
    log: Log, database: Database, nats_server: NatsServer
) -> None:
    await log.cases(3, 3)
    await _append_unknown(log)
    await log.append(uuid4(), received())
    notifier = await new_notifier(database, nats_server.url)
    with pytest.raises(CannotContinue, match=r"position 10: .*event-of-tomorrow"):
        await _bounded(notifier)
    await log.published(9)
    assert await database.fetchval("SELECT position FROM checkpoints WHERE name = $1", CHECKPOINT) == 9
    assert await kept_count(nats_server.url) == 9


async def test_a_hole_in_the_log_stops_the_notifier(log: Log, database: Database, nats_server: NatsServer) -> None:
    await log.cases(3, 1)
    await database.execute("ALTER TABLE events DISABLE TRIGGER USER; DELETE FROM events WHERE position = 2")
    with pytest.raises(CannotContinue, match="position 2 is missing"):
        await _bounded(await new_notifier(database, nats_server.url))


async def test_stopping_finishes_what_is_in_flight_and_moves_the_checkpoint_behind_it(
    log: Log, database: Database, nats_server: NatsServer
) -> None:
    await log.cases(200, 4)
    async with a_notifier(database, nats_server.url) as notifier:
        await until(lambda: _has(nats_server.url, 50), "nothing was published")
        notifier.stop()
    position = await database.fetchval("SELECT position FROM checkpoints WHERE name = $1", CHECKPOINT)
    messages = await kept(nats_server.url)
    assert {message.said["position"] for message in messages} >= set(range(1, position + 1))
    assert 0 < position < log.head


async def test_stopping_does_not_wait_for_a_broker_that_is_away(
    log: Log, database: Database, nats_server: NatsServer
) -> None:
    # It never comes back: who waits for it waits too long.
    await nats_server.kill()
    await log.cases(10, 2)
    async with asyncio.timeout(WAIT_SECONDS_MAX), a_notifier(database, nats_server.url):
        pass


async def _append_unknown(log: Log) -> None:
    await log.appender.append(replace(a_command(), events=(an_event("event-of-tomorrow", b"{}"),)))


async def _bounded(notifier: Notifier) -> None:
    async with asyncio.timeout(WAIT_SECONDS_MAX):
        await notifier.run(lambda: None)


async def _has(nats_url: str, count: int) -> bool:
    return await kept_count(nats_url) >= count


async def _connected(notifier: Notifier) -> bool:
    return bool(notifier.metrics.registry.get_sample_value("amends_notifier_broker_connected"))


async def _active(notifier: Notifier) -> bool:
    return _is_active(notifier)


def _is_active(notifier: Notifier) -> bool:
    return bool(notifier.metrics.active._value.get())


async def _epoch(database: Database) -> int:
    return int(await database.fetchval("SELECT epoch FROM checkpoints WHERE name = $1", CHECKPOINT))
