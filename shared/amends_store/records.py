"""What goes into the log and what comes out of it. All times are aware datetimes in UTC."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID


@dataclass(frozen=True, slots=True)
class NewEvent:
    """An event to append. `data` is its exact JSON in UTF-8; `policy_hash` is 32 bytes."""

    id: UUID
    type: str
    schema_version: int
    occurred_at: datetime
    policy_hash: bytes | None
    data: bytes
    sealed: bytes | None
    key_id: UUID | None


@dataclass(frozen=True, slots=True)
class Receipt:
    """Makes a command idempotent: `answer`, opaque to the store, is kept for whoever repeats it."""

    principal: str
    key: str
    request_hash: bytes
    answer: bytes


@dataclass(frozen=True, slots=True)
class DataKey:
    """Which data key is the customer's; the key itself is kept elsewhere. Sent again, it changes nothing."""

    key_id: UUID
    customer_ref: str


@dataclass(frozen=True, slots=True)
class Append:
    """The events of one command: all are recorded in a row, or none. `expected_version` 0: a new stream."""

    tenant: str
    stream_id: UUID
    expected_version: int
    actor: str
    correlation_id: UUID
    causation_id: UUID | None
    events: tuple[NewEvent, ...]
    receipt: Receipt | None
    data_key: DataKey | None


@dataclass(frozen=True, slots=True)
class Appended:
    """Durably recorded. `version` is the stream's after the last event."""

    first_position: int
    last_position: int
    version: int
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class Replayed:
    """The same principal sent the same key and request before; nothing was recorded now."""

    stream_id: UUID
    first_position: int
    last_position: int
    version: int
    answer: bytes


@dataclass(frozen=True, slots=True)
class KeyReused:
    """The same principal used this idempotency key for another request."""


@dataclass(frozen=True, slots=True)
class VersionConflict:
    """The stream is not at the expected version. `actual_version` 0: there is no such stream."""

    actual_version: int


@dataclass(frozen=True, slots=True)
class DataKeyConflict:
    """The customer already has another data key: seal with this one and append again.

    None: the key was erased, and the customer has none now. Seal with a new one.
    """

    key_id: UUID | None


Verdict = Appended | Replayed | KeyReused | VersionConflict | DataKeyConflict


@dataclass(frozen=True, slots=True)
class StoredReceipt:
    """A receipt as kept: the hash of the request, and what `Replayed` tells."""

    request_hash: bytes
    stream_id: UUID
    first_position: int
    last_position: int
    version: int
    answer: bytes
    recorded_at: datetime


class StoredEvent(NamedTuple):
    """An event of the log. `position` counts all events, `version` those of its stream, both from 1."""

    position: int
    stream_id: UUID
    version: int
    id: UUID
    type: str
    schema_version: int
    occurred_at: datetime
    recorded_at: datetime
    tenant: str
    actor: str
    correlation_id: UUID
    causation_id: UUID | None
    policy_hash: bytes | None
    data: str
    sealed: bytes | None
    key_id: UUID | None
    leaf_hash: bytes
