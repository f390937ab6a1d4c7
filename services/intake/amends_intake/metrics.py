"""What intake counts: commands by what became of them, and how long those took that were recorded."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from functools import cache
from typing import Protocol, TypeVar

from prometheus_client import CollectorRegistry, Counter, Gauge

from amends_platform.http.problems import Problem
from amends_platform.telemetry.durations import Durations

_BUCKETS_COMMANDS = (1, 2, 4, 8, 16, 32, 64, 128, 256)


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
        self._seconds = Durations(
            registry,
            "amends_command_seconds",
            "From the parsed request to the durable commit, of commands that were recorded.",
        )

        self._append_seconds = Durations(
            registry,
            "amends_append_duration_seconds",
            "One batch of commands, from the first byte sent to its verdicts",
        )
        self._append_commands = Durations(
            registry, "amends_append_batch_commands", "How many commands a batch had", buckets=_BUCKETS_COMMANDS
        )
        self._waiting = Gauge(
            "amends_append_waiting_commands", "Commands that wait for a batch to take them", registry=registry
        )

    def count_batch(self, commands: int, seconds: float) -> None:
        self._append_seconds.observe((), seconds)
        self._append_commands.observe((), commands)

    def show_waiting(self, waiting: Callable[[], int]) -> None:
        """`waiting` is asked whenever somebody looks."""
        self._waiting.set_function(waiting)

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
            self._seconds.observe((), time.perf_counter() - started)
        return answered
