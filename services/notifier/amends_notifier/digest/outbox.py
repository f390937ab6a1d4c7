"""Which mails of a day were sent: remembered in the database, so that restarts and other notifiers know.

A mail is claimed before it is sent and marked once the server took it. Who dies in between leaves a claim that runs
out, and the mail is sent once more, under the same Message-ID: at least once, and twice only then.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from importlib.resources import files
from typing import Final, NamedTuple

import asyncpg

CLAIM_SECONDS: Final = 300.0
"""Longer than any attempt takes."""

_DAYS_REMEMBERED: Final = 90
_SQL: Final = files("amends_notifier.digest") / "sql"
_BEGIN, _CLAIM, _SENT, _FAILED, _POSTPONED, _END = (
    (_SQL / f"{name}.sql").read_text("utf-8")
    for name in ("begin_day", "claim_mail", "mail_sent", "mail_failed", "mail_postponed", "end_days")
)


class Claimed(NamedTuple):
    """A mail that is ours to send. `attempts`: this one counted."""

    reader: str
    attempts: int


class Unsent(NamedTuple):
    """A mail that did not go out within its day."""

    day: date
    reader: str
    attempts: int


class Outbox:
    """Raises asyncpg's errors everywhere."""

    def __init__(self, pool: asyncpg.Pool, tenant: str) -> None:
        self._pool = pool
        self._tenant = tenant

    async def is_begun(self, day: date) -> bool:
        """Whether the list of this day was made."""
        return bool(
            await self._pool.fetchval(
                "SELECT true FROM digests WHERE tenant = $1 AND day = $2 AND reader = ''", self._tenant, day
            )
        )

    async def begin(self, day: date, readers: Iterable[str]) -> None:
        """Make the list of this day, unless it was made: once made, nobody is added to it."""
        await self._pool.execute(_BEGIN, self._tenant, day, list(readers))

    async def claim(self, day: date) -> Claimed | None:
        """A mail of this day that may be sent now; None when there is none."""
        row = await self._pool.fetchrow(_CLAIM, self._tenant, day, CLAIM_SECONDS)
        return None if row is None else Claimed(row["reader"], row["attempts"])

    async def sent(self, day: date, reader: str) -> None:
        await self._pool.execute(_SENT, self._tenant, day, reader)

    async def failed(self, day: date, reader: str, reason: str) -> None:
        """It is given up."""
        await self._pool.execute(_FAILED, self._tenant, day, reader, reason)

    async def postpone(self, day: date, reader: str, seconds: float) -> None:
        await self._pool.execute(_POSTPONED, self._tenant, day, reader, seconds)

    async def end_days_before(self, today: date) -> list[Unsent]:
        """What was not sent by the end of its day, told once."""
        rows = await self._pool.fetch(_END, self._tenant, today, _DAYS_REMEMBERED)
        return [Unsent(row["day"], row["reader"], row["attempts"]) for row in rows]
