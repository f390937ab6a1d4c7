"""From a signed checkpoint of the log to the message that tells of it."""

from __future__ import annotations

import base64
from datetime import datetime
from typing import Final
from uuid import UUID, uuid5

from pydantic import BaseModel, ConfigDict, Field

from amends_notifier.messages import CONTENT_TYPE, Message, rfc3339, token
from amends_platform.evidence.notes import BadNote
from amends_platform.evidence.tree_head import SignedCheckpoint, head_of

CHECKPOINT_SIGNED: Final = "checkpoint-signed"

# Made once, at random: of this and what was signed the message's id is made.
_NAMESPACE: Final = UUID("6fe11d8b-53c4-4c0a-9c0e-1f8a6d8c2b57")


class CheckpointPayload(BaseModel):
    """What the message says."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    origin: str = Field(description="the log's name")
    tree_size: int = Field(ge=1, description="how many events the log had")
    root_hash: str = Field(description="the root of the Merkle tree over them (RFC 9162), in base64")
    signed_at: datetime
    note: str = Field(description="the signed checkpoint itself, a C2SP signed note: keep it whole")


def payload_of(signed: SignedCheckpoint) -> CheckpointPayload:
    """Raises BadNote, also where the note does not say what stands beside it."""
    said = head_of(signed.note)
    if (said.tree_size, said.root_hash) != (signed.tree_size, signed.root_hash):
        raise BadNote(f"The note is one of {said.tree_size} events, or of another root.")
    return CheckpointPayload(
        origin=said.origin,
        tree_size=signed.tree_size,
        root_hash=base64.b64encode(signed.root_hash).decode(),
        signed_at=signed.signed_at,
        note=signed.note,
    )


def checkpoint_message(tenant: str, signed: SignedCheckpoint) -> Message:
    """The message of this checkpoint, the same whenever it is made. Raises BadNote."""
    payload = payload_of(signed)
    message_id = uuid5(_NAMESPACE, head_of(signed.note).text())
    headers = {
        "Nats-Msg-Id": str(message_id),
        "ce-specversion": "1.0",
        "ce-id": str(message_id),
        "ce-source": f"/amends/{token(tenant)}",
        "ce-type": CHECKPOINT_SIGNED,
        "ce-subject": payload.origin,
        "ce-time": rfc3339(signed.signed_at),
        "ce-datacontenttype": CONTENT_TYPE,
        "content-type": CONTENT_TYPE,
        "traceparent": f"00-{message_id.hex}-{message_id.hex[16:]}-01",
    }
    subject = f"amends.v1.{token(tenant)}.audit.checkpoint"
    return Message(subject, headers, payload.model_dump_json().encode(), signed.signed_at)
