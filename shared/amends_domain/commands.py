"""What people ask for: one frozen class per command. `NAME` is the imperative that `allowed` lists use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar


class Command:
    """Base of all commands."""

    NAME: ClassVar[str]


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
    countermeasures: tuple[str, ...] = ()


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
    """`executed`: the solution was carried out. Then `satisfaction` (1 to 10) is the customer's answer."""

    NAME: ClassVar[str] = "follow-up"
    executed: bool
    satisfaction: int | None = None
    text: str | None = None


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
    """Any exchange with the customer. `agreed_callback_at` also agrees on a callback, in the same append."""

    NAME: ClassVar[str] = "contact"
    direction: str
    channel: str
    reached: bool
    summary: str
    reason_explained: bool = False
    agreed_callback_at: datetime | None = None


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
    NAME: ClassVar[str] = "act"
    action: str
    text: str | None = None
