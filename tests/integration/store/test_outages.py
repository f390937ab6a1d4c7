"""When connections and servers die: nothing acknowledged is lost, nothing is recorded twice, nobody hangs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from uuid import UUID

import asyncpg
import pytest
import pytest_asyncio

from amends_store.append import Appender
from amends_store.errors import OutcomeUnknown, Overloaded, StoreUnavailable
from amends_store.migrate import migrate
from amends_store.pool import connect_pool
from amends_store.read import head_position, read_log, read_stream
from amends_store.records import Append, Appended, Replayed
from tests.support.appends import a_command, a_receipt
from tests.support.lossy import LossyProxy, lossy_proxy
from tests.support.postgres import Database, running_postgres

SECONDS_MAX = 30
NOWHERE = "postgresql://x@/x?host=/nowhere"
UNKNOWN_TIME = datetime.max.replace(tzinfo=UTC)
CUT_EVERYBODY_OFF = """
    SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


class Crowd:
    """Callers who append one command after another, each until it is acknowledged if it has a key."""

    def __init__(self, appender: Appender, *, with_keys: bool) -> None:
        self._appender = appender
        self._with_keys = with_keys
        self._changed = asyncio.Condition()
        self._stopping = False
        self.acknowledged: dict[UUID, Appended] = {}
        self.attempted: set[UUID] = set()
        self.unknown: set[UUID] = set()

    async def caller(self, name: int) -> None:
        number = 0
        while not self._stopping:
            number += 1
            receipt = a_receipt(f"{name}/{number}") if self._with_keys else None
            command = a_command(receipt=receipt)
            self.attempted.add(command.stream_id)
            verdict = await self._appended(command)
            if verdict is not None:
                async with self._changed:
                    self.acknowledged[command.stream_id] = verdict
                    self._changed.notify_all()

    async def _appended(self, command: Append) -> Appended | None:
        while True:
            try:
                verdict = await self._appender.append(command)
            except OutcomeUnknown:
                if command.receipt is None:
                    self.unknown.add(command.stream_id)
                    return None
            except StoreUnavailable:
                # Nothing was recorded, so this one may be repeated without a key.
                await asyncio.sleep(0.01)
            else:
                if isinstance(verdict, Replayed):
                    assert verdict.stream_id == command.stream_id
                    return Appended(verdict.first_position, verdict.last_position, verdict.version, UNKNOWN_TIME)
                assert isinstance(verdict, Appended), verdict
                return verdict

    async def more_acknowledged(self, count: int) -> None:
        wanted = len(self.acknowledged) + count
        async with asyncio.timeout(SECONDS_MAX), self._changed:
            await self._changed.wait_for(lambda: len(self.acknowledged) >= wanted)

    def stop(self) -> None:
        self._stopping = True


async def everything(pool: asyncpg.Pool) -> list[UUID]:
    """The streams of the log, in order: contiguity is asserted on the way."""
    streams: list[UUID] = []
    while events := await read_log(pool, after=len(streams), limit=1000):
        streams += [event.stream_id for event in events]
    return streams


async def check(crowd: Crowd, pool: asyncpg.Pool) -> None:
    streams = await everything(pool)
    assert len(streams) == len(set(streams)), "something is recorded twice"
    for stream, verdict in crowd.acknowledged.items():
        assert streams[verdict.first_position - 1] == stream
    assert set(streams) <= crowd.acknowledged.keys() | crowd.unknown


@pytest.mark.parametrize("with_keys", [True, False], ids=["with keys", "without keys"])
async def test_connections_cut_during_appends_lose_nothing_and_double_nothing(
    database: Database, pool: asyncpg.Pool, appender: Appender, with_keys: bool
) -> None:
    crowd = Crowd(appender, with_keys=with_keys)
    killer = await asyncpg.connect(database.url)
    callers = [asyncio.create_task(crowd.caller(name)) for name in range(64)]
    cut = 0
    while cut < 25:
        await crowd.more_acknowledged(40)
        cut += await killer.fetchval(CUT_EVERYBODY_OFF)
    crowd.stop()
    async with asyncio.timeout(SECONDS_MAX):
        await asyncio.gather(*callers)
    await killer.close()
    assert not with_keys or crowd.attempted == crowd.acknowledged.keys()
    await check(crowd, pool)


