"""Progress on standard error: a bar where a person looks, a line now and then where a program does."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Final, Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

_LINE_EVERY_SECONDS: Final = 5.0
_LOOK_EVERY_SECONDS: Final = 0.05


class Meter(Protocol):
    """Shows how far a piece of work has come."""

    def reach(self, done: int, total: int | None = None) -> None:
        """So many are done by now, of a total that may have grown. Cheap enough to be called for each one."""

    def say(self, line: str) -> None:
        """A line that stays, above the bar."""


@contextmanager
def meter(what: str, unit: str, total: int) -> Iterator[Meter]:
    """A meter for `total` of `unit`, gone at the end; `what` is the work in one word."""
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    if not console.is_terminal:
        yield _Lines(console, what, unit, total)
        return
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn(f"{unit}  {{task.fields[rate]}}"),
        TimeRemainingColumn(),
        console=console,
        transient=True,
    ) as progress:
        bar = _Bar(progress, progress.add_task(what, total=total, rate=""), total)
        yield bar
        bar.show()


@contextmanager
def meter_of_stages(units: Mapping[str, str]) -> Iterator[Callable[[str, int, int], None]]:
    """A function to be told (stage, done, total): each stage has a meter of its own. `units` by stage."""
    with ExitStack() as stack:
        now: tuple[str, Meter] | None = None

        def on_progress(stage: str, done: int, total: int) -> None:
            nonlocal now
            if now is None or now[0] != stage:
                stack.close()
                now = stage, stack.enter_context(meter(stage, units[stage], total))
            now[1].reach(done, total)

        yield on_progress


class _Bar:
    def __init__(self, progress: Progress, task: TaskID, total: int) -> None:
        self._progress = progress
        self._task = task
        self._total = total
        self._started_at = self._shown_at = time.monotonic()
        self._done = 0

    def reach(self, done: int, total: int | None = None) -> None:
        self._done = done
        if total is not None:
            self._total = total
        if time.monotonic() - self._shown_at >= _LOOK_EVERY_SECONDS:
            self.show()

    def say(self, line: str) -> None:
        self._progress.console.print(line, markup=False)

    def show(self) -> None:
        self._shown_at = time.monotonic()
        rate = per_second(self._done, self._shown_at - self._started_at)
        self._progress.update(self._task, completed=self._done, total=self._total, rate=f"{rate}/s")


class _Lines:
    def __init__(self, console: Console, what: str, unit: str, total: int) -> None:
        self._console = console
        self._what, self._unit, self._total = what, unit, total
        self._shown_at = time.monotonic()

    def reach(self, done: int, total: int | None = None) -> None:
        if total is not None:
            self._total = total
        if time.monotonic() - self._shown_at >= _LINE_EVERY_SECONDS:
            self._shown_at = time.monotonic()
            share = f" ({done / self._total:.0%})" if self._total else ""
            self.say(f"{self._what}: {done:,} of {self._total:,} {self._unit}{share}")

    def say(self, line: str) -> None:
        self._console.print(line, markup=False)


def per_second(count: int, seconds: float) -> str:
    """A rate for people: "1,234"."""
    return f"{count / seconds:,.0f}" if seconds > 0 else "0"
