"""The facts of a case, one frozen class each, and how they become JSON and come back.

A field marked `personal()` never enters an event's clear data: it is written to the sealed part, and is None
when an event is read without unsealing. Everything the state machine needs is therefore a clear field.
"""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, NamedTuple

Json = Any


def personal() -> Any:
    """A field that holds a name, a number or free text: sealed, and None when read without unsealing."""
    return dataclasses.field(default=None, metadata={"personal": True})


class Event:
    """Base of all domain events. `TYPE` is the name on the wire."""

    TYPE: ClassVar[str]
    SCHEMA_VERSION: ClassVar[int] = 1


@dataclass(frozen=True)
class ComplaintReceived(Event):
    TYPE: ClassVar[str] = "complaint-received"
    channel: str
    branch: str
    customer_ref: str
    owner: str
    grade: str = "ordinary"
    kind: str = "complaint"
    type: str | None = None
    cause: str | None = None
    product: str | None = None
    severity: str | None = None
    desired_outcomes: tuple[str, ...] = ()
    complained_of: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    reply_by: datetime | None = None
    external_ref: str | None = None
    historical: bool = False
    narrative: str | None = personal()
    customer: Mapping[str, Json] | None = personal()


@dataclass(frozen=True)
class ApologyGiven(Event):
    TYPE: ClassVar[str] = "apology-given"
    by_channel: str
    text: str | None = personal()


@dataclass(frozen=True)
class InvestigationCompleted(Event):
    TYPE: ClassVar[str] = "investigation-completed"
    cause: str
    at_fault: bool
    findings: str | None = personal()
    countermeasures: tuple[str, ...] | None = personal()


@dataclass(frozen=True)
class ResolutionProposed(Event):
    """`amount` is a decimal in `currency`, written as a string so that no digit is lost."""

    TYPE: ClassVar[str] = "resolution-proposed"
    kind: str
    amount: str | None = None
    currency: str | None = None
    proposed_by: str = ""
    approval_by: str | None = None
    text: str | None = personal()


@dataclass(frozen=True)
class ProposalApproved(Event):
    TYPE: ClassVar[str] = "proposal-approved"
    approved_by: str
    reason: str | None = personal()


@dataclass(frozen=True)
class ProposalRejected(Event):
    TYPE: ClassVar[str] = "proposal-rejected"
    rejected_by: str
    reason: str | None = personal()


@dataclass(frozen=True)
class CustomerConfirmed(Event):
    TYPE: ClassVar[str] = "customer-confirmed"
    by_channel: str
    text: str | None = personal()


@dataclass(frozen=True)
class CustomerDeclined(Event):
    TYPE: ClassVar[str] = "customer-declined"
    by_channel: str
    reason: str | None = personal()


@dataclass(frozen=True)
class FollowedUp(Event):
    """`satisfaction` is the customer's own, 1 (unhappy) to 10 (delighted)."""

    TYPE: ClassVar[str] = "followed-up"
    satisfaction: int
    text: str | None = personal()


@dataclass(frozen=True)
class FollowUpFailed(Event):
    TYPE: ClassVar[str] = "follow-up-failed"
    satisfaction: int | None = None
    text: str | None = personal()


@dataclass(frozen=True)
class ReviewRecorded(Event):
    TYPE: ClassVar[str] = "review-recorded"
    text: str | None = personal()


@dataclass(frozen=True)
class ComplaintWithdrawn(Event):
    TYPE: ClassVar[str] = "complaint-withdrawn"
    by_channel: str
    reason: str | None = personal()


@dataclass(frozen=True)
class CaseReopened(Event):
    TYPE: ClassVar[str] = "case-reopened"
    reason: str
    cycle: int
    text: str | None = personal()


@dataclass(frozen=True)
class Contact(Event):
    """An exchange with the customer. Which of its three types it is follows from direction and outcome."""

    direction: str
    channel: str
    reached: bool
    reason_explained: bool = False
    summary: str | None = personal()


@dataclass(frozen=True)
class CallbackMade(Contact):
    """Outbound, customer reached: what the callback clock waits for."""

    TYPE: ClassVar[str] = "callback-made"


@dataclass(frozen=True)
class ContactAttempted(Contact):
    """Outbound, customer not reached."""

    TYPE: ClassVar[str] = "contact-attempted"


@dataclass(frozen=True)
class ContactRecorded(Contact):
    """Any other contact: inbound, or an outbound one that only explained why the callback is delayed."""

    TYPE: ClassVar[str] = "contact-recorded"


