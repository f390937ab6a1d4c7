"""The leaf of an event and its hash, as the SQL function `leaf_hash` computes it when the event is appended.

docs/evidence.md defines the leaf for those who read it with other tools.
"""

from __future__ import annotations

import hashlib
import struct
from datetime import UTC, datetime, timedelta
from struct import Struct
from typing import Any, Final
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


class BadLeaf(ValueError):
    """These bytes are not those of a leaf."""


def event_of(leaf: bytes) -> StoredEvent:
    """The event whose `leaf_bytes` these are, with their hash. Raises BadLeaf."""
    try:
        event = _read(_Reading(leaf))
        is_exact = leaf_bytes(event) == leaf
    except (struct.error, ValueError, OverflowError) as error:
        raise BadLeaf(f"The leaf cannot be read: {error}.") from error
    # Read and written again, so that nothing is passed over: neither a byte after the end nor a length that lies.
    if not is_exact:
        raise BadLeaf("The leaf is not written as a leaf is.")
    return event._replace(leaf_hash=leaf_hash(event))


def _read(leaf: _Reading) -> StoredEvent:
    position, stream_id, version, event_id = leaf.fields(_HEAD)
    event_type = leaf.text()
    schema_version, occurred_at, recorded_at = leaf.fields(_VERSION_AND_TIMES)
    return StoredEvent(
        position=position,
        stream_id=UUID(bytes=stream_id),
        version=version,
        id=UUID(bytes=event_id),
        type=event_type,
        schema_version=schema_version,
        occurred_at=_EPOCH + occurred_at * _MICROSECOND,
        recorded_at=_EPOCH + recorded_at * _MICROSECOND,
        tenant=leaf.text(),
        actor=leaf.text(),
        correlation_id=_id(leaf.required()),
        causation_id=None if (causation_id := leaf.framed()) is None else _id(causation_id),
        policy_hash=leaf.framed(),
        data=leaf.text(),
        sealed=leaf.framed(),
        key_id=None if (key_id := leaf.framed()) is None else _id(key_id),
        leaf_hash=b"",
    )


class _Reading:
    """Bytes being taken from the front."""

    def __init__(self, value: bytes) -> None:
        self._value = value
        self._at = 0

    def fields(self, layout: Struct) -> tuple[Any, ...]:
        taken = layout.unpack_from(self._value, self._at)
        self._at += layout.size
        return taken

    def framed(self) -> bytes | None:
        (length,) = self.fields(_LENGTH)
        if length < 0:
            return None
        start = self._at
        self._at += length
        return self._value[start : self._at]

    def required(self) -> bytes:
        value = self.framed()
        if value is None:
            raise BadLeaf("a field that is always there is missing")
        return value

    def text(self) -> str:
        return self.required().decode()


def _id(value: bytes) -> UUID:
    return UUID(bytes=value)
