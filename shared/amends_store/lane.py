"""A connection that batches are committed on, and what becomes of a batch when the data or the server is bad."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Hashable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

import asyncpg

from amends_store.batch import arguments, verdict_of
from amends_store.errors import AppendRefused, OutcomeUnknown, StoreError, StoreUnavailable
from amends_store.outages import is_outage, is_refusal
from amends_store.records import Append, Appended, Verdict
from amends_store.replication import replicated, waited_for
from amends_store.statements import statement

_APPEND_BATCH: Final = statement("append_batch")
# Longer than the lock_timeout of append_batch: the server, when it is there, speaks first.
_ANSWER_SECONDS_MAX: Final = 10.0
# How long a server that has just been lost is looked for: a restart fits into it.
_REACH_SECONDS_MAX: Final = 3.0
_REACH_PAUSE_SECONDS: Final = 0.05
_RELEASE_SECONDS_MAX: Final = 3.0

_log = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class Waiting:
    """A command and the caller who waits for its verdict.

    `claims` is what no other command of its batch, or of a batch under way, may hold.
    """

    command: Append
    claims: tuple[Hashable, ...]
    verdict: asyncio.Future[Verdict]

    def answer(self, verdict: Verdict) -> None:
        """Tell the caller, unless there is none any more."""
        if not self.verdict.done():
            self.verdict.set_result(verdict)

    def fail(self, kind: type[StoreError], cause: BaseException) -> None:
        """Raise in the caller, unless there is none any more."""
        if not self.verdict.done():
            error = kind(str(cause) or type(cause).__name__)
            error.__cause__ = cause
            self.verdict.set_exception(error)


class _Unreachable(Exception):
    """There is no connection to be had; the cause tells why."""


class Lane:
    """One connection of the pool, kept while there is work. One batch at a time."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool
        self._conn: Any = None
        # A server that was there a moment ago is waited for; one that was not is tried once, so that callers
        # learn of an outage at once and not one after another at the end of their patience.
        self._was_reachable = False

    @property
    def holds_connection(self) -> bool:
        return self._conn is not None

    async def release(self) -> None:
        """Give the connection back to the pool."""
        conn, self._conn = self._conn, None
        if conn is None:
            return
        try:
            await self._pool.release(conn, timeout=_RELEASE_SECONDS_MAX)
        except Exception as error:
            # The pool has broken it off, which is as good: a lane must outlive its connections.
            _log.warning("a connection could not be given back: %s", error or type(error).__name__)

    async def discard(self) -> None:
        """Break the connection off: what it is doing is of no use any more."""
        # A connection that the server closed is the pool's again already.
        with suppress(asyncpg.InterfaceError):
            if self._conn is not None:
                self._conn.terminate()
        await self.release()

    async def commit(self, batch: list[Waiting], *, sent_before: bool = False) -> int | None:
        """Answer or fail every command of the batch. Returns the last position recorded, if any.

        `sent_before`: the batch was sent on a connection that was lost, and each command has a receipt.
        """
        loop = asyncio.get_running_loop()
        give_up_at = loop.time() + _REACH_SECONDS_MAX
        while batch:
            try:
                conn = await self._connection(give_up_at)
            except _Unreachable as error:
                _fail(batch, OutcomeUnknown if sent_before else StoreUnavailable, error.__cause__ or error)
                return None
            try:
                commands, events = arguments([waiting.command for waiting in batch])
            except Exception as error:
                return await self._bisect(batch, error, sent_before=sent_before)
            try:
                with waited_for(conn):
                    rows = await conn.fetch(_APPEND_BATCH, commands, events, timeout=_ANSWER_SECONDS_MAX)
            except Exception as error:
                if is_refusal(error):
                    return await self._bisect(batch, error, sent_before=sent_before)
                if not is_outage(error):
                    # The server answered with an error of its own, so it rolled back: no lock, no disk, read-only.
                    _fail(batch, OutcomeUnknown if sent_before else StoreUnavailable, error)
                    return None
                await self.discard()
                _fail([waiting for waiting in batch if waiting.command.receipt is None], OutcomeUnknown, error)
                batch = [waiting for waiting in batch if waiting.command.receipt is not None]
                if not sent_before:
                    sent_before, give_up_at = True, loop.time() + _REACH_SECONDS_MAX
            else:
                if not await self._may_answer(conn, rows, batch):
                    return None
                return _answer(batch, rows, sent_before=sent_before)
        return None

    async def _may_answer(self, conn: Any, rows: Iterable[Any], batch: list[Waiting]) -> bool:
        """What was only found recorded is acknowledged where a failover would find it, too; else the batch has failed.
        Where something was recorded now, its commit has waited for both.
        """
        verdicts = {row["verdict"] for row in rows}
        if "replayed" in verdicts and "appended" not in verdicts:
            try:
                await replicated(conn, timeout_seconds=_ANSWER_SECONDS_MAX)
            except Exception as error:
                await self.discard()
                _fail(batch, OutcomeUnknown, error)
                return False
        return True

    async def _bisect(self, batch: list[Waiting], error: Exception, *, sent_before: bool) -> int | None:
        """The database refused somebody's data: only that command must fail for it."""
        if len(batch) == 1:
            batch[0].fail(AppendRefused, error)
            return None
        middle = len(batch) // 2
        positions = [await self.commit(half, sent_before=sent_before) for half in (batch[:middle], batch[middle:])]
        return max((position for position in positions if position is not None), default=None)

    async def _connection(self, give_up_at: float) -> Any:
        with suppress(asyncpg.InterfaceError):
            if self._conn is not None and not self._conn.is_closed():
                return self._conn
        await self.release()
        loop = asyncio.get_running_loop()
        while True:
            patience = give_up_at - loop.time()
            try:
                if patience <= 0:
                    raise TimeoutError("the server did not answer in time")
                self._conn = await self._pool.acquire(timeout=patience)
            except Exception as error:
                if not self._was_reachable or patience <= _REACH_PAUSE_SECONDS or not is_outage(error):
                    self._was_reachable = False
                    raise _Unreachable from error
                await asyncio.sleep(_REACH_PAUSE_SECONDS)
            else:
                self._was_reachable = True
                return self._conn


def _answer(batch: list[Waiting], rows: Iterable[Any], *, sent_before: bool) -> int | None:
    last_position = None
    for waiting, row in zip(batch, rows, strict=True):
        verdict = verdict_of(waiting.command, row, sent_before=sent_before)
        if isinstance(verdict, Appended):
            last_position = verdict.last_position
        waiting.answer(verdict)
    return last_position


def _fail(batch: Iterable[Waiting], kind: type[StoreError], cause: BaseException) -> None:
    for waiting in batch:
        waiting.fail(kind, cause)
