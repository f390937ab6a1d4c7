"""recorded_at is the store's: one for a command, never running backwards, whatever the machine's clock does."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import asyncpg

from amends_store.append import Appender
from amends_store.read import UpToPosition, UpToTime, UpToVersion, read_log, read_stream
from amends_store.records import Appended
from tests.support.appends import a_command
from tests.support.postgres import Database

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


async def append(appender: Appender, **options: int) -> Appended:
    verdict = await appender.append(a_command(**options))  # type: ignore[arg-type]
    assert isinstance(verdict, Appended)
    return verdict


async def test_it_never_runs_backwards_though_the_clock_does(
    database: Database, pool: asyncpg.Pool, appender: Appender
) -> None:
    recorded = []
    for at in (NOON, NOON - timedelta(hours=1), NOON + timedelta(seconds=1)):
        await database.stop_clock(at)
        recorded.append((await append(appender)).recorded_at)
    assert recorded == [NOON, NOON, NOON + timedelta(seconds=1)]
    assert [event.recorded_at for event in await read_log(pool, after=0, limit=9)] == recorded


async def test_the_events_of_a_command_share_it(pool: asyncpg.Pool, appender: Appender) -> None:
    verdict = await append(appender, events=3)
    assert {event.recorded_at for event in await read_log(pool, after=0, limit=9)} == {verdict.recorded_at}


async def test_a_moved_clock_goes_on_from_there(database: Database, appender: Appender) -> None:
    before = (await append(appender)).recorded_at
    await database.move_clock(timedelta(days=7))
    week_later = (await append(appender)).recorded_at
    assert timedelta(days=7) <= week_later - before < timedelta(days=7, minutes=5)
    await database.move_clock(timedelta(days=-7))
    assert (await append(appender)).recorded_at == week_later


async def test_a_stream_is_read_as_it_stood_at_a_time_a_position_or_a_version(
    database: Database, pool: asyncpg.Pool, appender: Appender
) -> None:
    command = a_command()
    for version in range(4):
        await database.stop_clock(NOON + timedelta(hours=version))
        await appender.append(a_command(command.stream_id, after=version))
        await appender.append(a_command())

    async def versions(**options: object) -> list[int]:
        stream = await read_stream(pool, command.stream_id, **options)  # type: ignore[arg-type]
        return [event.version for event in stream]

    assert await versions() == [1, 2, 3, 4]
    assert await versions(after_version=2) == [3, 4]
    assert await versions(up_to=UpToTime(NOON + timedelta(hours=1))) == [1, 2]
    assert await versions(up_to=UpToTime(NOON - timedelta(microseconds=1))) == []
    assert await versions(up_to=UpToPosition(5)) == [1, 2, 3]
    assert await versions(up_to=UpToPosition(4)) == [1, 2]
    assert await versions(up_to=UpToVersion(3), after_version=1) == [2, 3]
