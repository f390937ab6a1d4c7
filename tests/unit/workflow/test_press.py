"""What takes seconds is made a few at a time, and holds up nobody who wants something else."""

from __future__ import annotations

import asyncio
import threading

import pytest

from amends_platform.http.problems import Problem
from amends_workflow.press import Press


async def test_so_many_are_made_at_once_and_who_finds_a_long_queue_comes_again() -> None:
    press, go_on, working = Press(at_once=2, waiting_max=1), threading.Event(), []

    def work(number: int) -> int:
        working.append(threading.current_thread())
        go_on.wait(20)
        return number

    made = [asyncio.create_task(press.set(work, number)) for number in range(3)]
    await asyncio.sleep(0)
    with pytest.raises(Problem) as refused:
        await press.set(work, 4)
    assert (refused.value.status, refused.value.headers) == (429, {"Retry-After": "10"})
    # The loop's own threads are free for others.
    await asyncio.to_thread(go_on.set)
    assert await asyncio.gather(*made) == [0, 1, 2]
    assert len(set(working)) <= 2
    assert await press.set(work, 5) == 5


async def test_what_it_raises_is_raised_and_makes_room_for_the_next() -> None:
    press = Press(at_once=1, waiting_max=0)

    def fails() -> None:
        raise ValueError("no")

    for _ in range(3):
        with pytest.raises(ValueError, match="no"):
            await press.set(fails)


async def test_who_goes_away_takes_a_place_until_it_is_made() -> None:
    press, begun, go_on = Press(at_once=1, waiting_max=0), threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        go_on.wait(20)

    left = asyncio.create_task(press.set(work))
    await asyncio.sleep(0)
    await asyncio.to_thread(begun.wait, 20)
    left.cancel()
    with pytest.raises(asyncio.CancelledError):
        await left
    try:
        with pytest.raises(Problem):
            await press.set(int)
    finally:
        go_on.set()
