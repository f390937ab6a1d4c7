"""Appending: what each verdict means, and that no command pays for another."""

from __future__ import annotations

import asyncio
from uuid import uuid4

import asyncpg
import pytest

from amends_store.append import Appender
from amends_store.errors import AppendRefused, StoreUnavailable
from amends_store.read import find_receipt, head_position, read_log, read_stream
from amends_store.records import (
    Append,
    Appended,
    DataKey,
    DataKeyConflict,
    KeyReused,
    Replayed,
    Verdict,
    VersionConflict,
)
from tests.support.appends import a_command, a_receipt
from tests.support.postgres import Database


async def appended(appender: Appender, *arguments: object, **options: object) -> Appended:
    verdict = await appender.append(a_command(*arguments, **options))  # type: ignore[arg-type]
    assert isinstance(verdict, Appended), verdict
    return verdict


async def test_the_events_of_a_command_are_numbered_one_after_another(pool: asyncpg.Pool, appender: Appender) -> None:
    first = await appended(appender, events=3)
    second = await appended(appender, events=2)
    assert (first.first_position, first.last_position, first.version) == (1, 3, 3)
    assert (second.first_position, second.last_position, second.version) == (4, 5, 2)
    assert [event.position for event in await read_log(pool, after=0, limit=10)] == [1, 2, 3, 4, 5]


async def test_an_event_comes_out_as_it_went_in(pool: asyncpg.Pool, appender: Appender) -> None:
    command = a_command(data='{"a" : 1.0,\n "b":"é"}'.encode())
    verdict = await appender.append(command)
    assert isinstance(verdict, Appended)
    (event,) = await read_stream(pool, command.stream_id)
    given = command.events[0]
    assert event._replace(leaf_hash=b"") == (
        *(1, command.stream_id, 1, given.id, given.type, 1, given.occurred_at, verdict.recorded_at, "default"),
        *("agent-7", command.correlation_id, None, None, given.data.decode(), None, None, b""),
    )


async def test_a_stream_that_has_moved_on_is_a_conflict_that_names_its_version(appender: Appender) -> None:
    stream = uuid4()
    assert await appender.append(a_command(stream, after=1)) == VersionConflict(0)
    await appended(appender, stream, events=2)
    assert await appender.append(a_command(stream)) == VersionConflict(2)
    assert await appender.append(a_command(stream, after=1)) == VersionConflict(2)
    assert await appender.append(a_command(stream, after=3)) == VersionConflict(2)
    assert (await appended(appender, stream, after=2)).version == 3


async def test_a_conflict_takes_no_position_and_does_not_fail_its_neighbours(
    pool: asyncpg.Pool, appender: Appender
) -> None:
    stream = uuid4()
    await appended(appender, stream)
    neighbours = [a_command(events=2), a_command(stream), a_command(), a_command(after=7), a_command()]
    verdicts = await asyncio.gather(*map(appender.append, neighbours))
    assert [type(verdict) for verdict in verdicts] == [
        *(Appended, VersionConflict, Appended, VersionConflict, Appended)
    ]
    assert [event.position for event in await read_log(pool, after=0, limit=10)] == [1, 2, 3, 4, 5]


BAD = {
    "data that is not JSON": a_command(data=b'{"a":'),
    "data that is not UTF-8": a_command(data=b'"\xff"'),
    "data with a NUL": a_command(data=b'"\x00"'),
    "a lone surrogate": a_command(receipt=a_receipt("\ud800")),
    "data that is not bytes": a_command(data=None),  # type: ignore[arg-type]
    "a version out of range": a_command(after=2**40),
    "a principal with a NUL": a_command(receipt=a_receipt("k", principal="\x00")),
    "a principal too long for an index": a_command(
        receipt=a_receipt("k", principal="".join(str(uuid4()) for _ in range(1000)))
    ),
}


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
async def test_bad_data_fails_its_command_alone(pool: asyncpg.Pool, appender: Appender, bad: Append) -> None:
    good = [a_command() for _ in range(20)]
    together = [*good[:13], bad, *good[13:]]
    outcomes = await asyncio.gather(*map(appender.append, together), return_exceptions=True)
    assert isinstance(outcomes.pop(13), AppendRefused)
    assert [type(outcome) for outcome in outcomes] == [Appended] * 20
    assert len(await read_log(pool, after=0, limit=100)) == 20


async def test_a_pool_of_one_connection_is_enough(database: Database) -> None:
    appender = Appender(await database.pool("amends_intake", max_size=1))
    verdicts = await asyncio.gather(*(appender.append(a_command()) for _ in range(50)))
    assert {type(verdict) for verdict in verdicts} == {Appended}
    await appender.aclose()


async def test_a_command_without_events_is_refused(appender: Appender) -> None:
    with pytest.raises(AppendRefused):
        await appender.append(a_command(events=0))


async def test_a_key_has_one_effect_and_repeats_get_the_first_answer(pool: asyncpg.Pool, appender: Appender) -> None:
    command = a_command(events=2, receipt=a_receipt("k", answer=b'{"case":1}'))
    first = await appender.append(command)
    assert isinstance(first, Appended)
    # Another stream and another answer: whoever repeats may have made new ids.
    again = await appender.append(a_command(receipt=a_receipt("k", answer=b'{"case":2}')))
    assert again == Replayed(command.stream_id, 1, 2, 2, b'{"case":1}')
    assert await head_position(pool) == 2
    kept = await find_receipt(pool, "default", "agent-7", "k")
    assert kept is not None
    assert (kept.request_hash, kept.answer, kept.recorded_at) == (
        *(a_receipt("k").request_hash, b'{"case":1}', first.recorded_at),
    )


