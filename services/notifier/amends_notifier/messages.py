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
    AlertAcknowledged,
    ApologyGiven,
    CallbackAgreed,
    CallbackMade,
    CaseAbsorbed,
    CaseClassified,
    CaseEscalated,
    CaseLinked,
    CaseReopened,
    ChildrenActed,
    ClosedUnsatisfied,
    ComplaintReceived,
    ComplaintWithdrawn,
    ContactAttempted,
    ContactRecorded,
    CountermeasurePlanned,
    CustomerConfirmed,
    CustomerDeclined,
    DeadlineBreached,
    DeadlineExtended,
    DeadlineRetimed,
    EntryCorrected,
    ErasureRejected,
    ErasureRequested,
    Event,
    FlagsChanged,
    FollowedUp,
    FollowUpFailed,
    GradeRaised,
    HandOffAccepted,
    HandOffOffered,
    HandOffRefused,
    IncidentClosed,
    IncidentOpened,
    InvestigationCompleted,
    LegalHoldPlaced,
    LegalHoldReleased,
    LinkedToIncident,
    MergedInto,
    NoteAdded,
    OwnerAssigned,
    PersonalDataErased,
    PromiseKept,
    PromiseMade,
    ProposalApproved,
    ProposalRejected,
    Reclassified,
    ReminderIssued,
    ResolutionProposed,
    ReviewRecorded,
    UnsatisfiedClosureApproved,
    UnsatisfiedClosureRequested,
)
from amends_domain.reference import reference_of
from amends_store.records import StoredEvent

CONTENT_TYPE: Final = "application/json"

# What each type says beyond what every message says. A field gets out only by standing here: codes, numbers, times
# and roles, and the names of other cases. Never what is sealed, nor free text (the title of an incident, the reason of
# an erasure), nor a customer's or another system's key, nor the staff that a complaint names.
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
    CustomerConfirmed: ("by_channel", "on_the_spot"),
    CustomerDeclined: ("by_channel",),
    FollowedUp: ("satisfaction",),
    FollowUpFailed: ("satisfaction",),
    ReviewRecorded: (),
    ComplaintWithdrawn: ("by_channel",),
    CaseReopened: ("reason", "cycle"),
    UnsatisfiedClosureRequested: (),
    UnsatisfiedClosureApproved: ("role",),
    ClosedUnsatisfied: (),
    MergedInto: ("into", "into_reference"),
    CaseAbsorbed: ("case",),
    CallbackMade: ("channel",),
    ContactAttempted: ("channel",),
    ContactRecorded: ("direction", "channel", "reached", "reason_explained"),
    CallbackAgreed: ("at", "extension"),
    PromiseMade: ("number", "from_case"),
    PromiseKept: ("number",),
    OwnerAssigned: ("previous_owner",),
    HandOffOffered: ("to_department",),
    HandOffAccepted: ("previous_owner",),
    HandOffRefused: (),
    ActionTaken: ("action", "number"),
    CountermeasurePlanned: ("number",),
    CaseClassified: ("type", "cause", "product", "severity", "desired_outcomes"),
    GradeRaised: ("previous_grade", "by_rule"),
    Reclassified: ("kind", "previous_kind", "broken_promise", "late_by_ms"),
    FlagsChanged: ("added", "removed", "earlier_case", "late_by_ms"),
    CaseEscalated: ("to", "cause", "generation", "step", "fell_due_at", "late_by_ms"),
    CaseLinked: ("case", "relation"),
    LinkedToIncident: ("incident", "automatic", "late_by_ms"),
    IncidentOpened: ("same", "value", "automatic", "late_by_ms"),
    IncidentClosed: (),
    ChildrenActed: ("command", "applied", "refused"),
    LegalHoldPlaced: (),
    LegalHoldReleased: (),
    ErasureRequested: (),
    ErasureRejected: (),
    PersonalDataErased: (),
    EntryCorrected: ("corrects",),
    NoteAdded: (),
    AlertAcknowledged: ("acknowledges", "alert"),
    DeadlineExtended: ("generation", "previous_due_at"),
    DeadlineRetimed: ("generation", "previous_due_at"),
    ReminderIssued: ("generation", "step", "warning", "fell_due_at", "late_by_ms", "owed_by"),
    DeadlineBreached: ("generation", "late_by_ms", "owed_by"),
}


class Alert(NamedTuple):
    """A subject of their own for those who only want to be alarmed: `{kind}.{what the field `name` says}`."""

    kind: str
    name: str


# All other types go to `event.{type}`.
ALERTS: Final[Mapping[type[Event], Alert]] = {
    ReminderIssued: Alert("reminder", "clock"),
    DeadlineBreached: Alert("breach", "clock"),
    CaseEscalated: Alert("escalation", "to"),
}

# Fields that name staff. Whoever is complained of is named by none.
NAMES_STAFF: Final = frozenset({"previous_owner"})

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
    payload = orjson.dumps(payload_of(row, event, case), option=orjson.OPT_UTC_Z)
    return Message(subject_of(row.tenant, event), _headers(row, case), payload, row.recorded_at)


def subject_of(tenant: str, event: Event) -> str:
    """Where a message of this event goes."""
    alert = ALERTS.get(type(event))
    kind, name = ("event", event.TYPE) if alert is None else (alert.kind, getattr(event, alert.name))
    return f"amends.v1.{token(tenant)}.{kind}.{token(name)}"


def _headers(row: StoredEvent, case: Case) -> dict[str, str]:
    event_id = str(row.id)
    return {
        "Nats-Msg-Id": event_id,
        "ce-specversion": "1.0",
        "ce-id": event_id,
        "ce-source": f"/amends/{token(row.tenant)}",
        "ce-type": row.type,
        "ce-subject": str(case.id),
        "ce-time": rfc3339(row.occurred_at),
        "ce-datacontenttype": CONTENT_TYPE,
        "content-type": CONTENT_TYPE,
        # Source: W3C Trace Context. All messages that one request caused share its trace.
        "traceparent": f"00-{row.correlation_id.hex}-{row.id.hex[16:]}-01",
    }


def payload_of(row: StoredEvent, event: Event, case: Case) -> dict[str, Any]:
    """What the message says, before it is JSON. An incident is a case like any other, of branch "*" where it is no
    single branch's.
    """
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
        value = values[name]
        said[name] = None if name in NAMES_STAFF and value in case.complained_of else value
    return said


def token(text: str) -> str:
    """The text as one token of a subject. Policies and settings refuse what would need escaping; a log may not."""
    return _UNSAFE_IN_TOKEN.sub(lambda found: "".join(f"%{byte:02X}" for byte in found[0].encode()), text)


def rfc3339(at: datetime) -> str:
    """The time as CloudEvents writes it."""
    return at.astimezone(UTC).isoformat().removesuffix("+00:00") + "Z"
