"""What people ask for: one frozen class per command. `NAME` is the imperative that `allowed` lists use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar
from uuid import UUID


class Command:
    """Base of all commands."""

    NAME: ClassVar[str]


@dataclass(frozen=True)
class Countermeasure:
    """What shall change because of a complaint. With an owner and a date it is a clock until it is carried out."""

    text: str
    owner: str | None = None
    due_at: datetime | None = None


@dataclass(frozen=True)
class PromiseToCustomer:
    """What the customer was told would happen, and by when."""

    text: str
    due_at: datetime


@dataclass(frozen=True)
class Receive(Command):
    """Record a complaint. `occurred_at` is when the customer raised it, None for now.

    `historical` records a case from the past as it was: its first cycle starts no clocks.
    """

    NAME: ClassVar[str] = "receive"
    channel: str
    narrative: str
    branch: str
    customer_ref: str
    customer: Mapping[str, Any]
    kind: str = "complaint"
    type: str | None = None
    cause: str | None = None
    product: str | None = None
    severity: str | None = None
    desired_outcomes: tuple[str, ...] = ()
    complained_of: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    reply_by: datetime | None = None
    occurred_at: datetime | None = None
    external_ref: str | None = None
    historical: bool = False


@dataclass(frozen=True)
class Apologize(Command):
    NAME: ClassVar[str] = "apologize"
    by_channel: str
    text: str


@dataclass(frozen=True)
class Investigate(Command):
    NAME: ClassVar[str] = "investigate"
    findings: str
    cause: str
    at_fault: bool
    countermeasures: tuple[Countermeasure, ...] = ()


@dataclass(frozen=True)
class Propose(Command):
    NAME: ClassVar[str] = "propose"
    kind: str
    text: str
    amount: Decimal | None = None
    currency: str | None = None


@dataclass(frozen=True)
class Approve(Command):
    NAME: ClassVar[str] = "approve"
    reason: str


@dataclass(frozen=True)
class Reject(Command):
    NAME: ClassVar[str] = "reject"
    reason: str


@dataclass(frozen=True)
class Confirm(Command):
    NAME: ClassVar[str] = "confirm"
    by_channel: str
    text: str | None = None


@dataclass(frozen=True)
class Decline(Command):
    NAME: ClassVar[str] = "decline"
    by_channel: str
    reason: str


@dataclass(frozen=True)
class FollowUp(Command):
    """`executed`: the solution was carried out. Then `satisfaction` (1 to 10) is the customer's answer, and `answers`
    are those to indicators of the policy's satisfaction index."""

    NAME: ClassVar[str] = "follow-up"
    executed: bool
    satisfaction: int | None = None
    text: str | None = None
    answers: Mapping[str, int] | None = None


@dataclass(frozen=True)
class Review(Command):
    NAME: ClassVar[str] = "review"
    text: str


@dataclass(frozen=True)
class Withdraw(Command):
    NAME: ClassVar[str] = "withdraw"
    by_channel: str
    reason: str


@dataclass(frozen=True)
class Reopen(Command):
    NAME: ClassVar[str] = "reopen"
    reason: str
    text: str | None = None


@dataclass(frozen=True)
class RecordContact(Command):
    """Any exchange with the customer. A callback agreed or a promise made in it is recorded in the same append.

    `spoken_by` is the member of staff who spoke; None is whoever gives the command.
    """

    NAME: ClassVar[str] = "contact"
    direction: str
    channel: str
    reached: bool
    summary: str
    reason_explained: bool = False
    agreed_callback_at: datetime | None = None
    promise: PromiseToCustomer | None = None
    spoken_by: str | None = None


@dataclass(frozen=True)
class AgreeCallback(Command):
    """Agree on, or move, the time of the callback. Moving it later cites the contact at `contact_position`."""

    NAME: ClassVar[str] = "agree-callback"
    at: datetime
    contact_position: int | None = None


@dataclass(frozen=True)
class Assign(Command):
    NAME: ClassVar[str] = "assign"
    owner: str
    reason: str | None = None


@dataclass(frozen=True)
class Act(Command):
    """`number`: which countermeasure was carried out, where the action is that; None is the one due first."""

    NAME: ClassVar[str] = "act"
    action: str
    text: str | None = None
    number: int | None = None


@dataclass(frozen=True)
class ResolveOnTheSpot(Command):
    """Apology, finding, proposal and the customer's agreement in one: all of it, or nothing."""

    NAME: ClassVar[str] = "on-the-spot"
    apology: Apologize
    investigation: Investigate
    proposal: Propose
    confirmation: Confirm


