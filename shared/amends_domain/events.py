"""The facts of a case, one frozen class each. `event_codec` writes them as JSON and reads them back.

A field marked `personal()` never enters an event's clear data: it is written to the sealed part, and is None
when an event is read without unsealing. Everything the state machine needs is therefore a clear field.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
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
    on_the_spot: bool = False
    text: str | None = personal()


@dataclass(frozen=True)
class CustomerDeclined(Event):
    TYPE: ClassVar[str] = "customer-declined"
    by_channel: str
    reason: str | None = personal()


@dataclass(frozen=True)
class FollowedUp(Event):
    """`satisfaction` is the customer's own, 1 (unhappy) to 10 (delighted), and so are the `answers` to the indicators
    of the policy's satisfaction index, by name."""

    TYPE: ClassVar[str] = "followed-up"
    satisfaction: int
    answers: Mapping[str, int] | None = None
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
class UnsatisfiedClosureRequested(Event):
    """Somebody asks to close a case whose customer will not be satisfied; the roles that must agree decide."""

    TYPE: ClassVar[str] = "unsatisfied-closure-requested"
    requested_by: str
    reason: str | None = personal()


@dataclass(frozen=True)
class UnsatisfiedClosureApproved(Event):
    """One of the approvals, given as `role`."""

    TYPE: ClassVar[str] = "unsatisfied-closure-approved"
    approved_by: str
    role: str
    reason: str | None = personal()


@dataclass(frozen=True)
class ClosedUnsatisfied(Event):
    """`liable` stays answerable if the customer escalates later."""

    TYPE: ClassVar[str] = "closed-unsatisfied"
    approved_by: tuple[str, ...]
    liable: str


@dataclass(frozen=True)
class MergedInto(Event):
    """This case goes on as another one, `into`. Recorded together with `case-absorbed` there."""

    TYPE: ClassVar[str] = "merged-into"
    into: str
    into_reference: str
    reason: str | None = personal()


@dataclass(frozen=True)
class CaseAbsorbed(Event):
    """Another case, `case`, was merged into this one: its contacts are contacts of this one from now on."""

    TYPE: ClassVar[str] = "case-absorbed"
    case: str
    reference: str


@dataclass(frozen=True)
class Contact(Event):
    """An exchange with the customer. Which of its three types it is follows from direction and outcome.

    `spoken_by` is the staff id of whoever spoke, who need not be the one who entered it.
    """

    direction: str
    channel: str
    reached: bool
    reason_explained: bool = False
    spoken_by: str | None = None
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
    """Something done that a clock may wait for, as `action:NAME` in the policy.

    `number` says which countermeasure was carried out, where the action is that.
    """

    TYPE: ClassVar[str] = "action-taken"
    action: str
    number: int | None = None
    text: str | None = personal()


@dataclass(frozen=True)
class PromiseMade(Event):
    """A member of staff told the customer what would happen by `due_at`. `number` counts a case's promises, from 1.

    `from_case` is the case that the promise came with when it was merged into this one.
    """

    TYPE: ClassVar[str] = "promise-made"
    number: int
    due_at: datetime
    promised_by: str
    from_case: str | None = None
    text: str | None = personal()


@dataclass(frozen=True)
class PromiseKept(Event):
    TYPE: ClassVar[str] = "promise-kept"
    number: int
    text: str | None = personal()


@dataclass(frozen=True)
class CountermeasurePlanned(Event):
    """What `owner` will have changed by `due_at`. `number` counts a case's countermeasures that have a date."""

    TYPE: ClassVar[str] = "countermeasure-planned"
    number: int
    owner: str
    due_at: datetime
    text: str | None = personal()


@dataclass(frozen=True)
class HandOffOffered(Event):
    """The case is offered to a person or a department; until it is accepted nothing has changed."""

    TYPE: ClassVar[str] = "hand-off-offered"
    offered_by: str
    to_person: str | None = None
    to_department: str | None = None
    reason: str | None = personal()


