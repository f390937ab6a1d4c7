"""What is shown of a run: one line while it lasts, and a table at its end."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
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
        # What earlier rounds came to; their histories are let go.
        self._done = Counter[str]()
        self._console = Console(stderr=True, highlight=False)
        self._status = Status("starting", console=self._console)
        if self._console.is_terminal:
            self._status.start()

    def show(self, run: Run) -> None:
        come_to = self._done + _counted(run)
        minutes = (time.monotonic() - self._began) / 60
        line = (
            f"{come_to['struck']:,} of {self._faults:,} faults, {come_to['commands']:,} commands, "
            f"{come_to['violations']} violations; {come_to['struck'] / minutes:.0f} faults a minute"
        )
        if self._console.is_terminal:
            self._status.update(line)
        elif time.monotonic() - self._said > _LINE_EVERY_SECONDS or run.broken:
            self._said = time.monotonic()
            self._console.print(line)

    def over(self, run: Run) -> None:
        """A round is."""
        self.show(run)
        self._done += _counted(run)

    def close(self) -> None:
        self._status.stop()


def _counted(run: Run) -> Counter[str]:
    return Counter(struck=run.struck, commands=run.commands, violations=len(run.broken))


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
