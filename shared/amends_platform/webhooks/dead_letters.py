"""Messages that an endpoint never took: a stream of their own, in which each waits to be replayed."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from nats.js import JetStreamContext
from nats.js.api import RawStreamMsg, StorageType, StreamConfig
from nats.js.errors import NotFoundError

STREAM: Final = "AMENDS_DEAD_LETTERS"
SUBJECTS: Final = ("amends.dead.v1.>",)
DUPLICATE_WINDOW_SECONDS: Final = 600
_ACK_SECONDS_MAX: Final = 10.0
_REASON_LENGTH_MAX: Final = 300
_UNPRINTABLE: Final = re.compile(r"[^ -~]+")

# Headers of a dead letter beyond those of the message itself.
ENDPOINT, REASON, ATTEMPTS = "Amends-Endpoint", "Amends-Reason", "Amends-Attempts"
SUBJECT, SEQUENCE = "Amends-Subject", "Amends-Sequence"


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message that was not taken. `sequence`: in the stream of dead letters; `original_sequence`: in AMENDS."""

    sequence: int
    endpoint: str
    reason: str
    attempts: int
    died_at: datetime
    original_subject: str
    original_sequence: int
    headers: Mapping[str, str]
    payload: bytes

    @property
    def id(self) -> str:
        """What the receiver knows it by."""
        return self.headers.get("ce-id", "")

    @property
    def type(self) -> str:
        return self.headers.get("ce-type", "")


def subject_of(tenant: str, endpoint: str) -> str:
    return f"amends.dead.v1.{tenant}.{endpoint}"


async def ensure_dead_letters(js: JetStreamContext, replicas: int) -> None:
    """Make the stream unless there is one. Raises nats.errors.Error."""
    try:
        await js.stream_info(STREAM)
    except NotFoundError:
        await js.add_stream(
            StreamConfig(
                name=STREAM,
                description="Messages that a webhook's endpoint never took",
                subjects=list(SUBJECTS),
                storage=StorageType.FILE,
                num_replicas=replicas,
                duplicate_window=DUPLICATE_WINDOW_SECONDS,
            )
        )


async def bury(
    js: JetStreamContext,
    tenant: str,
    endpoint: str,
    *,
    payload: bytes,
    headers: Mapping[str, str],
    subject: str,
    sequence: int,
    attempts: int,
    reason: str,
) -> None:
    """Return once the dead letter of this message is stored. Raises nats.errors.Error, OSError."""
    own = {
        # Who dies between this and the acknowledgement of the message buries it once more, and that is dropped.
        "Nats-Msg-Id": f"{endpoint}/{sequence}/{headers.get('ce-id', '')}",
        ENDPOINT: endpoint,
        REASON: _UNPRINTABLE.sub(" ", reason)[:_REASON_LENGTH_MAX],
        ATTEMPTS: str(attempts),
        SUBJECT: subject,
        SEQUENCE: str(sequence),
    }
    kept = {name: value for name, value in headers.items() if not name.lower().startswith("nats-")}
    await js.publish(
        subject_of(tenant, endpoint), payload, timeout=_ACK_SECONDS_MAX, stream=STREAM, headers={**kept, **own}
    )


async def dead_letters(js: JetStreamContext, tenant: str, endpoint: str | None) -> AsyncIterator[DeadLetter]:
    """Those of one endpoint, or of all, the oldest first. None when there is no stream. Raises nats.errors.Error."""
    filter_ = subject_of(tenant, endpoint or "*")
    sequence = 1
    while True:
        try:
            found = await js.get_msg(STREAM, sequence, subject=filter_, next=True)
        except NotFoundError:
            return
        letter = _letter(found)
        sequence = letter.sequence + 1
        yield letter


async def count_dead_letters(js: JetStreamContext, tenant: str) -> dict[str, int]:
    """How many each endpoint has. Raises nats.errors.Error."""
    before = subject_of(tenant, "")
    try:
        info = await js.stream_info(STREAM, subjects_filter=f"{before}*")
    except NotFoundError:
        return {}
    return {subject.removeprefix(before): int(count) for subject, count in (info.state.subjects or {}).items()}


async def forget(js: JetStreamContext, letter: DeadLetter) -> None:
    """It was taken after all. Raises nats.errors.Error."""
    await js.delete_msg(STREAM, letter.sequence)


def _letter(found: RawStreamMsg) -> DeadLetter:
    headers = found.headers or {}
    return DeadLetter(
        sequence=found.seq or 0,
        endpoint=headers.get(ENDPOINT) or (found.subject or "").rpartition(".")[2],
        reason=headers.get(REASON, ""),
        attempts=_number(headers.get(ATTEMPTS)),
        died_at=found.time or datetime.fromtimestamp(0, UTC),
        original_subject=headers.get(SUBJECT, ""),
        original_sequence=_number(headers.get(SEQUENCE)),
        headers=headers,
        payload=found.data or b"",
    )


def _number(text: str | None) -> int:
    return int(text) if text and text.isdecimal() else 0