@dataclass(frozen=True)
class HandOffAccepted(Event):
    TYPE: ClassVar[str] = "hand-off-accepted"
    owner: str
    previous_owner: str


@dataclass(frozen=True)
class HandOffRefused(Event):
    TYPE: ClassVar[str] = "hand-off-refused"
    refused_by: str
    reason: str | None = personal()


@dataclass(frozen=True)
class CaseClassified(Event):
    """What is None stays as it was. `complained_of` names staff whom the complaint names too, by now."""

    TYPE: ClassVar[str] = "case-classified"
    type: str | None = None
    cause: str | None = None
    product: str | None = None
    severity: str | None = None
    desired_outcomes: tuple[str, ...] | None = None
    complained_of: tuple[str, ...] = ()
    reason: str | None = personal()


@dataclass(frozen=True)
class GradeRaised(Event):
    """By a person with a reason, or (`by_rule`) because what became known matches a rule of the policy."""

    TYPE: ClassVar[str] = "grade-raised"
    grade: str
    previous_grade: str
    by_rule: bool = False
    reason: str | None = personal()


@dataclass(frozen=True)
class Reclassified(Event):
    """The record is of another kind now. `broken_promise` is the number of the promise that made it a complaint."""

    TYPE: ClassVar[str] = "reclassified"
    kind: str
    previous_kind: str
    broken_promise: int | None = None
    late_by_ms: int = 0
    reason: str | None = personal()


@dataclass(frozen=True)
class FlagsChanged(Event):
    """`earlier_case` is the case that this one repeats, where "repeat" was added for it."""

    TYPE: ClassVar[str] = "flags-changed"
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    earlier_case: str | None = None
    late_by_ms: int = 0
    reason: str | None = personal()


@dataclass(frozen=True)
class CaseEscalated(Event):
    """The role `to` is told of the case.

    `cause` is "deadline" (a step of a clock's ladder: then clock, generation, step, due_at and fell_due_at say
    which), "notice" (a rule of the policy wants the role told at once), "recusal" (staff whom the complaint names),
    or "asked" (a person escalates, with a reason).
    """

    TYPE: ClassVar[str] = "case-escalated"
    to: str
    cause: str
    clock: str | None = None
    generation: int | None = None
    step: int | None = None
    due_at: datetime | None = None
    fell_due_at: datetime | None = None
    late_by_ms: int = 0
    reason: str | None = personal()


@dataclass(frozen=True)
class CaseLinked(Event):
    """Another case, `case`, has to do with this one: `relation` says how."""

    TYPE: ClassVar[str] = "case-linked"
    case: str
    reference: str
    relation: str


@dataclass(frozen=True)
class LinkedToIncident(Event):
    """The case belongs to the mass incident whose stream is `incident`: acting on that acts on this."""

    TYPE: ClassVar[str] = "linked-to-incident"
    incident: str
    automatic: bool = False
    late_by_ms: int = 0


@dataclass(frozen=True)
class IncidentOpened(Event):
    """Many complaints with one root. Those whose fact `same` is `value` belong to it while it is open.

    `automatic`: so many came that the policy opened it; otherwise a person did, perhaps before the first came.
    """

    TYPE: ClassVar[str] = "incident-opened"
    title: str
    same: str
    value: str
    branch: str
    owner: str
    automatic: bool = False
    late_by_ms: int = 0


@dataclass(frozen=True)
class IncidentClosed(Event):
    TYPE: ClassVar[str] = "incident-closed"
    reason: str | None = personal()


@dataclass(frozen=True)
class ChildrenActed(Event):
    """A command was given to all cases of the incident: to how many it applied, and how many refused it."""

    TYPE: ClassVar[str] = "children-acted"
    command: str
    applied: int = 0
    refused: int = 0


