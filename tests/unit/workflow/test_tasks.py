"""Tasks that are stopped have ended, also those that did not hear it the first time."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

import pytest

from amends_workflow.tasks import end_if_told, stop


async def test_a_task_that_lost_its_cancellation_is_told_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("amends_workflow.tasks._PATIENCE_SECONDS", 0.01)
    told = 0

    async def deaf() -> None:
        nonlocal told
        while told < 3:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                told += 1

    task = asyncio.create_task(deaf())
    await asyncio.sleep(0)
    await stop(task)
    assert task.done()
    assert told == 3


async def test_a_task_that_fails_while_it_ends_has_ended_too() -> None:
    async def failing() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            raise RuntimeError("the connection died")

    task: asyncio.Task[Any] = asyncio.create_task(failing())
    await asyncio.sleep(0)
    await stop(task)
    assert isinstance(task.exception(), RuntimeError)


async def test_a_loop_that_outlives_errors_ends_when_its_cancellation_came_as_one() -> None:
    async def outliving() -> None:
        while True:
            try:
                try:
                    await asyncio.Event().wait()
                finally:
                    raise RuntimeError("the connection died")
            except RuntimeError:
                end_if_told()

    task = asyncio.create_task(outliving())
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task], timeout=10)
    assert task.cancelled()


async def test_whoever_stops_tasks_sees_them_end_even_when_it_is_cancelled_meanwhile() -> None:
    ending = asyncio.Event()

    async def slow_to_end() -> None:
        while not ending.is_set():
            with suppress(asyncio.CancelledError):
                await ending.wait()

    task = asyncio.create_task(slow_to_end())
    await asyncio.sleep(0)
    stopping = asyncio.create_task(stop(task))
    await asyncio.sleep(0)
    stopping.cancel()
    await asyncio.wait([stopping], timeout=0.05)
    assert not stopping.done()
    ending.set()
    await asyncio.wait([stopping], timeout=10)
    assert task.done()
    assert stopping.cancelled()
