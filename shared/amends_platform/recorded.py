"""Between the domain's events and the store's rows."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

import orjson

from amends_domain.event_codec import decode, encode
from amends_domain.events import Event, Recorded
from amends_platform.ids import uuid7
from amends_platform.sealing import CustomerKey
from amends_store.records import NewEvent, StoredEvent


def new_event(event: Event, occurred_at: datetime, policy: str, key: CustomerKey | None) -> NewEvent:
    """The row of a decided event: clear data as JSON, personal data sealed under the customer's key. None: it has
    no personal data."""
    clear, personal = encode(event)
    event_id = uuid7()
    sealed = None
    if personal:
        assert key is not None, f"{event.TYPE} holds personal data, which is never recorded in the clear"
        sealed = key.seal(event_id, orjson.dumps(personal))
    return NewEvent(
        id=event_id,
        type=event.TYPE,
        schema_version=event.SCHEMA_VERSION,
        occurred_at=occurred_at,
        policy_hash=bytes.fromhex(policy),
        data=orjson.dumps(clear),
        sealed=sealed,
        key_id=None if sealed is None or key is None else key.key_id,
    )


def recorded(row: StoredEvent) -> Recorded:
    """A row of the log as the domain reads it, personal data left sealed. Raises UnknownEventType."""
    return Recorded(
        row.position,
        row.version,
        decode(row.type, orjson.loads(row.data)),
        row.occurred_at,
        row.recorded_at,
        None if row.policy_hash is None else row.policy_hash.hex(),
        row.actor,
    )


def all_recorded(rows: Iterable[StoredEvent]) -> list[Recorded]:
    """`recorded` for each."""
    return [recorded(row) for row in rows]


def personal_data(row: StoredEvent, keys: dict[UUID, CustomerKey]) -> dict[str, object]:
    """The unsealed part of a row: empty when nothing was sealed, or its key is gone. Raises CannotUnseal."""
    if row.sealed is None or row.key_id is None or row.key_id not in keys:
        return {}
    plain: dict[str, object] = orjson.loads(keys[row.key_id].unseal(row.id, row.sealed))
    return plain