@dataclass(frozen=True)
class LegalHoldPlaced(Event):
    """The customer's personal data may not be erased while this case is held: somebody may have to prove something."""

    TYPE: ClassVar[str] = "legal-hold-placed"
    reason: str | None = personal()


@dataclass(frozen=True)
class LegalHoldReleased(Event):
    TYPE: ClassVar[str] = "legal-hold-released"
    reason: str | None = personal()


@dataclass(frozen=True)
class ErasureRequested(Event):
    """Somebody asks that the customer's personal data be destroyed; another person decides.

    Recorded on every case of the customer, as its two answers are. `reason` is clear text, for nothing sealed
    survives the erasure; it names nobody.
    """

    TYPE: ClassVar[str] = "erasure-requested"
    requested_by: str
    reason: str


@dataclass(frozen=True)
class ErasureRejected(Event):
    TYPE: ClassVar[str] = "erasure-rejected"
    rejected_by: str
    reason: str | None = personal()


@dataclass(frozen=True)
class PersonalDataErased(Event):
    """The data key `key_id` is destroyed: whatever was sealed with it, on this case and on every other one of the
    customer's, cannot be read any more. `reason` as in ErasureRequested."""

    TYPE: ClassVar[str] = "personal-data-erased"
    key_id: str
    requested_by: str
    approved_by: str
    reason: str


@dataclass(frozen=True)
class EntryCorrected(Event):
    """The event at `position` (version `corrects` of this case) says something wrong; `text` says what is right."""

    TYPE: ClassVar[str] = "entry-corrected"
    corrects: int
    position: int
    text: str | None = personal()


@dataclass(frozen=True)
class NoteAdded(Event):
    TYPE: ClassVar[str] = "note-added"
    text: str | None = personal()


@dataclass(frozen=True)
class AlertAcknowledged(Event):
    """Somebody has seen the alert at `position` (version `acknowledges` of this case). `alert` is "reminder",
    "breach" or "escalation"; `clock` is the one that it is about, None for an escalation that is about none."""

    TYPE: ClassVar[str] = "alert-acknowledged"
    acknowledges: int
    position: int
    alert: str
    clock: str | None = None


@dataclass(frozen=True)
class DeadlineExtended(Event):
    """A running clock got the next longer term that the policy allows with this approval."""

    TYPE: ClassVar[str] = "deadline-extended"
    clock: str
    generation: int
    due_at: datetime
    previous_due_at: datetime
    approved_by: str
    reason: str | None = personal()


@dataclass(frozen=True)
class DeadlineRetimed(Event):
    """A running clock is judged by another version of the policy from now on: the one this event was decided by."""

    TYPE: ClassVar[str] = "deadline-retimed"
    clock: str
    generation: int
    due_at: datetime
    previous_due_at: datetime
    reason: str | None = personal()


@dataclass(frozen=True)
class ReminderIssued(Event):
    """A warning of a clock fell due at `fell_due_at`; the store wrote this `late_by_ms` after that.

    `owed_by` is "customer" where it is for the customer, whose own time runs; None is the organisation.
    """

    TYPE: ClassVar[str] = "reminder-issued"
    clock: str
    generation: int
    step: int
    warning: str
    due_at: datetime
    fell_due_at: datetime
    late_by_ms: int = 0
    owed_by: str | None = None


@dataclass(frozen=True)
class DeadlineBreached(Event):
    """A deadline passed unstopped at `due_at`. A fact: nothing ever removes it. `owed_by` as in ReminderIssued."""

    TYPE: ClassVar[str] = "deadline-breached"
    clock: str
    generation: int
    due_at: datetime
    late_by_ms: int = 0
    owed_by: str | None = None


class Recorded(NamedTuple):
    """An event as the log holds it, decoded. Times are aware and in UTC."""

    position: int
    version: int
    event: Event
    occurred_at: datetime
    recorded_at: datetime
    policy: str | None
    actor: str
