"""The log as COPY hands it out in its binary form, cut into the bytes that are hashed.

COPY frames a value as a leaf does (see amends_store.leaf): its length in four bytes, -1 for NULL, then its bytes,
big-endian. So a row is the leaf already, but for the frames of the fields of fixed size, which are asked for joined.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from struct import Struct
from typing import Final

from amends_store.statements import statement

COPIED_LOG: Final = statement("copied_log")
_FIELDS: Final = 12
# Those from tenant to key_id.
_FRAMED_FIELDS: Final = 8

_SIGNATURE: Final = b"PGCOPY\n\xff\r\n\0"
_HEADER_BYTES: Final = len(_SIGNATURE) + 8
_TRAILER: Final = b"\xff\xff"
_COUNT_BYTES: Final = 2

_FRAME: Final = Struct(">i")
# The number of fields, the joined head with its frame, and the frame of the type.
_START: Final = Struct(">2xiq16si16xi")
_HEAD_AT: Final = _COUNT_BYTES + _FRAME.size
_HEAD_BYTES: Final = 44
# The joined times and the stored hash, with their frames.
_TIMES: Final = Struct(">i12xq")
_TIMES_BYTES: Final = 20
_HASH: Final = Struct(">i32s")
_HASH_BYTES: Final = 32

# A plain tuple, since a million of them are made every few seconds.
Leaf = tuple[int, bytes, int, int, bytes, bytes]
"""Position, stream (its id's 16 bytes), version, when it was recorded (microseconds, as PostgreSQL counts them), the
hash of the fields, and the hash that is stored beside them."""


def leaves(messages: bytes) -> Iterator[Leaf | None]:
    """The rows of COPIED_LOG in some whole messages of COPY: each has one row, and asyncpg does not split them.

    None for a row that the schema does not allow: a field is NULL that cannot be, or its hash has not 32 bytes.
    """
    start_of, times_of, frame_of, hash_of = (
        _START.unpack_from,
        _TIMES.unpack_from,
        _FRAME.unpack_from,
        _HASH.unpack_from,
    )
    sha256 = hashlib.sha256
    # A row of NULLs is shorter than what is looked at before that is known.
    copied, end = messages + bytes(_START.size), len(messages)
    row = _HEADER_BYTES if copied.startswith(_SIGNATURE) else 0
    while row < end and not copied.startswith(_TRAILER, row):
        head_length, position, stream, version, type_length = start_of(copied, row)
        times = row + _START.size + type_length
        if head_length != _HEAD_BYTES or type_length < 0 or frame_of(copied, times)[0] != _TIMES_BYTES:
            row = _end_of(copied, row)
            yield None
            continue
        _, recorded_at = times_of(copied, times)
        at = times + _TIMES.size
        for _ in range(_FRAMED_FIELDS):
            (length,) = frame_of(copied, at)
            at += _FRAME.size + length if length > 0 else _FRAME.size
        hash_length, stored = hash_of(copied, at)
        if hash_length != _HASH_BYTES:
            row = _end_of(copied, row)
            yield None
            continue
        leaf = b"\0" + copied[row + _HEAD_AT : times] + copied[times + _FRAME.size : at]
        yield position, stream, version, recorded_at, sha256(leaf).digest(), stored
        row = at + _HASH.size


def _end_of(copied: bytes, row: int) -> int:
    at = row + _COUNT_BYTES
    for _ in range(_FIELDS):
        (length,) = _FRAME.unpack_from(copied, at)
        at += _FRAME.size + max(length, 0)
    return at
