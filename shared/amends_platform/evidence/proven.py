"""An event with the proof that it is in the log, as a line of JSON that can be made from its leaf alone."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import Any, NamedTuple

import orjson

from amends_store.leaf import BadLeaf, event_of, leaf_bytes
from amends_store.records import StoredEvent


class ProvenEvent(NamedTuple):
    """`proof`: the inclusion proof of the event in the tree of the bundle's checkpoint."""

    event: StoredEvent
    proof: tuple[bytes, ...]


class BadLine(Exception):
    """A line of a bundle's events does not say what its leaf says."""


def line_of(proven: ProvenEvent) -> bytes:
    """The event as a line: all its fields, then the leaf's bytes, their hash and the proof in base64."""
    event = proven.event
    return orjson.dumps(
        {
            "position": event.position,
            "case_id": str(event.stream_id),
            "version": event.version,
            "id": str(event.id),
            "type": event.type,
            "schema_version": event.schema_version,
            "occurred_at": event.occurred_at.isoformat(),
            "recorded_at": event.recorded_at.isoformat(),
            "tenant": event.tenant,
            "actor": event.actor,
            "correlation_id": str(event.correlation_id),
            "causation_id": None if event.causation_id is None else str(event.causation_id),
            "policy_hash": None if event.policy_hash is None else event.policy_hash.hex(),
            "data": orjson.loads(event.data),
            "sealed": None if event.sealed is None else _base64(event.sealed),
            "key_id": None if event.key_id is None else str(event.key_id),
            "leaf": _base64(leaf_bytes(event)),
            "leaf_hash": _base64(event.leaf_hash),
            "proof": [_base64(each) for each in proven.proof],
        },
        option=orjson.OPT_APPEND_NEWLINE,
    )


def lines_of(events: Sequence[ProvenEvent]) -> bytes:
    """All events, a line each."""
    return b"".join(map(line_of, events))


def read_line(line: bytes) -> ProvenEvent:
    """The event of a line, taken from its leaf; every field must say the same. Raises BadLine."""
    try:
        told: dict[str, Any] = orjson.loads(line)
        proven = ProvenEvent(event_of(_bytes(told["leaf"])), tuple(_bytes(each) for each in told["proof"]))
        again = line_of(proven)
    except BadLeaf as error:
        raise BadLine(str(error)) from error
    except (ValueError, KeyError, TypeError, AttributeError, binascii.Error) as error:
        raise BadLine(f"The line cannot be read: {error}") from error
    if again != line:
        differing = [name for name, value in orjson.loads(again).items() if name not in told or told[name] != value]
        raise BadLine(f"The line does not say what its leaf says: {', '.join(differing) or 'it is written otherwise'}.")
    return proven


def _base64(value: bytes) -> str:
    return base64.b64encode(value).decode()


def _bytes(text: str) -> bytes:
    return base64.b64decode(text, validate=True)
