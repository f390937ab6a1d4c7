"""In order within a case, at once between cases, and never ahead of what is acknowledged."""

from __future__ import annotations

import asyncio
import random
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest

from amends_notifier.broker import retry_seconds
from amends_notifier.messages import Message
from amends_notifier.publisher import Publisher

A, B = uuid4(), uuid4()


def message(position: int) -> Message:
    return Message(str(position), {}, b"", datetime(2026, 1, 1, tzinfo=UTC))


class Hand:
    """Acknowledges when told to, and remembers what it was given."""

    def __init__(self) -> None:
        self.given: list[int] = []
        self._acks: dict[int, asyncio.Future[None]] = {}

    async def publish(self, given: Message) -> None:
        position = int(given.subject)
        self.given.append(position)
        self._acks[position] = asyncio.get_running_loop().create_future()
        await self._acks[position]

    async def ack(self, *positions: int) -> None:
        for position in positions:
            self._acks[position].set_result(None)
        await settle()

    async def refuse(self, position: int, error: Exception) -> None:
        self._acks[position].set_exception(error)
        await settle()


async def settle() -> None:
    """Let every task run until it waits."""
    for _ in range(20):
        await asyncio.sleep(0)


async def put(publisher: Publisher, *case_ids: UUID, first: int = 1) -> None:
    for position, case_id in enumerate(case_ids, first):
        await publisher.put(position, case_id, message(position))
    await settle()


async def test_the_next_message_of_a_case_waits_until_the_one_before_is_acknowledged() -> None:
    hand = Hand()
    publisher = Publisher(hand.publish, after=0)
    await put(publisher, A, A, B)
    assert hand.given == [1, 3]
    await hand.ack(1)
    assert hand.given == [1, 3, 2]
    await publisher.finish(0)


async def test_the_position_stands_below_whatever_is_not_acknowledged() -> None:
    hand = Hand()
    publisher = Publisher(hand.publish, after=0)
    await put(publisher, A, B, uuid4(), uuid4())
    await hand.ack(2, 3)
    assert (publisher.position, publisher.waiting) == (0, 4)
    await hand.ack(1)
    assert publisher.position == 3
    await hand.ack(4)
    assert (publisher.position, publisher.waiting) == (4, 0)


async def test_no_more_messages_are_in_flight_than_allowed() -> None:
    hand = Hand()
    publisher = Publisher(hand.publish, after=0, in_flight_max=2)
    await put(publisher, *(uuid4() for _ in range(5)))
    assert hand.given == [1, 2]
    await hand.ack(1)
    assert hand.given == [1, 2, 3]
    await publisher.finish(0)


async def test_reading_runs_ahead_of_the_slowest_message_by_a_bound() -> None:
    hand = Hand()
    publisher = Publisher(hand.publish, after=0, ahead_max=3)
    await put(publisher, A, B, B)
    blocked = asyncio.create_task(publisher.put(4, A, message(4)))
    await hand.ack(2)
    await hand.ack(3)
    assert not blocked.done()
    await hand.ack(1)
    assert blocked.done()
    await publisher.finish(0)


async def test_stopping_waits_for_what_is_in_flight_and_begins_nothing() -> None:
    hand = Hand()
    publisher = Publisher(hand.publish, after=0)
    await put(publisher, A, A, B)
    finishing = asyncio.create_task(publisher.finish(10))
    await settle()
    await hand.ack(1, 3)
    await finishing
    assert (hand.given, publisher.position) == ([1, 3], 1)


async def test_an_error_of_a_publish_is_not_swallowed() -> None:
    hand = Hand()
    publisher = Publisher(hand.publish, after=0)
    await put(publisher, A, B)
    await hand.refuse(1, RuntimeError("no such thing"))
    with pytest.raises(RuntimeError, match="no such thing"):
        await publisher.failed
    assert publisher.position == 0
    await publisher.finish(0)


@pytest.mark.parametrize("seed", range(20))
async def test_acknowledged_in_any_order_every_case_goes_out_in_its_own(seed: int) -> None:
    chance = random.Random(seed)
    cases = [uuid4() for _ in range(5)]
    of = {position: chance.choice(cases) for position in range(1, 101)}
    hand = Hand()
    publisher = Publisher(hand.publish, after=0, in_flight_max=4, ahead_max=30)
    putting = asyncio.create_task(put(publisher, *of.values()))
    acked: set[int] = set()
    while len(acked) < len(of):
        await settle()
        open_now = [position for position in hand.given if position not in acked]
        position = chance.choice(open_now)
        await hand.ack(position)
        acked.add(position)
        done = next(p for p in range(102) if p + 1 not in acked)
        assert publisher.position == done, f"seed {seed}"
    await putting
    await publisher.drained()
    for case_id in cases:
        given = [position for position in hand.given if of[position] == case_id]
        assert given == sorted(given), f"seed {seed}"


def test_waiting_between_attempts_doubles_up_to_a_cap_and_differs_from_one_to_another() -> None:
    assert [retry_seconds(n, 1.0) for n in (1, 2, 3)] == [0.05, 0.1, 0.2]
    assert retry_seconds(10_000, 1.0) == 2.0
    assert retry_seconds(3, 0.0) == 0.1
