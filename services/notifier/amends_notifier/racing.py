"""Several things at once, of which the first to end ends all."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any


def go_on() -> bool:
    """Whether nobody has cancelled the running task. Raises CancelledError when somebody has.

    For loops around `asyncio.wait_for`, as in the NATS client: until Python 3.12 it swallows a cancellation that comes
    at the same moment as the answer, and the loop would go on for ever.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
    return True


async def first_of(*awaitables: Awaitable[Any]) -> None:
    """Wait until one of them ends and cancel the others. Raises what it raised."""
    tasks = [asyncio.ensure_future(awaitable) for awaitable in awaitables]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in done:
        task.result()
