"""What is shown of a run: one line while it lasts, and a table at its end."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable

from rich.console import Console
from rich.status import Status
from rich.table import Table

from tests.faults.soak import Recovery, Run

_LINE_EVERY_SECONDS = 30.0


class Progress:
    """A line on stderr that is always new; where nobody looks, one now and then."""

    def __init__(self, faults: int) -> None:
        self._faults = faults
        self._began = self._said = time.monotonic()
        self._done: list[Run] = []
        self._console = Console(stderr=True, highlight=False)
        self._status = Status("starting", console=self._console)
        if self._console.is_terminal:
            self._status.start()

    def show(self, run: Run) -> None:
        runs = [*self._done, run]
        struck, commands = sum(each.struck for each in runs), sum(each.commands for each in runs)
        minutes = (time.monotonic() - self._began) / 60
        line = (
            f"{struck:,} of {self._faults:,} faults, {commands:,} commands, "
            f"{sum(len(each.broken) for each in runs)} violations; {struck / minutes:.0f} faults a minute"
        )
        if self._console.is_terminal:
            self._status.update(line)
        elif time.monotonic() - self._said > _LINE_EVERY_SECONDS or run.broken:
            self._said = time.monotonic()
            self._console.print(line)

    def over(self, run: Run) -> None:
        """A round is."""
        self.show(run)
        self._done.append(run)

    def close(self) -> None:
        self._status.stop()


def table(recoveries: Iterable[Recovery]) -> Table:
    """By kind of fault: how often it struck, and the longest recovery after it."""
    by_kind: defaultdict[str, list[Recovery]] = defaultdict(list)
    for each in recoveries:
        by_kind[each.kind].append(each)
    shown = Table("fault", "times", "to the next write, at most", "to the next fire, at most")
    for column in shown.columns[1:]:
        column.justify = "right"
    for kind, some in sorted(by_kind.items()):
        write, fire = max(each.write_seconds for each in some), max(each.fire_seconds for each in some)
        shown.add_row(kind, f"{len(some):,}", f"{write:.2f} s", f"{fire:.2f} s")
    return shown
