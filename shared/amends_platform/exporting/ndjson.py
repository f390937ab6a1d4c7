"""NDJSON: every event a line, with all its fields, in the order of the log."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

import orjson

from amends_domain.reference import reference_of
from amends_platform.exporting.counting import Counted, OnProgress, Out
from amends_platform.exporting.extract import Entry, Extract


async def write_ndjson(extract: Extract, out: Out, on_progress: OnProgress) -> Counted:
    """Write a line an event. Raises CannotUnseal."""
    count = 0
    async for entries in extract.in_order():
        out.write(b"".join(line_of(entry, personal=extract.personal) for entry in entries))
        count += len(entries)
        on_progress("events", count, extract.scope.events_max)
    return Counted(count)


def line_of(entry: Entry, *, personal: bool) -> bytes:
    """One event as JSON in one line. `personal` is null where its key is gone; without `personal` it is left out."""
    event, begun = entry.event, entry.begun
    told: dict[str, Any] = {
        "position": event.position,
        "case_id": str(event.stream_id),
        "reference": reference_of(begun.position),
        "customer_ref": begun.customer_ref,
        "branch": begun.branch,
        "version": event.version,
        "id": str(event.id),
        "type": event.type,
        "schema_version": event.schema_version,
        "occurred_at": event.occurred_at,
        "recorded_at": event.recorded_at,
        "tenant": event.tenant,
        "actor": event.actor,
        "correlation_id": str(event.correlation_id),
        "causation_id": None if event.causation_id is None else str(event.causation_id),
        "policy_hash": None if event.policy_hash is None else event.policy_hash.hex(),
        # As it was hashed, but for line breaks between its values: there are none, unless somebody put them there.
        "data": orjson.Fragment(event.data.replace("\n", " ").replace("\r", " ")),
        "leaf_hash": b64encode(event.leaf_hash).decode(),
    }
    if personal:
        told["personal"] = entry.personal
    return orjson.dumps(told, option=orjson.OPT_UTC_Z | orjson.OPT_APPEND_NEWLINE)