@dataclass(frozen=True)
class CloseUnsatisfied(Command):
    """From a role that must agree: its approval, and with the last one the closure. From others: the request."""

    NAME: ClassVar[str] = "close-unsatisfied"
    reason: str


@dataclass(frozen=True)
class Merge(Command):
    """Let the case go on as another one, which was received first and is the same customer's."""

    NAME: ClassVar[str] = "merge"
    into: UUID
    reason: str


@dataclass(frozen=True)
class MakePromise(Command):
    NAME: ClassVar[str] = "promise"
    text: str
    due_at: datetime


@dataclass(frozen=True)
class KeepPromise(Command):
    NAME: ClassVar[str] = "keep-promise"
    number: int
    text: str | None = None


@dataclass(frozen=True)
class HandOver(Command):
    """Offer the case to a person or to a department: exactly one of them."""

    NAME: ClassVar[str] = "hand-off"
    to_person: str | None = None
    to_department: str | None = None
    reason: str | None = None


@dataclass(frozen=True)
class AcceptHandOff(Command):
    NAME: ClassVar[str] = "accept"


@dataclass(frozen=True)
class RefuseHandOff(Command):
    NAME: ClassVar[str] = "refuse"
    reason: str


@dataclass(frozen=True)
class Classify(Command):
    """What is None stays as it is. `complained_of` adds staff; a grade is only ever raised."""

    NAME: ClassVar[str] = "classify"
    kind: str | None = None
    type: str | None = None
    cause: str | None = None
    product: str | None = None
    severity: str | None = None
    desired_outcomes: tuple[str, ...] | None = None
    complained_of: tuple[str, ...] = ()
    grade: str | None = None
    reason: str | None = None


@dataclass(frozen=True)
class ChangeFlags(Command):
    NAME: ClassVar[str] = "flag"
    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()
    reason: str | None = None


@dataclass(frozen=True)
class Escalate(Command):
    """`to` None: the next role of the policy's ladder."""

    NAME: ClassVar[str] = "escalate"
    reason: str
    to: str | None = None


@dataclass(frozen=True)
class Link(Command):
    """`other` has to do with this case. Where `other` is an incident, the case belongs to it from now on."""

    NAME: ClassVar[str] = "link"
    other: UUID
    relation: str


@dataclass(frozen=True)
class Correct(Command):
    """The event at `position` was entered wrongly; `text` says what is right."""

    NAME: ClassVar[str] = "correct"
    position: int
    text: str


@dataclass(frozen=True)
class AddNote(Command):
    NAME: ClassVar[str] = "note"
    text: str


@dataclass(frozen=True)
class Acknowledge(Command):
    """Say that one has seen the alert whose event is at `position`: a reminder, a breach or an escalation."""

    NAME: ClassVar[str] = "acknowledge"
    position: int


@dataclass(frozen=True)
class Hold(Command):
    """Let nothing of the customer's be erased for the sake of this case."""

    NAME: ClassVar[str] = "hold"
    reason: str


@dataclass(frozen=True)
class ReleaseHold(Command):
    NAME: ClassVar[str] = "release-hold"
    reason: str


@dataclass(frozen=True)
class RequestErasure(Command):
    """Ask that the customer's personal data be destroyed. It is about all their cases: see `decisions.erasure`."""

    NAME: ClassVar[str] = "request-erasure"
    reason: str


@dataclass(frozen=True)
class ApproveErasure(Command):
    """Agree to what another person asked for: then the customer's key is destroyed."""

    NAME: ClassVar[str] = "approve-erasure"


@dataclass(frozen=True)
class RejectErasure(Command):
    """Say no, or take back what one has asked for."""

    NAME: ClassVar[str] = "reject-erasure"
    reason: str | None = None


@dataclass(frozen=True)
class Extend(Command):
    """Give a running clock the next longer term that the policy allows with an approval: this is the approval."""

    NAME: ClassVar[str] = "extend"
    clock: str
    reason: str


@dataclass(frozen=True)
class Retime(Command):
    """Judge a running clock by the policy in force now."""

    NAME: ClassVar[str] = "retime"
    clock: str
    reason: str


@dataclass(frozen=True)
class OpenIncident(Command):
    """Open a mass incident. Open complaints of the kind join it as they come. `branch` None: all branches'."""

    NAME: ClassVar[str] = "open-incident"
    title: str
    same: str
    value: str
    branch: str | None = None


@dataclass(frozen=True)
class CloseIncident(Command):
    NAME: ClassVar[str] = "close-incident"
    reason: str
