"""How far a verification came, and what it had established there: enough to go on after an interruption.

Kept in SQLite: in a file where one is asked for, else in a temporary one that goes to the disk only as it grows. The
streams of a long log are more than memory should have to hold.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from amends_platform.failures import WrongUsage
from amends_platform.verifying.faults import Fault, out_of_turn
from amends_platform.verifying.reading import Seen
from amends_platform.verifying.tower import Tower

# Of SQLite files that are ours; another's is never written to.
_APPLICATION: Final = 0x416D7631
_TABLES: Final = """
    CREATE TABLE standing (one INTEGER PRIMARY KEY CHECK (one = 1), inputs TEXT, noted_at TEXT, document TEXT);
    CREATE TABLE streams (id BLOB PRIMARY KEY, version INTEGER NOT NULL) WITHOUT ROWID;
"""
_BEGIN: Final = "INSERT OR IGNORE INTO streams VALUES (?, ?)"
_GO_ON: Final = "UPDATE streams SET version = ? WHERE id = ? AND version = ?"
_CACHE_KIB: Final = 65_536


@dataclass
class Standing:
    """What is established of the log up to `position`.

    `recorded_at` and `last_hash` are of the event there. `vouched`: the size of the last checkpoint that held, of the
    `checkpoints` that were looked at; `refuted` did not hold. `doubts`: what is wrong with those since then.
    `policies`: those that events were judged by, by hash the position of the first.
    """

    position: int = 0
    recorded_at: int | None = None
    last_hash: bytes | None = None
    streams: int = 0
    vouched: int = 0
    checkpoints: int = 0
    refuted: int = 0
    doubts: list[str] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    policies: dict[str, int] = field(default_factory=dict)
    tower: Tower = field(default_factory=Tower)


class Notebook:
    """Remembers a standing, and the last version of every stream."""

    def __init__(self, file: sqlite3.Connection, inputs: str) -> None:
        """`inputs`: what is compared with the log. Notes that were made with others are void."""
        self._file = file
        self._inputs = inputs
        self.standing = Standing()
        self.noted_at: datetime | None = None
        row = file.execute("SELECT inputs, noted_at, document FROM standing").fetchone()
        if row is not None and row[0] == inputs:
            self.noted_at, self.standing = datetime.fromisoformat(row[1]), _from_json(row[2])
        else:
            file.execute("DELETE FROM streams")

    def follow(self, streams: Mapping[bytes, Seen]) -> list[Fault]:
        """The next range has these. Tells of each whose first event there does not follow its last before."""
        # In the order they are kept in, they are found several times faster.
        ordered = sorted(streams.items())
        begun = [(stream, last) for stream, (_, version, last) in ordered if version == 1]
        gone_on = [(last, stream, version - 1) for stream, (_, version, last) in ordered if version != 1]
        if not self._file.in_transaction:
            # Else the savepoint would be a transaction, and kept without the standing that goes with it.
            self._file.execute("BEGIN")
        self._file.execute("SAVEPOINT before")
        kept = self._file.executemany(_BEGIN, begun).rowcount if begun else 0
        kept += self._file.executemany(_GO_ON, gone_on).rowcount if gone_on else 0
        if kept == len(ordered):
            self._file.execute("RELEASE before")
            self.standing.streams += len(begun)
            return []
        self._file.execute("ROLLBACK TO before")
        return list(self._follow_each(streams))

    def _follow_each(self, streams: Mapping[bytes, Seen]) -> Iterator[Fault]:
        for stream, (position, version, last) in streams.items():
            row = self._file.execute("SELECT version FROM streams WHERE id = ?", (stream,)).fetchone()
            before = 0 if row is None else row[0]
            self.standing.streams += row is None
            if version != before + 1:
                yield out_of_turn(position, version, before)
            self._file.execute("INSERT OR REPLACE INTO streams VALUES (?, ?)", (stream, last))

    def note(self) -> None:
        """From here on it can be gone on with. What was not noted is as if it had not been looked at."""
        values = self._inputs, datetime.now(UTC).isoformat(), _to_json(self.standing)
        self._file.execute("INSERT OR REPLACE INTO standing VALUES (1, ?, ?, ?)", values)
        self._file.commit()


@contextmanager
def open_notebook(path: Path | None, inputs: str) -> Iterator[Notebook]:
    """The notebook in the file, which is made and, when all went well, removed. Raises WrongUsage."""
    try:
        file = sqlite3.connect("" if path is None else path, timeout=1.0)
    except sqlite3.Error as error:
        raise WrongUsage(f"{path} cannot be used to go on from: {error}") from error
    try:
        try:
            _prepare(file)
            notebook = Notebook(file, inputs)
        except (sqlite3.Error, ValueError, KeyError, TypeError) as error:
            raise WrongUsage(f"{path} cannot be used to go on from: {error}") from error
        yield notebook
        if path is not None:
            with suppress(FileNotFoundError):
                path.unlink()
    finally:
        file.close()


def _prepare(file: sqlite3.Connection) -> None:
    # Held until we close: two that go on from the same notes would spoil them.
    file.execute("PRAGMA locking_mode = EXCLUSIVE")
    file.execute("PRAGMA synchronous = NORMAL")
    file.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
    file.execute("BEGIN IMMEDIATE")
    if file.execute("SELECT count(*) FROM sqlite_schema").fetchone() == (0,):
        file.execute(f"PRAGMA application_id = {_APPLICATION}")
        file.executescript(_TABLES)
    elif file.execute("PRAGMA application_id").fetchone() != (_APPLICATION,):
        raise sqlite3.DatabaseError("it is another program's database")
    file.commit()


def _to_json(standing: Standing) -> str:
    document = {
        **vars(standing),
        "last_hash": None if standing.last_hash is None else standing.last_hash.hex(),
        "tower": standing.tower.to_json(),
    }
    return json.dumps(document)


def _from_json(text: str) -> Standing:
    document = json.loads(text)
    document["last_hash"] = None if document["last_hash"] is None else bytes.fromhex(document["last_hash"])
    document["faults"] = [Fault(*fault) for fault in document["faults"]]
    document["tower"] = Tower.from_json(document["tower"])
    return Standing(**document)
