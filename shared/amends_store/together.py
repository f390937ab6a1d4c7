"""Appending to several streams at once: all of it is recorded, or nothing (two cases that are merged)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from itertools import accumulate
from typing import Any, Final

import asyncpg

from amends_store.batch import arguments, verdict_of
from amends_store.errors import AppendRefused, OutcomeUnknown, StoreUnavailable
from amends_store.outages import is_outage, is_refusal
from amends_store.records import Append, Appended, DataKeyConflict, KeyReused, Replayed, VersionConflict
from amends_store.replication import replicated, waited_for
from amends_store.statements import statement

_APPEND_BATCH: Final = statement("append_batch")
_END_WHEN_IDLE: Final = statement("end_when_idle")
# As for any batch: longer than the lock_timeout of append_batch, and long enough for a restart.
_ANSWER_SECONDS_MAX: Final = 10.0
_REACH_SECONDS_MAX: Final = 3.0
_REACH_PAUSE_SECONDS: Final = 0.05

Objection = Replayed | KeyReused | VersionConflict | DataKeyConflict
# Gets the connection, in the transaction and under the log's lock, and what was appended there.
Along = Callable[[Any, tuple[Appended, ...]], Awaitable[None]]


class Undone(Exception):
    """What was to be done along with an append cannot be done: nothing was recorded."""


async def append_together(
    pool: asyncpg.Pool,
    commands: Sequence[Append],
    *,
    on_commit: Callable[[int], None] | None = None,
    along: Along | None = None,
) -> tuple[Appended, ...] | Objection:
    """Each command's `Appended`, in their order and durable; or why nothing at all was recorded.

    Exactly one of them carries a receipt, which stands for all; streams, and customers whose data keys are brought,
    are different. `on_commit` is told the last position. `along` is done in the same transaction; it may raise Undone.

    Raises StoreUnavailable (OutcomeUnknown is one), AppendRefused, Undone.
    """
    assert sum(command.receipt is not None for command in commands) == 1, "what was sent once is found by its receipt"
    attempt = _Attempt(commands, along)
    loop = asyncio.get_running_loop()
    give_up_at = loop.time() + _REACH_SECONDS_MAX
    while True:
        try:
            outcome = await attempt.make(pool)
        except Undone:
            raise
        except Exception as error:
            if is_refusal(error):
                raise AppendRefused(str(error)) from error
            if not is_outage(error) or not attempt.reached or loop.time() >= give_up_at:
                kind = OutcomeUnknown if attempt.may_be_recorded else StoreUnavailable
                raise kind(str(error) or type(error).__name__) from error
            await asyncio.sleep(_REACH_PAUSE_SECONDS)
        else:
            if on_commit is not None and not isinstance(outcome, Objection):
                on_commit(max(each.last_position for each in outcome))
            return outcome


class _Attempt:
    """The commands on their way. `may_be_recorded` once a commit was sent, until its answer comes.

    `reached`: it is worth looking for the server again, which was there a moment ago.
    """

    def __init__(self, commands: Sequence[Append], along: Along | None) -> None:
        self._commands = commands
        self._along = along
        self._arguments: Any = None
        self.may_be_recorded = False
        self.reached = False

    async def make(self, pool: asyncpg.Pool) -> tuple[Appended, ...] | Objection:
        if self._arguments is None:
            self._arguments = arguments(self._commands)
        self.reached = self.may_be_recorded
        async with pool.acquire(timeout=_REACH_SECONDS_MAX) as conn:
            self.reached = True
            transaction = conn.transaction()
            await transaction.start()
            try:
                await conn.execute(_END_WHEN_IDLE)
                rows = await conn.fetch(_APPEND_BATCH, *self._arguments, timeout=_ANSWER_SECONDS_MAX)
                outcome = self._outcome(rows)
                if isinstance(outcome, Objection):
                    await _roll_back(conn, transaction)
                    if isinstance(outcome, Replayed):
                        await replicated(conn, timeout_seconds=_ANSWER_SECONDS_MAX)
                    return outcome
                # What is found to have been recorded before had it done along with it then.
                if self._along is not None and rows[0]["verdict"] == "appended":
                    async with asyncio.timeout(_ANSWER_SECONDS_MAX):
                        await self._along(conn, outcome)
            except BaseException:
                await _roll_back(conn, transaction)
                raise
            self.may_be_recorded = True
            async with asyncio.timeout(_ANSWER_SECONDS_MAX):
                with waited_for(conn):
                    await transaction.commit()
                if rows[0]["verdict"] != "appended":
                    # Nothing was written now: what was recorded before is only acknowledged where a failover finds it.
                    await replicated(conn)
            return outcome

    def _outcome(self, rows: Sequence[Any]) -> tuple[Appended, ...] | Objection:
        verdicts = [
            verdict_of(command, row, sent_before=self.may_be_recorded)
            for command, row in zip(self._commands, rows, strict=True)
        ]
        found = next(n for n, command in enumerate(self._commands) if command.receipt is not None)
        if rows[found]["verdict"] == "replayed" and isinstance(first := verdicts[found], Appended):
            return self._recorded_before(found, first)
        objections = [verdict for verdict in verdicts if not isinstance(verdict, Appended)]
        if objections:
            # A repeat finds its streams moved on by what it did itself.
            return next((each for each in objections if isinstance(each, Replayed | KeyReused)), objections[0])
        return tuple(verdict for verdict in verdicts if isinstance(verdict, Appended))

    def _recorded_before(self, found: int, first: Appended) -> tuple[Appended, ...]:
        """All were recorded in a row, so one that is found says where the others are."""
        ends = list(accumulate(len(command.events) for command in self._commands))
        before = first.last_position - ends[found]
        return tuple(
            Appended(
                before + end - len(command.events) + 1,
                before + end,
                command.expected_version + len(command.events),
                first.recorded_at,
            )
            for command, end in zip(self._commands, ends, strict=True)
        )


async def _roll_back(conn: Any, transaction: Any) -> None:
    if conn.is_closed():
        return
    try:
        await transaction.rollback()
    except Exception:
        # The log must not stay locked by a transaction that nobody ends.
        conn.terminate()
