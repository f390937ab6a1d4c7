"""What a webhook's body says: {"type", "timestamp", "data"}, as Standard Webhooks recommends it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import NamedTuple
from uuid import uuid4

import orjson

from amends_platform.telemetry.traceparent import TRACEPARENT

PING = "ping"


class Outgoing(NamedTuple):
    """What is to be sent. `id` stays the same in every attempt and every replay.

    `traceparent` is the message's: there a trace goes on.
    """

    id: str
    body: bytes
    traceparent: str | None = None


def envelope_of(headers: Mapping[str, str], payload: bytes) -> Outgoing:
    """The envelope of a message of the stream: its payload, byte for byte, is the data."""
    said = {"type": headers["ce-type"], "timestamp": headers["ce-time"], "data": orjson.Fragment(payload)}
    traceparent = headers.get("traceparent", "")
    return Outgoing(headers["ce-id"], orjson.dumps(said), traceparent if TRACEPARENT.fullmatch(traceparent) else None)


def a_ping(endpoint: str) -> Outgoing:
    """What `amends webhooks test` sends."""
    now = datetime.now(UTC)
    said = {"type": PING, "timestamp": now, "data": {"endpoint": endpoint}}
    return Outgoing(str(uuid4()), orjson.dumps(said, option=orjson.OPT_UTC_Z))
