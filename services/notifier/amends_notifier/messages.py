"""From an event, and its case just after it, to the message that tells of it. Nothing personal is ever in one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

import orjson

from amends_domain.case import Case
from amends_domain.events import (
    ActionTaken,
    ApologyGiven,
    CallbackAgreed,
    CallbackMade,
    CaseReopened,
    ComplaintReceived,
    ComplaintWithdrawn,
    ContactAttempted,
    ContactRecorded,
    CustomerConfirmed,
    CustomerDeclined,
    DeadlineBreached,
    Event,
    FollowedUp,
    FollowUpFailed,
    InvestigationCompleted,
    OwnerAssigned,
    ProposalApproved,
    ProposalRejected,
    ReminderIssued,
    ResolutionProposed,
    ReviewRecorded,
)
from amends_domain.reference import reference_of
from amends_store.records import StoredEvent

CONTENT_TYPE: Final = "application/json"

# What each type says beyond what every message says. A field gets out only by standing here: never one that is
# sealed, nor a customer's or another system's key, nor the staff that a complaint names.
ADDED: Final[Mapping[type[Event], tuple[str, ...]]] = {
    ComplaintReceived: (
        "channel",
        "kind",
        "type",
        "cause",
        "product",
        "severity",
        "desired_outcomes",
        "flags",
        "reply_by",
        "historical",
    ),
    ApologyGiven: ("by_channel",),
    InvestigationCompleted: ("cause", "at_fault"),
    ResolutionProposed: ("kind", "amount", "currency", "approval_by"),
    ProposalApproved: (),
    ProposalRejected: (),
    CustomerConfirmed: ("by_channel",),
    CustomerDeclined: ("by_channel",),
    FollowedUp: ("satisfaction",),
    FollowUpFailed: ("satisfaction",),
    ReviewRecorded: (),
    ComplaintWithdrawn: ("by_channel",),
    CaseReopened: ("reason", "cycle"),
    CallbackMade: ("channel",),
    ContactAttempted: ("channel",),
    ContactRecorded: ("direction", "channel", "reached", "reason_explained"),
    CallbackAgreed: ("at", "extension"),
    OwnerAssigned: ("previous_owner",),
    ActionTaken: ("action",),
    ReminderIssued: ("generation", "step", "warning", "fell_due_at", "late_by_ms"),
    DeadlineBreached: ("generation", "late_by_ms"),
}

# Subjects of their own, for those who only want to be alarmed. All other types go to `event.{type}`.
ALERTS: Final[Mapping[type[Event], str]] = {ReminderIssued: "reminder", DeadlineBreached: "breach"}

_UNSAFE_IN_TOKEN: Final = re.compile(r"[^A-Za-z0-9_-]")


class Message(NamedTuple):
    """What is published. `headers` are CloudEvents 1.0 attributes in binary mode, and NATS's own.

    `recorded_at`, when the log took the event, is for measuring how long the message was on its way.
    """

    subject: str
    headers: dict[str, str]
    payload: bytes
    recorded_at: datetime


def message_of(row: StoredEvent, event: Event, case: Case) -> Message:
    """The message of `event`, which `row` holds; `case` is the state that this very event led to."""
    return Message(subject_of(row.tenant, event), _headers(row, case), _payload(row, event, case), row.recorded_at)


def subject_of(tenant: str, event: Event) -> str:
    """Where a message of this event goes."""
    if isinstance(event, ReminderIssued | DeadlineBreached):
        kind, name = ALERTS[type(event)], event.clock
    else:
        kind, name = "event", event.TYPE
    return f"amends.v1.{_token(tenant)}.{kind}.{_token(name)}"


def _headers(row: StoredEvent, case: Case) -> dict[str, str]:
    event_id = str(row.id)
    return {
        "Nats-Msg-Id": event_id,
        "ce-specversion": "1.0",
        "ce-id": event_id,
        "ce-source": f"/amends/{_token(row.tenant)}",
        "ce-type": row.type,
        "ce-subject": str(case.id),
        "ce-time": _rfc3339(row.occurred_at),
        "ce-datacontenttype": CONTENT_TYPE,
        "content-type": CONTENT_TYPE,
        # Source: W3C Trace Context. All messages that one request caused share its trace.
        "traceparent": f"00-{row.correlation_id.hex}-{row.id.hex[16:]}-01",
    }


def _payload(row: StoredEvent, event: Event, case: Case) -> bytes:
    said: dict[str, Any] = {
        "case_id": str(case.id),
        "reference": reference_of(case.first_position),
        "branch": case.branch,
        "owner": case.owner,
        "grade": case.grade,
        "state": case.status,
        "clock": getattr(event, "clock", None),
        "due_at": getattr(event, "due_at", None),
        "position": row.position,
        "version": row.version,
        "occurred_at": row.occurred_at,
    }
    values = event.__dict__
    for name in ADDED[type(event)]:
        said[name] = values[name]
    return orjson.dumps(said, option=orjson.OPT_UTC_Z)


def _token(text: str) -> str:
    """The text as one token of a subject. Policies and settings refuse what would need escaping; a log may not."""
    return _UNSAFE_IN_TOKEN.sub(lambda found: "".join(f"%{byte:02X}" for byte in found[0].encode()), text)


def _rfc3339(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().removesuffix("+00:00") + "Z"
