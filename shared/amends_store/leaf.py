"""The leaf hash of an event, as the SQL function `leaf_hash` computes it when the event is appended."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from struct import Struct
from typing import Final
from uuid import UUID

from amends_store.records import StoredEvent

_HEAD: Final = Struct(">q16si16s")
_VERSION_AND_TIMES: Final = Struct(">iqq")
_LENGTH: Final = Struct(">i")
_NULL: Final = _LENGTH.pack(-1)
# PostgreSQL counts microseconds from here.
_EPOCH: Final = datetime(2000, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


def leaf_bytes(event: StoredEvent) -> bytes:
    """The bytes that are hashed: every field but the hash itself, big-endian, in the order of the table."""
    return b"".join(
        (
            _HEAD.pack(event.position, event.stream_id.bytes, event.version, event.id.bytes),
            _framed(event.type.encode()),
            _VERSION_AND_TIMES.pack(
                event.schema_version,
                (event.occurred_at - _EPOCH) // _MICROSECOND,
                (event.recorded_at - _EPOCH) // _MICROSECOND,
            ),
            _framed(event.tenant.encode()),
            _framed(event.actor.encode()),
            _framed_id(event.correlation_id),
            _framed_id(event.causation_id),
            _framed(event.policy_hash),
            _framed(event.data.encode()),
            _framed(event.sealed),
            _framed_id(event.key_id),
        )
    )


def leaf_hash(event: StoredEvent) -> bytes:
    """SHA-256 of 0x00 and the leaf's bytes, 32 bytes. Source: RFC 9162, 2.1.1."""
    return hashlib.sha256(b"\x00" + leaf_bytes(event)).digest()


def _framed(value: bytes | None) -> bytes:
    return _NULL if value is None else _LENGTH.pack(len(value)) + value


def _framed_id(value: UUID | None) -> bytes:
    return _framed(None if value is None else value.bytes)