async def test_a_key_with_another_request_is_refused(pool: asyncpg.Pool, appender: Appender) -> None:
    await appended(appender, receipt=a_receipt("k"))
    assert await appender.append(a_command(receipt=a_receipt("k", body=b"other"))) == KeyReused()
    assert await head_position(pool) == 1


async def test_a_key_belongs_to_its_principal(appender: Appender) -> None:
    await appended(appender, receipt=a_receipt("k"))
    await appended(appender, receipt=a_receipt("k", principal="agent-8"))


async def test_a_repeat_is_answered_even_when_its_stream_has_moved_on(appender: Appender) -> None:
    stream, receipt = uuid4(), a_receipt("k")
    await appended(appender, stream, receipt=receipt)
    await appended(appender, stream, after=1)
    assert isinstance(await appender.append(a_command(stream, receipt=receipt)), Replayed)


async def test_a_refused_command_leaves_no_receipt(pool: asyncpg.Pool, appender: Appender) -> None:
    receipt = a_receipt("k")
    assert await appender.append(a_command(after=5, receipt=receipt)) == VersionConflict(0)
    assert await find_receipt(pool, "default", "agent-7", "k") is None
    await appended(appender, receipt=receipt)


async def test_of_many_at_once_with_one_key_one_is_recorded(database: Database, appender: Appender) -> None:
    other = Appender(await database.pool("amends_intake"))
    verdicts = await asyncio.gather(
        *(process.append(a_command(receipt=a_receipt("k"))) for process in [appender, other] * 16)
    )
    assert sorted(type(verdict).__name__ for verdict in verdicts) == ["Appended"] + ["Replayed"] * 31
    streams = {verdict.stream_id for verdict in verdicts if isinstance(verdict, Replayed)}
    assert len(streams) == 1
    await other.aclose()


async def test_a_customer_has_one_data_key_and_the_second_learns_of_it(pool: asyncpg.Pool, appender: Appender) -> None:
    first, second = DataKey(uuid4(), "C-1"), DataKey(uuid4(), "C-1")
    await appended(appender, data_key=first)
    assert await appender.append(a_command(data_key=second)) == DataKeyConflict(first.key_id)
    assert await head_position(pool) == 1
    # The same key again is what a process sends that does not know yet that it is stored.
    await appended(appender, data_key=first)
    await appended(appender, data_key=DataKey(uuid4(), "C-2"))


async def test_of_many_new_data_keys_for_one_customer_one_is_kept(database: Database, appender: Appender) -> None:
    other = Appender(await database.pool("amends_intake"))
    keys = [DataKey(uuid4(), "C-1") for _ in range(32)]
    verdicts: list[Verdict] = await asyncio.gather(
        *((appender, other)[number % 2].append(a_command(data_key=key)) for number, key in enumerate(keys))
    )
    (winner,) = [key for key, verdict in zip(keys, verdicts, strict=True) if isinstance(verdict, Appended)]
    conflicts = {verdict for verdict in verdicts if not isinstance(verdict, Appended)}
    assert conflicts == {DataKeyConflict(winner.key_id)}
    await other.aclose()


async def test_commands_on_one_stream_are_appended_in_the_order_they_came(
    pool: asyncpg.Pool, appender: Appender
) -> None:
    stream = uuid4()
    commands = [a_command(stream, after=version) for version in range(40)]
    verdicts = await asyncio.gather(*map(appender.append, commands))
    assert [type(verdict) for verdict in verdicts] == [Appended] * 40
    recorded = [event.id for event in await read_stream(pool, stream)]
    assert recorded == [command.events[0].id for command in commands]


async def test_a_command_that_must_wait_is_not_overtaken_by_one_with_its_key(
    pool: asyncpg.Pool, appender: Appender
) -> None:
    stream, receipt = uuid4(), a_receipt("k")
    first, second, third = await asyncio.gather(
        appender.append(a_command(stream)),
        # Waits for the first, whose stream it shares.
        appender.append(a_command(stream, after=1, receipt=receipt)),
        appender.append(a_command(receipt=receipt)),
    )
    assert (type(first), type(second), type(third)) == (Appended, Appended, Replayed)
    assert await head_position(pool) == 2


async def test_a_caller_who_goes_away_does_not_disturb_the_batch(pool: asyncpg.Pool, appender: Appender) -> None:
    tasks = [asyncio.create_task(appender.append(a_command())) for _ in range(20)]
    await asyncio.sleep(0)  # all are waiting, and the first batch is about to go
    for task in tasks[::2]:
        task.cancel()
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    assert all(isinstance(outcome, Appended) for outcome in outcomes[1::2])
    assert all(isinstance(outcome, asyncio.CancelledError) for outcome in outcomes[::2])
    await appended(appender)


async def test_a_closing_appender_finishes_what_waits_and_takes_nothing_more(pool: asyncpg.Pool) -> None:
    appender = Appender(pool)
    waiting = [asyncio.create_task(appender.append(a_command())) for _ in range(50)]
    await asyncio.sleep(0)
    await appender.aclose()
    assert [type(await task) for task in waiting] == [Appended] * 50
    with pytest.raises(StoreUnavailable):
        await appender.append(a_command())


async def test_each_commit_tells_the_last_position_it_recorded(pool: asyncpg.Pool) -> None:
    told: list[int] = []
    appender = Appender(pool, on_commit=told.append)
    await asyncio.gather(*(appender.append(a_command(events=2)) for _ in range(10)))
    await appender.append(a_command(after=9))
    assert (told, max(told)) == (sorted(set(told)), 20)
    await appender.aclose()
