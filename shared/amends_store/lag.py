"""How far a reader of the log is behind it."""

from __future__ import annotations

from typing import Final, NamedTuple

from amends_store.read import Executor
from amends_store.statements import statement

_READER_LAG: Final = statement("reader_lag")


class Lag(NamedTuple):
    """`seconds`: for how long the oldest event that the reader has still to take has been waiting."""

    events: int
    seconds: float


async def lag_of(conn: Executor, checkpoint: str) -> Lag:
    """Of the reader with this checkpoint, in whichever process; one that never read is at the beginning."""
    row = await conn.fetchrow(_READER_LAG, checkpoint)
    return Lag(max(0, row["events"]), row["seconds"])
