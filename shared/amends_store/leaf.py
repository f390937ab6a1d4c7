"""The leaf hash of an event, as the SQL function `leaf_hash` computes it when the event is appended."""

from __future__ import annotations

from amends_store.records import StoredEvent


def leaf_bytes(event: StoredEvent) -> bytes:
    """The bytes that are hashed: every field but the hash itself, big-endian, in the order of the table."""
    raise NotImplementedError


def leaf_hash(event: StoredEvent) -> bytes:
    """SHA-256 of 0x00 and the leaf's bytes, 32 bytes. Source: RFC 9162, 2.1.1."""
    raise NotImplementedError
