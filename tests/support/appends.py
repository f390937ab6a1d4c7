"""Commands to append, as short as a test needs them."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID, uuid4

from amends_store.records import Append, DataKey, NewEvent, Receipt

OCCURRED_AT = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)


def an_event(type: str = "contact-recorded", data: bytes = b'{"direction":"inbound"}') -> NewEvent:  # noqa: A002
    return NewEvent(uuid4(), type, 1, OCCURRED_AT, None, data, None, None)


def a_command(
    stream_id: UUID | None = None,
    *,
    after: int = 0,
    events: int = 1,
    data: bytes = b'{"direction":"inbound"}',
    receipt: Receipt | None = None,
    data_key: DataKey | None = None,
) -> Append:
    """`events` events for a stream that is at version `after`; a new stream if none is named."""
    return Append(
        tenant="default",
        stream_id=stream_id or uuid4(),
        expected_version=after,
        actor="agent-7",
        correlation_id=uuid4(),
        causation_id=None,
        events=tuple(an_event(data=data) for _ in range(events)),
        receipt=receipt,
        data_key=data_key,
    )


def a_receipt(key: str, *, body: bytes = b"body", answer: bytes = b"{}", principal: str = "agent-7") -> Receipt:
    """What a request with `body` leaves."""
    return Receipt(principal, key, body.ljust(32, b"."), answer)
