"""Whether an event loop goes round, and how late it comes to what is due."""

from __future__ import annotations

import asyncio
import time
from typing import Final, NoReturn

from prometheus_client import CollectorRegistry

from amends_platform.telemetry.durations import Durations

_BEAT_SECONDS: Final = 1.0
# What holds a loop up for so long is no slow statement, which does not hold it up at all.
_SILENT_SECONDS_MAX: Final = 15.0


class Heartbeat:
    """Beats every second in the loop that starts it. `is_alive` may be asked from any thread."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._beat_at = time.monotonic()
        self._task: asyncio.Task[None] | None = None
        self._late = Durations(
            registry,
            "amends_event_loop_lag_seconds",
            "By how much the event loop was late for what was due each second",
        )

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="heartbeat")

    async def aclose(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    @property
    def is_alive(self) -> bool:
        return time.monotonic() - self._beat_at < _SILENT_SECONDS_MAX

    async def _run(self) -> NoReturn:
        while True:
            self._beat_at = began = time.monotonic()
            await asyncio.sleep(_BEAT_SECONDS)
            self._late.observe((), max(0.0, time.monotonic() - began - _BEAT_SECONDS))
