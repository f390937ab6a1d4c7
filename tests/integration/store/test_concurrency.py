"""64 writers at once, on one stream and on many, in one process and in two, while a reader tails the log."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from uuid import UUID, uuid4

import asyncpg
import pytest

from amends_store.append import Appender
from amends_store.read import head_position, read_log, read_stream
from amends_store.records import Appended, StoredEvent, VersionConflict
from tests.support.appends import a_command
from tests.support.postgres import Database

WRITERS = 64
SECONDS_MAX = 60


async def tail(pool: asyncpg.Pool, until: asyncio.Event) -> list[StoredEvent]:
    """Read on from what was last seen, as a follower does, without ever looking back."""
    seen: list[StoredEvent] = []
    while True:
        last_round = until.is_set()
        events = await read_log(pool, after=len(seen), limit=100)
        seen += events
        if last_round and not events:
            return seen


async def write_one_after_another(appender: Appender, streams: list[UUID], count: int) -> list[Appended]:
    """`count` commands, on each stream in turn, each repeated at the version that a conflict names."""
    verdicts = []
    for number in range(count):
        stream = streams[number % len(streams)]
        version = 0
        while True:
            verdict = await appender.append(a_command(stream, after=version, events=1 + number % 3))
            if isinstance(verdict, Appended):
                verdicts.append(verdict)
                break
            assert isinstance(verdict, VersionConflict), verdict
            version = verdict.actual_version
    return verdicts


async def check_the_log(pool: asyncpg.Pool, seen: list[StoredEvent], verdicts: list[Appended]) -> None:
    assert [event.position for event in seen] == list(range(1, len(seen) + 1))
    assert await head_position(pool) == len(seen)
    versions = defaultdict(list)
    for event in seen:
        versions[event.stream_id].append(event.version)
    assert all(found == list(range(1, len(found) + 1)) for found in versions.values())
    taken = Counter(
        position for verdict in verdicts for position in range(verdict.first_position, verdict.last_position + 1)
    )
    assert taken == Counter(range(1, len(seen) + 1))
    times = [event.recorded_at for event in seen]
    assert times == sorted(times)


async def test_64_writers_on_many_streams_leave_no_gap_and_a_reader_misses_nothing(
    database: Database, pool: asyncpg.Pool, appender: Appender
) -> None:
    other_process = Appender(await database.pool("amends_intake"))
    done = asyncio.Event()
    async with asyncio.timeout(SECONDS_MAX):
        reader = asyncio.create_task(tail(pool, done))
        written = await asyncio.gather(
            *(
                write_one_after_another((appender, other_process)[n % 2], [uuid4() for _ in range(4)], 30)
                for n in range(WRITERS)
            )
        )
        done.set()
        seen = await reader
    await check_the_log(pool, seen, [verdict for verdicts in written for verdict in verdicts])
    await other_process.aclose()


async def test_64_writers_on_one_stream_leave_no_gap_and_a_reader_misses_nothing(
    database: Database, pool: asyncpg.Pool, appender: Appender
) -> None:
    other_process = Appender(await database.pool("amends_intake"))
    stream, done = uuid4(), asyncio.Event()
    async with asyncio.timeout(SECONDS_MAX):
        reader = asyncio.create_task(tail(pool, done))
        written = await asyncio.gather(
            *(write_one_after_another((appender, other_process)[n % 2], [stream], 2) for n in range(WRITERS))
        )
        done.set()
        seen = await reader
    await check_the_log(pool, seen, [verdict for verdicts in written for verdict in verdicts])
    assert await read_stream(pool, stream) == seen
    await other_process.aclose()


@pytest.mark.parametrize(("commands", "batches"), [(1, [1]), (95, [95]), (96, [48, 48])])
async def test_few_commands_go_together_and_many_in_two_batches_at_once(
    pool: asyncpg.Pool, commands: int, batches: list[int]
) -> None:
    taken: list[int] = []
    appender = Appender(pool, on_batch=lambda size, _seconds: taken.append(size))
    async with asyncio.timeout(SECONDS_MAX):
        await asyncio.gather(*(appender.append(a_command()) for _ in range(commands)))
    await appender.aclose()
    assert taken == batches


async def test_few_commands_stay_on_one_connection(pool: asyncpg.Pool) -> None:
    appender = Appender(pool)
    async with asyncio.timeout(SECONDS_MAX):
        for _ in range(5):
            await asyncio.gather(*(appender.append(a_command()) for _ in range(3)))
    assert pool.get_size() - pool.get_idle_size() == 1
    await appender.aclose()


async def test_whoever_comes_while_few_are_being_recorded_goes_with_the_next_batch(
    database: Database, pool: asyncpg.Pool
) -> None:
    taken: list[int] = []
    appender = Appender(pool, on_batch=lambda size, _seconds: taken.append(size))
    holder = await asyncpg.connect(database.url)
    async with asyncio.timeout(SECONDS_MAX):
        transaction = holder.transaction()
        await transaction.start()
        await holder.execute("SELECT lock_log()")
        first = asyncio.create_task(appender.append(a_command()))
        waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted"
        while not await database.fetchval(waiting):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        others = [asyncio.create_task(appender.append(a_command())) for _ in range(10)]
        # All of them have come as far as they can.
        while appender.waiting < 10:  # noqa: ASYNC110
            await asyncio.sleep(0)
        await transaction.rollback()
        await asyncio.gather(first, *others)
    await holder.close()
    await appender.aclose()
    assert taken == [1, 10]
