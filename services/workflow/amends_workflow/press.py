"""Where what takes seconds is set: in few threads of its own, so that nobody else waits for it, nor memory runs out."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import Final, ParamSpec, TypeVar

from amends_platform.http.problems import Problem

P = ParamSpec("P")
T = TypeVar("T")

_AT_ONCE: Final = 2
_WAITING_MAX: Final = 30
_RETRY_SECONDS: Final = 10


class Press:
    """Sets so many things at once; whoever finds a long queue is asked to come again."""

    def __init__(self, at_once: int = _AT_ONCE, waiting_max: int = _WAITING_MAX) -> None:
        # The event loop's own threads also resolve names, and read what is small.
        self._threads = ThreadPoolExecutor(at_once, thread_name_prefix="press")
        self._taken_max = at_once + waiting_max
        self._taken = 0

    async def set(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """What the work returns or raises. Raises a 429 problem where too many wait."""
        if self._taken >= self._taken_max:
            detail = "Many files are being made just now. Ask again in a moment."
            raise Problem(429, "too-many-requests", detail, headers={"Retry-After": str(_RETRY_SECONDS)})
        self._taken += 1
        under_way = self._threads.submit(work, *args, **kwargs)
        # Whoever goes away leaves it where it is, until it is done.
        under_way.add_done_callback(partial(self._tell, asyncio.get_running_loop()))
        return await asyncio.wrap_future(under_way)

    def _tell(self, loop: asyncio.AbstractEventLoop, _done: Future[object]) -> None:
        # The loop may have ended meanwhile.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(self._make_room)

    def _make_room(self) -> None:
        self._taken -= 1


PRESS: Final = Press()
