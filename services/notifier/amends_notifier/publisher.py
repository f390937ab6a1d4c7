"""In which order messages go out: one at a time within a case, many cases at once, and how far all are through."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Final
from uuid import UUID

from amends_notifier.messages import Message

# More at once raises throughput little, as the broker syncs one message after the other, and latency much.
IN_FLIGHT_MAX: Final = 128
# How far reading may run ahead of the slowest message.
AHEAD_MAX: Final = 2_000


class Publisher:
    """Publishes messages put to it in the order of the log. For one event loop, and one `put` at a time.

    `position`: every message at or below it is acknowledged, so this is where a checkpoint may stand.
    """

    def __init__(
        self,
        publish: Callable[[Message], Awaitable[object]],
        *,
        after: int,
        in_flight_max: int = IN_FLIGHT_MAX,
        ahead_max: int = AHEAD_MAX,
    ) -> None:
        """`publish` returns once the message is acknowledged. The first message put is at `after` + 1."""
        self.position = after
        self._last_put = after
        self._publish = publish
        self._in_flight = asyncio.Semaphore(in_flight_max)
        self._ahead_max = ahead_max
        self._acked: set[int] = set()
        self._lanes: dict[UUID, deque[tuple[int, Message]]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._moved = asyncio.Event()
        self._stopping = False
        self.failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """Raises what a publish raised. It never gets a result."""

    @property
    def waiting(self) -> int:
        """How many messages were put and are not yet known to be through."""
        return self._last_put - self.position

    async def put(self, position: int, case_id: UUID, message: Message) -> None:
        """Take the message of the next position over; waits while too much is waiting already."""
        assert position == self._last_put + 1, "every position is put, in order"
        while position - self.position > self._ahead_max:
            await self.moved()
        self._last_put = position
        lane = self._lanes.get(case_id)
        if lane is not None:
            lane.append((position, message))
            return
        self._lanes[case_id] = deque([(position, message)])
        task = asyncio.create_task(self._run_lane(case_id))
        self._tasks.add(task)
        task.add_done_callback(self._lane_ended)

    async def moved(self) -> None:
        """Wait until `position` moves."""
        await self._moved.wait()

    async def drained(self) -> None:
        """Wait until everything put is acknowledged."""
        while self.position < self._last_put:
            await self.moved()

    async def finish(self, seconds_max: float) -> None:
        """Wait for what is in flight, at most so long; what is not is dropped, and so is what took too long."""
        self._stopping = True
        if self._tasks and seconds_max > 0:
            await asyncio.wait(self._tasks, timeout=seconds_max)
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self.failed.cancel()

    async def _run_lane(self, case_id: UUID) -> None:
        lane = self._lanes[case_id]
        while lane:
            async with self._in_flight:
                if self._stopping:
                    return
                position, message = lane[0]
                await self._publish(message)
            lane.popleft()
            self._ack(position)
        del self._lanes[case_id]

    def _ack(self, position: int) -> None:
        self._acked.add(position)
        while self.position + 1 in self._acked:
            self.position += 1
            self._acked.remove(self.position)
            # Set and cleared at once: wakes whoever waits now, and nobody later.
            self._moved.set()
            self._moved.clear()

    def _lane_ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None and not self.failed.done():
            self.failed.set_exception(error)
