"""One import from beginning to end: read, send, write the rejected rows aside, count."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from amends_platform.clients import Address
from amends_platform.failures import Failure
from amends_platform.importing.formats import Format, count_rows, read
from amends_platform.importing.rejects import Rejects
from amends_platform.importing.rows import Row, Timing, prepared
from amends_platform.importing.sending import Fate, Settled, send

# Enough for intake to commit many at once; more would only wait there.
IN_FLIGHT_MAX: Final = 32


@dataclass
class Tally:
    """What became of the rows so far. `failure` or `interrupted`: not all of the file was read."""

    recorded: int = 0
    already_recorded: int = 0
    rejected: int = 0
    rejected_file: Path | None = None
    seconds: float = 0.0
    failure: Failure | None = None
    interrupted: bool = False

    @property
    def rows(self) -> int:
        """Every row has exactly one fate."""
        return self.recorded + self.already_recorded + self.rejected

    def count(self, fate: Fate) -> None:
        """One more row."""
        match fate:
            case Fate.RECORDED:
                self.recorded += 1
            case Fate.ALREADY_RECORDED:
                self.already_recorded += 1
            case Fate.REJECTED:
                self.rejected += 1


# Hears after each row how things stand, and the reason where the row was rejected.
Heard = Callable[[Tally, str | None], None]


class Import:
    """The import of one file."""

    def __init__(self, file: Path, format: Format, encoding: str, timing: Timing | None) -> None:  # noqa: A002
        self._path = file
        self._format = format
        self._encoding = encoding
        self._timing = timing
        self._stopped = self._cut_short = False

    def count(self) -> int:
        """How many rows the file has. Raises Failure when its columns are not those of the format."""
        return count_rows(self._path, self._format, self._encoding)

    def stop(self) -> bool:
        """Read no further; rows in flight are settled. False when it was asked before."""
        first, self._stopped = not self._stopped, True
        return first

    async def run(self, where: Address, heard: Heard) -> Tally:
        """Import. What ends it early is in the tally, so that what was done before is told too. Raises Failure
        when it could not even begin.
        """
        tally = Tally()
        started_at = time.monotonic()
        with self._path.open("rb") as file:
            reading = read(file, self._format, self._encoding)
            rows = self._until_stopped(prepared(reading.rows, self._timing))
            await _check_reachable(where)
            with Rejects(self._path, reading, self._encoding) as rejects:
                try:
                    async for settled in send(rows, where, in_flight_max=IN_FLIGHT_MAX):
                        tally.count(settled.fate)
                        heard(tally, _keep(settled, rejects))
                except Failure as failure:
                    tally.failure = failure
                tally.rejected_file = rejects.path
        tally.interrupted = self._cut_short
        tally.seconds = time.monotonic() - started_at
        return tally

    def _until_stopped(self, rows: Iterator[Row]) -> Iterator[Row]:
        for row in rows:
            if self._stopped:
                self._cut_short = True
                return
            yield row


async def _check_reachable(where: Address) -> None:
    """A service that is not there now is not waited for, unlike one that goes away in between."""
    async with where.intake() as client:
        await client.http.get("/livez")


def _keep(settled: Settled, rejects: Rejects) -> str | None:
    if settled.fate is not Fate.REJECTED:
        return None
    rejects.add(settled.row, settled.reason)
    return f"line {settled.row.line:,}: {settled.reason}"
