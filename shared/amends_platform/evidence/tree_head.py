"""What a checkpoint says of the log, as text to be signed, and the checkpoints that were signed. Source: C2SP
tlog-checkpoint.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple

from amends_platform.evidence.notes import BadNote, decoded
from amends_store.merkle import HASH_BYTES
from amends_store.read import Executor
from amends_store.statements import statement

_LATEST: Final = statement("latest_signed_checkpoint")
_SO_FAR: Final = statement("signed_so_far")
_OF_SIZE: Final = statement("signed_checkpoint_of")
_AFTER: Final = statement("signed_checkpoints_after")
_AT_OR_AFTER: Final = statement("signed_checkpoint_at_or_after")

_SIZE: Final = re.compile(r"0|[1-9][0-9]{0,18}")


@dataclass(frozen=True, slots=True)
class TreeHead:
    """The log `origin` had this many events, whose hashes have this root."""

    origin: str
    tree_size: int
    root_hash: bytes

    def text(self) -> str:
        """Three lines: the origin, the size, the root in base64."""
        return f"{self.origin}\n{self.tree_size}\n{base64.b64encode(self.root_hash).decode()}\n"


class SignedCheckpoint(NamedTuple):
    """A tree head that was signed; `note` is the signed note, whose text says the same."""

    tree_size: int
    root_hash: bytes
    signed_at: datetime
    note: str


class SignedSoFar(NamedTuple):
    """How much of the log is covered by the newest checkpoint, and how old that is; None while there is none.

    `waiting_seconds`: since when the first event that it does not cover was recorded; None when it covers all.
    """

    events: int
    signed_events: int
    age_seconds: float | None
    waiting_seconds: float | None


def parse(text: str) -> TreeHead:
    """The tree head that `TreeHead.text` gave this text. Raises BadNote, for extension lines too: we write none."""
    lines = text.split("\n")
    if len(lines) != 4 or lines[3]:
        raise BadNote("A checkpoint has three lines: origin, size and root.")
    origin, size, root = lines[:3]
    if not origin:
        raise BadNote("The checkpoint does not say of which log it is.")
    if not _SIZE.fullmatch(size):
        raise BadNote("The checkpoint's size is no number.")
    root_hash = decoded(root)
    if len(root_hash) != HASH_BYTES:
        raise BadNote(f"The checkpoint's root has {len(root_hash)} bytes, not {HASH_BYTES}.")
    return TreeHead(origin, int(size), root_hash)


def head_of(note: str) -> TreeHead:
    """What a signed checkpoint says, whoever signed it: nothing is verified. Raises BadNote."""
    return parse(note.partition("\n\n")[0] + "\n")


async def latest_checkpoint(conn: Executor) -> SignedCheckpoint | None:
    """The newest one, None while none was signed. Raises asyncpg's errors."""
    return _signed(await conn.fetchrow(_LATEST))


async def checkpoint_of(conn: Executor, tree_size: int) -> SignedCheckpoint | None:
    """The one of exactly so many events, None when none was signed at this size. Raises asyncpg's errors."""
    return _signed(await conn.fetchrow(_OF_SIZE, tree_size))


async def checkpoint_at_or_after(conn: Executor, position: int) -> SignedCheckpoint | None:
    """The oldest one that covers the event at `position`, None while none does. Raises asyncpg's errors."""
    return _signed(await conn.fetchrow(_AT_OR_AFTER, position))


async def checkpoints_after(conn: Executor, tree_size: int, limit: int) -> list[SignedCheckpoint]:
    """At most `limit` of more events than these, the oldest first. Raises asyncpg's errors."""
    return [SignedCheckpoint._make(row) for row in await conn.fetch(_AFTER, tree_size, limit)]


async def signed_so_far(conn: Executor) -> SignedSoFar:
    """For whoever watches. Raises asyncpg's errors."""
    return SignedSoFar._make(await conn.fetchrow(_SO_FAR))


def _signed(row: tuple[int, bytes, datetime, str] | None) -> SignedCheckpoint | None:
    return None if row is None else SignedCheckpoint._make(row)
