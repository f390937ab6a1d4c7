"""What intake counts: commands by what became of them, and how long those took that were recorded."""

from __future__ import annotations

import time
from collections.abc import Awaitable
from functools import cache
from typing import Protocol, TypeVar

from prometheus_client import CollectorRegistry, Counter, Histogram

from amends_platform.problems import Problem

# From one commit on a quiet machine to what a caller would call an outage.
_BUCKETS_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)


class _Answer(Protocol):
    @property
    def is_repeat(self) -> bool: ...


A = TypeVar("A", bound=_Answer)


class Metrics:
    """Prometheus metrics of one process."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._commands = Counter(
            "amends_commands", "Commands by name and outcome.", ["command", "outcome"], registry=registry
        )
        # Looking a child up by its labels takes a lock and several calls, for each of a handful of children.
        self._of = cache(self._commands.labels)
        self._seconds = Histogram(
            "amends_command_seconds",
            "From the parsed request to the durable commit, of commands that were recorded.",
            buckets=_BUCKETS_SECONDS,
            registry=registry,
        )

    async def measured(self, command: str, doing: Awaitable[A]) -> A:
        """Await the command and count it: recorded, repeated, refused, or failed."""
        started = time.perf_counter()
        try:
            answered = await doing
        except Problem:
            self._of(command, "refused").inc()
            raise
        except BaseException:
            self._of(command, "failed").inc()
            raise
        if answered.is_repeat:
            self._of(command, "repeated").inc()
        else:
            self._of(command, "recorded").inc()
            self._seconds.observe(time.perf_counter() - started)
        return answered
