"""Collecting a history: the database in one moment, then the stream."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from typing import Protocol
from uuid import UUID

import asyncpg

from amends_platform.policy.book import PolicyBook
from amends_platform.replaying.expected import Rows
from amends_platform.replaying.live import slices
from amends_store.read import head_position, read_log
from amends_store.records import StoredEvent
from amends_store.tiles import TILE_HASHES
from tests.support.judging.asked import Command
from tests.support.judging.history import History, ReceiptKey, ReceiptRow, SignedRow, Timer
from tests.support.listening import all_stored

_TIMER = "case_id, clock, generation, step, fires_at"


class Recorder(Protocol):
    """What keeps the history."""

    @property
    def nats_url(self) -> str: ...

    def database(self) -> AbstractAsyncContextManager[asyncpg.Connection]: ...


async def history_of(
    system: Recorder, commands: Sequence[Command], seen: Sequence[StoredEvent], *, is_quiet: bool = True
) -> History:
    """The history of a system, for `judge`. `seen` is what a reader saw that followed the log from its beginning.
    While it is not quiet, clients may go on.

    Whatever else is known of the run (see `History`) is put in by `dataclasses.replace`.
    """
    # What is answered from here on may not be in the log as it was, and is not known; what is asked may be.
    answered = {command.correlation_id: len(command.answers) for command in commands}
    async with system.database() as conn:
        # By itself: what it has to learn it may learn late.
        policies = PolicyBook(conn)
        await policies.refresh()
        async with conn.transaction(isolation="repeatable_read", readonly=True):
            history = History(
                commands=(),
                log=await read_log(conn, after=0, limit=await head_position(conn)),
                policies=policies.known,
                at=await conn.fetchval("SELECT log_now()"),
                seen=tuple(seen),
                stored=(),
                receipts=await _receipts(conn, commands),
                live=await _live(conn),
                checkpoints={
                    row["name"]: row["position"] for row in await conn.fetch("SELECT name, position FROM checkpoints")
                },
                overdue=await _timers(conn, "timers WHERE fires_at <= log_now()"),
                quarantined=await _timers(conn, "timer_quarantine"),
                signed=[
                    SignedRow(*row)
                    for row in await conn.fetch(
                        "SELECT tree_size, root_hash FROM signed_checkpoints ORDER BY tree_size"
                    )
                ],
                tiled=TILE_HASHES * await conn.fetchval("SELECT count(*) FROM merkle_tiles WHERE level = 0"),
                is_quiet=is_quiet,
            )
    # After it: what a checkpoint has passed was published before.
    stored = await all_stored(system.nats_url)
    known = [
        replace(command, answers=command.answers[: answered.get(command.correlation_id, 0)]) for command in commands
    ]
    return replace(history, commands=known, stored=stored.heard, announced=stored.checkpoints)


async def _live(conn: asyncpg.Connection) -> dict[UUID, Rows]:
    live: dict[UUID, Rows] = {}
    async for part in slices(conn):
        live |= part.rows
    return live


async def _timers(conn: asyncpg.Connection, which: str) -> list[Timer]:
    return [Timer(*row) for row in await conn.fetch(f"SELECT {_TIMER} FROM {which}")]


async def _receipts(conn: asyncpg.Connection, commands: Sequence[Command]) -> dict[ReceiptKey, ReceiptRow]:
    """By principal and key, which the database has as a hash: one that nobody sent stays that."""
    sent = {hashlib.sha256(command.key.encode()).digest(): command.key for command in commands}
    rows = await conn.fetch(
        "SELECT principal, key_hash, stream_id, first_position, last_position, version FROM hashed_receipts"
    )
    return {
        (principal, sent.get(key_hash, key_hash.hex())): ReceiptRow(*receipt) for principal, key_hash, *receipt in rows
    }
