"""The file of wrapped keys: SQLite, its calls blocking. `file_store` makes them from an event loop.

Rows are only ever added at the end and overwritten by as many bytes, never moved or deleted: so a wrapped key stands
in one place of the file, and destroying it leaves no copy behind. What the write-ahead log still has of it goes with
the log, which `destroy` empties.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from itertools import islice
from pathlib import Path
from typing import Final
from uuid import UUID

from amends_platform.ids import uuid7
from amends_platform.keystore.master_keys import MasterKeys
from amends_platform.keystore.protocol import KeyStoreUnavailable
from amends_platform.sealing import KEY_BYTES, WRAPPED_BYTES, CannotUnseal, MasterKey, MasterKeyError

_BUSY_SECONDS_MAX: Final = 10.0
_AGAIN_SECONDS: Final = 0.01
_DESTROYED: Final = bytes(WRAPPED_BYTES)
_REWRAPPED_AT_ONCE: Final = 5_000

_SCHEMA: Final = (
    """
    CREATE TABLE IF NOT EXISTS data_keys (
        number    INTEGER PRIMARY KEY,
        key_id    BLOB    NOT NULL UNIQUE,
        master_id BLOB    NOT NULL,
        wrapped   BLOB    NOT NULL
    )
    """,
    # By which new keys are wrapped.
    "CREATE TABLE IF NOT EXISTS master (one INTEGER PRIMARY KEY CHECK (one = 1), id BLOB NOT NULL)",
)
_ADD: Final = "INSERT INTO data_keys (key_id, master_id, wrapped) VALUES {} ON CONFLICT DO NOTHING"
# In one statement: SQLite lets go of the interpreter at each, and taking it back from a busy event loop costs both
# sides several times what the row does.
_ADDED_AT_ONCE: Final = 1_000
_GET: Final = "SELECT master_id, wrapped FROM data_keys WHERE key_id = ? AND wrapped <> ?"
_DESTROY: Final = "UPDATE data_keys SET wrapped = ? WHERE key_id = ? AND wrapped <> ?"
_OF_DESTROYED: Final = "SELECT key_id FROM data_keys WHERE wrapped = ?"
_OF_ANOTHER_MASTER: Final = "FROM data_keys WHERE number > ? AND master_id <> ? AND wrapped <> ?"


class KeyFile:
    """One connection to the file, made if there is none. Every method raises KeyStoreUnavailable.

    Making the file raises MasterKeyError, too.
    """

    def __init__(self, path: Path, masters: MasterKeys) -> None:
        self.path = path
        self._masters = masters
        master = masters.current()
        with self._telling():
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            # SQLite gives its side files the mode of this one.
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
            # Used by one thread at a time, which need not be this one.
            self._sqlite = sqlite3.connect(
                path, timeout=_BUSY_SECONDS_MAX, isolation_level=None, check_same_thread=False
            )
        try:
            self._prepare(master)
        except BaseException:
            self._sqlite.close()
            raise

    def _prepare(self, master: MasterKey) -> None:
        with self._telling():
            self._sqlite.execute("PRAGMA journal_mode = WAL")
            self._sqlite.execute("PRAGMA synchronous = FULL")
            self._sqlite.execute("PRAGMA secure_delete = ON")
        with self._writing():
            for statement in _SCHEMA:
                self._sqlite.execute(statement)
            self._sqlite.execute("INSERT OR IGNORE INTO master VALUES (1, ?)", (master.id,))

    def close(self) -> None:
        with self._telling():
            self._sqlite.close()

    def reserve(self, count: int) -> dict[UUID, bytes]:
        """New keys, kept."""
        # Asked for at once, for the same reason as they are added so.
        random = os.urandom(count * KEY_BYTES)
        keys = {uuid7(): random[place : place + KEY_BYTES] for place in range(0, len(random), KEY_BYTES)}
        self.add(keys)
        return keys

    def add(self, keys: Mapping[UUID, bytes]) -> None:
        """Keep these keys; those known, or destroyed, stay as they are."""
        with self._writing():
            # Inside the transaction: nothing is wrapped by a master key that is being replaced.
            master = self.master()
            wrapped = iter(master.wrap(keys).items())
            while some := list(islice(wrapped, _ADDED_AT_ONCE)):
                rows = ", ".join(["(?, ?, ?)"] * len(some))
                values = [value for key_id, key in some for value in (key_id.bytes, master.id, key)]
                self._sqlite.execute(_ADD.format(rows), values)

    def get(self, key_ids: Iterable[UUID]) -> dict[UUID, bytes]:
        """The keys that are here. Raises CannotUnseal."""
        found = ((key_id, self._row(key_id)) for key_id in key_ids)
        return {key_id: self._unwrapped(key_id, *row) for key_id, row in found if row is not None}

    def holds(self, key_ids: Iterable[UUID]) -> set[UUID]:
        """Those of the ids whose keys are here."""
        return {key_id for key_id in key_ids if self._row(key_id) is not None}

    def destroy(self, key_ids: Iterable[UUID]) -> None:
        """Overwrite these keys, here and in the write-ahead log, whoever wrote it."""
        with self._writing():
            self._sqlite.executemany(_DESTROY, ((_DESTROYED, key_id.bytes, _DESTROYED) for key_id in key_ids))
        self.empty_write_ahead_log()

    def destroyed(self) -> set[UUID]:
        """Every key that was destroyed here."""
        with self._telling():
            rows = self._sqlite.execute(_OF_DESTROYED, (_DESTROYED,)).fetchall()
        return {UUID(bytes=key_id) for (key_id,) in rows}

    def master(self) -> MasterKey:
        """The master key that new keys are wrapped by."""
        with self._telling():
            (master_id,) = self._sqlite.execute("SELECT id FROM master").fetchone()
            master = self._masters.called(master_id)
        if master is None:
            raise KeyStoreUnavailable(f"{self.path} is wrapped by another master key than {self._masters.path} holds")
        return master

    def wrap_from_now_on_by(self, master: MasterKey) -> None:
        """New keys are wrapped by this master key, whichever process makes them."""
        with self._writing():
            self._sqlite.execute("UPDATE master SET id = ?", (master.id,))

    def count_wrapped_by_others(self, master: MasterKey) -> int:
        """How many keys another master key wraps."""
        with self._telling():
            query = f"SELECT count(*) {_OF_ANOTHER_MASTER}"
            return int(self._sqlite.execute(query, (0, master.id, _DESTROYED)).fetchone()[0])

    def rewrap(self, master: MasterKey) -> Iterator[int]:
        """Wrap every key by this master key, some at a time; yields how many. Raises CannotUnseal."""
        query = f"SELECT number, key_id, master_id, wrapped {_OF_ANOTHER_MASTER} ORDER BY number LIMIT ?"
        after = 0
        while True:
            with self._writing():
                rows = self._sqlite.execute(query, (after, master.id, _DESTROYED, _REWRAPPED_AT_ONCE)).fetchall()
                self._sqlite.executemany(
                    "UPDATE data_keys SET master_id = ?, wrapped = ? WHERE number = ?",
                    (
                        (master.id, master.wrap({key_id: self._unwrapped(key_id, by, wrapped)})[key_id], number)
                        for number, key_id, by, wrapped in ((row[0], UUID(bytes=row[1]), *row[2:]) for row in rows)
                    ),
                )
            if not rows:
                return
            after = rows[-1][0]
            yield len(rows)

    def copy_to(self, path: Path) -> None:
        """A copy as of now, while others write on, in a new file that only its owner may read."""
        with self._telling():
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
            with closing(sqlite3.connect(path)) as copy:
                self._sqlite.backup(copy)

    def empty_write_ahead_log(self) -> None:
        """Bring everything into the file itself and leave nothing of it beside."""
        give_up_at = time.monotonic() + _BUSY_SECONDS_MAX
        # SQLite waits by itself for who reads or writes, but not for another process that does the same as we.
        while not self._try_to_empty_write_ahead_log():
            if time.monotonic() >= give_up_at:
                raise KeyStoreUnavailable(f"{self.path} is in use: its write-ahead log could not be emptied")
            time.sleep(_AGAIN_SECONDS)

    def _try_to_empty_write_ahead_log(self) -> bool:
        with self._telling():
            busy, _, _ = self._sqlite.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        return not busy

    def _row(self, key_id: UUID) -> tuple[bytes, bytes] | None:
        with self._telling():
            row: tuple[bytes, bytes] | None = self._sqlite.execute(_GET, (key_id.bytes, _DESTROYED)).fetchone()
            return row

    def _unwrapped(self, key_id: UUID, master_id: bytes, wrapped: bytes) -> bytes:
        with self._telling():
            master = self._masters.called(master_id)
        if master is None:
            raise CannotUnseal(f"The key {key_id} is wrapped by another master key than {self._masters.path} holds.")
        return master.unwrap(key_id, wrapped)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """One transaction, alone from its first line."""
        with self._telling():
            self._sqlite.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._sqlite.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):
                    self._sqlite.execute("ROLLBACK")
                raise

    @contextmanager
    def _telling(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError, MasterKeyError) as error:
            raise KeyStoreUnavailable(f"{self.path}: {error}") from error
