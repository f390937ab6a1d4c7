"""Ending tasks so that they have ended."""

from __future__ import annotations

import asyncio
from typing import Any

_PATIENCE_SECONDS = 3.0


def end_if_told() -> None:
    """For a loop that outlives errors: raises CancelledError if this task was cancelled.

    A connection that dies while a cancelled task gives it back raises its own error instead.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


async def stop(*tasks: asyncio.Task[Any]) -> None:
    """Cancel the tasks and wait until all have ended; how they ended is not told. Cancelled itself, it still does."""
    pending = set(tasks)
    was_cancelled = False
    while pending:
        # Again and again: who outlives errors may have taken the first time for one (see end_if_told).
        for task in pending:
            task.cancel()
        try:
            _, pending = await asyncio.wait(pending, timeout=_PATIENCE_SECONDS)
        except asyncio.CancelledError:
            # Leaving them running would leave connections that whoever closes the pool waits for.
            was_cancelled = True
            pending = {task for task in pending if not task.done()}
    await asyncio.gather(*tasks, return_exceptions=True)
    if was_cancelled:
        raise asyncio.CancelledError
