"""Ending tasks so that they have ended."""

from __future__ import annotations

import asyncio
from typing import Any

_PATIENCE_SECONDS = 1.0


async def stop(*tasks: asyncio.Task[Any]) -> None:
    """Cancel the tasks and wait until all have ended; how they ended is not told."""
    pending = set(tasks)
    while pending:
        # A connection that dies while a cancelled task gives it back raises its own error instead, and a task that
        # waits out such errors then goes on. So it is told again.
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=_PATIENCE_SECONDS)
    await asyncio.gather(*tasks, return_exceptions=True)