async def test_a_killed_server_loses_nothing_that_it_acknowledged() -> None:
    async with running_postgres() as server:
        await server.execute("CREATE DATABASE amends")
        await migrate(server.url("amends"))
        pool = await connect_pool(server.url("amends"), role="amends_intake", tenant="default", min_size=0, max_size=4)
        appender = Appender(pool)
        crowd = Crowd(appender, with_keys=True)
        callers = [asyncio.create_task(crowd.caller(name)) for name in range(64)]
        for _ in range(3):
            await crowd.more_acknowledged(200)
            await server.kill()
            await server.start()
        await crowd.more_acknowledged(200)
        crowd.stop()
        async with asyncio.timeout(SECONDS_MAX):
            await asyncio.gather(*callers)
        await check(crowd, pool)

        await server.stop()
        async with asyncio.timeout(SECONDS_MAX):
            with pytest.raises(StoreUnavailable):
                await appender.append(a_command())
            # Known to be away by now: callers are told at once.
            outcomes = await asyncio.gather(*(appender.append(a_command()) for _ in range(64)), return_exceptions=True)
        assert {type(outcome) for outcome in outcomes} == {StoreUnavailable}
        await server.start()
        assert isinstance(await appender.append(a_command()), Appended)
        await appender.aclose()
        await pool.close()


@pytest_asyncio.fixture(loop_scope="session")
async def proxy(database: Database) -> AsyncIterator[LossyProxy]:
    async with lossy_proxy(database.url) as made:
        yield made


@pytest_asyncio.fixture(loop_scope="session")
async def appender_through_proxy(proxy: LossyProxy) -> AsyncIterator[Appender]:
    pool = await connect_pool(proxy.url, role="amends_intake", tenant="default", min_size=0, max_size=4)
    appender = Appender(pool)
    yield appender
    await appender.aclose()
    await pool.close()


async def test_a_commit_whose_answer_was_lost_is_found_again_by_its_key(
    proxy: LossyProxy, pool: asyncpg.Pool, appender_through_proxy: Appender
) -> None:
    first, command = a_command(), a_command(events=2, receipt=a_receipt("k"))
    await appender_through_proxy.append(first)
    proxy.lose_the_answer_that_holds(b"appended")
    verdict = await appender_through_proxy.append(command)
    assert proxy.lost.is_set()
    recorded = await read_stream(pool, command.stream_id)
    assert verdict == Appended(2, 3, 2, recorded[0].recorded_at)
    assert await head_position(pool) == 3


async def test_without_a_key_the_caller_is_told_that_nobody_knows(
    proxy: LossyProxy, pool: asyncpg.Pool, appender_through_proxy: Appender
) -> None:
    await appender_through_proxy.append(a_command())
    proxy.lose_the_answer_that_holds(b"appended")
    with pytest.raises(OutcomeUnknown):
        await appender_through_proxy.append(a_command())
    # It was recorded, once: sending it again blindly would have doubled it.
    assert await head_position(pool) == 2


async def test_a_server_that_is_not_there_is_reported_at_once() -> None:
    async with asyncio.timeout(SECONDS_MAX):
        with pytest.raises(StoreUnavailable):
            await connect_pool(NOWHERE, role="amends_intake", tenant="default", min_size=1, max_size=1)
        appender = Appender(await connect_pool(NOWHERE, role="amends_intake", tenant="default", min_size=0, max_size=1))
        with pytest.raises(StoreUnavailable):
            await appender.append(a_command(receipt=a_receipt("k")))
        await appender.aclose()


async def test_when_too_many_wait_the_next_is_told_to_come_later(database: Database, appender: Appender) -> None:
    holder = await asyncpg.connect(database.url)
    async with holder.transaction():
        await holder.execute("SELECT lock_log()")
        tasks = [asyncio.create_task(appender.append(a_command())) for _ in range(5000)]
        done, waiting = await asyncio.wait(tasks, timeout=SECONDS_MAX, return_when=asyncio.FIRST_COMPLETED)
        assert done
        for task in done:
            with pytest.raises(Overloaded):
                await task
    async with asyncio.timeout(SECONDS_MAX):
        verdicts = await asyncio.gather(*waiting)
    assert {type(verdict) for verdict in verdicts} == {Appended}
    await holder.close()


async def test_a_writer_that_hangs_makes_the_others_unavailable_not_hang(
    database: Database, pool: asyncpg.Pool, appender: Appender
) -> None:
    await database.execute("ALTER FUNCTION append_batch SET lock_timeout = '50ms'")
    holder = await asyncpg.connect(database.url)
    async with holder.transaction():
        await holder.execute("SELECT lock_log()")
        with pytest.raises(StoreUnavailable, match="lock timeout"):
            await appender.append(a_command())
    assert isinstance(await appender.append(a_command()), Appended)
    assert await head_position(pool) == 1
    await holder.close()