@dataclass(frozen=True)
class CallbackAgreed(Event):
    """The customer agreed to be called back at `at`.

    `extension` when it moves a running clock to a later time; then `contact_position` names the contact in
    which the reason was explained, or is None when that contact is the event just before this one.
    """

    TYPE: ClassVar[str] = "callback-agreed"
    at: datetime
    extension: bool = False
    contact_position: int | None = None


@dataclass(frozen=True)
class OwnerAssigned(Event):
    TYPE: ClassVar[str] = "owner-assigned"
    owner: str
    previous_owner: str
    reason: str | None = personal()


@dataclass(frozen=True)
class ActionTaken(Event):
    """Something done that a clock may wait for, as `action:NAME` in the policy."""

    TYPE: ClassVar[str] = "action-taken"
    action: str
    text: str | None = personal()


@dataclass(frozen=True)
class ReminderIssued(Event):
    """A warning of a clock fell due at `fell_due_at`; the store wrote this `late_by_ms` after that."""

    TYPE: ClassVar[str] = "reminder-issued"
    clock: str
    generation: int
    step: int
    warning: str
    due_at: datetime
    fell_due_at: datetime
    late_by_ms: int = 0


@dataclass(frozen=True)
class DeadlineBreached(Event):
    """A deadline passed unstopped at `due_at`. A fact: nothing ever removes it."""

    TYPE: ClassVar[str] = "deadline-breached"
    clock: str
    generation: int
    due_at: datetime
    late_by_ms: int = 0


class Recorded(NamedTuple):
    """An event as the log holds it, decoded. Times are aware and in UTC."""

    position: int
    version: int
    event: Event
    occurred_at: datetime
    recorded_at: datetime
    policy: str | None
    actor: str


class UnknownEventType(ValueError):
    """The log holds an event of a type this release does not know."""


def _concrete(cls: type[Event]) -> list[type[Event]]:
    found = [cls] if "TYPE" in cls.__dict__ else []
    return found + [leaf for child in cls.__subclasses__() for leaf in _concrete(child)]


class _Codec(NamedTuple):
    """`structured`: the fields, times and lists, that are not JSON values by themselves."""

    cls: type[Event]
    defaults: dict[str, Any]
    converters: tuple[tuple[str, Callable[[Any], Any]], ...]
    structured: frozenset[str]
    clear: tuple[str, ...]
    personal: tuple[str, ...]


def _converter(annotation: Any) -> Callable[[Any], Any] | None:
    options = typing.get_args(annotation) if isinstance(annotation, types.UnionType) else (annotation,)
    if datetime in options:
        return datetime.fromisoformat
    if any(typing.get_origin(option) is tuple for option in options):
        return tuple
    return None


def _codec(cls: type[Event]) -> _Codec:
    fields = dataclasses.fields(cls)  # type: ignore[arg-type]  # every concrete event is a dataclass
    hints = typing.get_type_hints(cls)
    converters = {f.name: convert for f in fields if (convert := _converter(hints[f.name])) is not None}
    return _Codec(
        cls,
        {f.name: f.default for f in fields if f.default is not dataclasses.MISSING},
        tuple(converters.items()),
        frozenset(converters),
        tuple(f.name for f in fields if not f.metadata.get("personal")),
        tuple(f.name for f in fields if f.metadata.get("personal")),
    )


_CODECS: dict[str, _Codec] = {cls.TYPE: _codec(cls) for cls in _concrete(Event)}

EVENT_TYPES: frozenset[str] = frozenset(_CODECS)


def encode(event: Event) -> tuple[dict[str, Json], dict[str, Json]]:
    """The clear data and the personal data of an event, as JSON values. Fields that are None are left out."""
    codec = _CODECS[event.TYPE]
    values = event.__dict__
    return _json(values, codec.clear, codec.structured), _json(values, codec.personal, codec.structured)


def decode(event_type: str, data: Mapping[str, Json]) -> Event:
    """The event that `encode` was given. `data` is the clear data, or clear and personal data merged.

    Raises UnknownEventType. Unknown fields are kept out, so that an older release reads newer data.
    """
    codec = _CODECS.get(event_type)
    if codec is None:
        raise UnknownEventType(event_type)
    # Replay decodes millions of events: filling __dict__ costs a third of calling the frozen class's __init__.
    event = object.__new__(codec.cls)
    values = event.__dict__
    values.update(codec.defaults)
    values.update(data)
    for name, convert in codec.converters:
        value = values.get(name)
        if value is not None:
            values[name] = convert(value)
    return event


def _json(values: Mapping[str, Any], names: tuple[str, ...], structured: frozenset[str]) -> dict[str, Json]:
    return {
        name: _plain(value) if name in structured else value for name in names if (value := values[name]) is not None
    }


def _plain(value: Any) -> Json:
    return value.isoformat() if isinstance(value, datetime) else list(value)
