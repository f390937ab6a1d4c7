"""Callers who each give one piece of work after the other, all of them at once, until the time is up."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

from tests.bench.measuring import Figures, percentile

T = TypeVar("T")

CALLERS = 64


async def as_tasks(
    give: Callable[[T], Awaitable[None]], work: Iterable[T], seconds: float, *, callers: int = CALLERS
) -> Figures:
    """Callers are tasks of this loop. It ends early when the work does."""
    rest = iter(work)
    durations: list[float] = []
    begun_at = time.perf_counter()

    async def caller() -> None:
        for piece in rest:
            given_at = time.perf_counter()
            if given_at > begun_at + seconds:
                return
            await give(piece)
            durations.append(time.perf_counter() - given_at)

    await asyncio.gather(*(caller() for _ in range(callers)))
    return _figures(durations, time.perf_counter() - begun_at)


async def as_threads(give: Callable[[T], object], work: Iterable[T], seconds: float) -> Figures:
    """Callers are threads of this process."""
    rest = iter(work)
    turn = threading.Lock()
    durations: list[float] = []
    failures: list[Exception] = []
    begun_at = time.perf_counter()

    def caller() -> None:
        try:
            while (given_at := time.perf_counter()) <= begun_at + seconds:
                with turn:
                    piece = next(rest, None)
                if piece is None:
                    return
                give(piece)
                durations.append(time.perf_counter() - given_at)
        except Exception as error:
            failures.append(error)

    def all_of_them() -> float:
        threads = [threading.Thread(target=caller) for _ in range(CALLERS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return time.perf_counter()

    ended_at = await asyncio.to_thread(all_of_them)
    if failures:
        raise failures[0]
    return _figures(durations, ended_at - begun_at)


def _figures(durations: list[float], seconds: float) -> Figures:
    return {
        "events/s": len(durations) / seconds,
        "p50 ms": percentile(durations, 50) * 1000,
        "p99 ms": percentile(durations, 99) * 1000,
    }
