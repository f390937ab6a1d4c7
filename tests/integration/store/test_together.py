"""Two streams in one append: both are recorded, or neither is."""

from __future__ import annotations

import asyncio
from uuid import uuid4

import asyncpg
import pytest

from amends_store.append import Appender
from amends_store.errors import AppendRefused, StoreUnavailable
from amends_store.pool import connect_pool
from amends_store.read import find_receipt, head_position, read_stream
from amends_store.records import Appended, DataKey, DataKeyConflict, KeyReused, Replayed, VersionConflict
from amends_store.together import append_together
from tests.support.appends import a_command, a_receipt
from tests.support.lossy import lossy_proxy
from tests.support.postgres import Database

NOWHERE = "postgresql://x@/x?host=/nowhere"


async def test_both_are_recorded_in_a_row_and_at_one_time(pool: asyncpg.Pool, appender: Appender) -> None:
    await appender.append(a_command())
    told: list[int] = []
    pair = (a_command(events=2), a_command(receipt=a_receipt("k")))
    outcome = await append_together(pool, pair, on_commit=told.append)
    assert isinstance(outcome, tuple)
    first, second = outcome
    assert (first.first_position, first.last_position, second.first_position, second.last_position) == (2, 3, 4, 4)
    assert first.recorded_at == second.recorded_at
    assert told == [4]
    for command, appended in zip(pair, outcome, strict=True):
        rows = await read_stream(pool, command.stream_id)
        assert [row.position for row in rows] == list(range(appended.first_position, appended.last_position + 1))


@pytest.mark.parametrize("behind", [0, 1])
async def test_neither_is_recorded_when_one_stream_has_moved_on(
    pool: asyncpg.Pool, appender: Appender, behind: int
) -> None:
    moved = uuid4()
    await appender.append(a_command(moved, events=2))
    pair = [a_command(), a_command()]
    pair[behind] = a_command(moved, after=1)
    pair = [pair[0], a_command(pair[1].stream_id, after=pair[1].expected_version, receipt=a_receipt("k"))]
    assert await append_together(pool, pair) == VersionConflict(2)
    assert await head_position(pool) == 2
    assert await find_receipt(pool, "default", "agent-7", "k") is None
    # The log is nobody's any more.
    assert isinstance(await appender.append(a_command()), Appended)


async def test_a_repeat_is_told_from_two_streams_that_moved_on(pool: asyncpg.Pool) -> None:
    pair = (a_command(), a_command(receipt=a_receipt("k", answer=b"first")))
    await append_together(pool, pair)
    assert await append_together(pool, pair) == Replayed(pair[1].stream_id, 2, 2, 1, b"first")
    other = (pair[0], a_command(receipt=a_receipt("k", body=b"another")))
    assert await append_together(pool, other) == KeyReused()
    assert await head_position(pool) == 2


async def test_a_customer_with_another_data_key_stops_both(pool: asyncpg.Pool, appender: Appender) -> None:
    known = DataKey(uuid4(), "C-1")
    await appender.append(a_command(data_key=known))
    pair = (a_command(), a_command(receipt=a_receipt("k"), data_key=DataKey(uuid4(), "C-1")))
    assert await append_together(pool, pair) == DataKeyConflict(known.key_id)
    assert await head_position(pool) == 1


async def test_bad_data_in_one_records_neither(pool: asyncpg.Pool, appender: Appender) -> None:
    with pytest.raises(AppendRefused):
        await append_together(pool, (a_command(data=b"{"), a_command(receipt=a_receipt("k"))))
    with pytest.raises(AppendRefused):
        await append_together(pool, (a_command(), a_command(data=b"\xff", receipt=a_receipt("k"))))
    assert await head_position(pool) == 0
    assert isinstance(await appender.append(a_command()), Appended)


async def test_of_two_that_want_the_same_streams_the_other_way_round_one_wins(pool: asyncpg.Pool) -> None:
    one, other = uuid4(), uuid4()
    outcomes = await asyncio.gather(
        append_together(pool, (a_command(one), a_command(other, receipt=a_receipt("k-1")))),
        append_together(pool, (a_command(other), a_command(one, receipt=a_receipt("k-2")))),
    )
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["VersionConflict", "tuple"]
    assert await head_position(pool) == 2


async def test_a_commit_whose_answer_was_lost_is_found_again_by_its_receipt(
    database: Database, pool: asyncpg.Pool
) -> None:
    pair = (a_command(events=2), a_command(events=3, receipt=a_receipt("k")))
    async with lossy_proxy(database.url) as proxy:
        through = await connect_pool(proxy.url, role="amends_intake", tenant="default", min_size=0, max_size=2)
        # What the server says to a COMMIT.
        proxy.lose_the_answer_that_holds(b"COMMIT\x00")
        outcome = await append_together(through, pair)
        assert proxy.lost.is_set()
        await through.close()
    rows = [await read_stream(pool, command.stream_id) for command in pair]
    assert isinstance(outcome, tuple)
    assert outcome[0] == Appended(1, 2, 2, rows[0][0].recorded_at)
    assert outcome[1] == Appended(3, 5, 3, rows[1][0].recorded_at)
    assert await head_position(pool) == 5


async def test_a_connection_lost_before_the_commit_records_nothing_twice(
    database: Database, pool: asyncpg.Pool
) -> None:
    pair = (a_command(), a_command(receipt=a_receipt("k")))
    async with lossy_proxy(database.url) as proxy:
        through = await connect_pool(proxy.url, role="amends_intake", tenant="default", min_size=0, max_size=2)
        proxy.lose_the_answer_that_holds(b"appended")
        outcome = await append_together(through, pair)
        assert proxy.lost.is_set()
        await through.close()
    assert isinstance(outcome, tuple)
    assert await head_position(pool) == 2


async def test_a_server_that_is_not_there_is_unavailable() -> None:
    pool = await connect_pool(NOWHERE, role="amends_intake", tenant="default", min_size=0, max_size=1)
    with pytest.raises(StoreUnavailable):
        await append_together(pool, (a_command(), a_command(receipt=a_receipt("k"))))
