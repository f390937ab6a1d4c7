"""The state of a case: everything that decisions, deadlines and queries need, folded from its events."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID


class Status(StrEnum):
    """Where a case stands in its life. Source: DOMAIN, the life of a case."""

    RECEIVED = "received"
    APOLOGIZED = "apologized"
    INVESTIGATED = "investigated"
    PROPOSED = "proposed"
    CUSTOMER_CONFIRMED = "customer-confirmed"
    FOLLOWED_UP = "followed-up"
    WITHDRAWN = "withdrawn"


OPEN: frozenset[Status] = frozenset(
    {Status.RECEIVED, Status.APOLOGIZED, Status.INVESTIGATED, Status.PROPOSED, Status.CUSTOMER_CONFIRMED}
)
CLOSED: frozenset[Status] = frozenset(Status) - OPEN


class Mark(NamedTuple):
    """One event as clocks see it: what happened, when, under which policy, in which cycle.

    `note` is what a clock may ask of the event: the agreed time, the action's name, or (clock, generation, step).
    """

    type: str
    occurred_at: datetime
    recorded_at: datetime
    policy: str | None
    version: int
    cycle: int
    note: Any = None


class CustomerContact(NamedTuple):
    """A contact in which the customer was spoken to, as an extension may cite it."""

    position: int
    version: int
    cycle: int
    reason_explained: bool


@dataclass(frozen=True)
class Proposal:
    """The proposal on the table. `approval_by` is the role whose approval is pending, None when none is."""

    kind: str
    amount: str | None
    currency: str | None
    proposed_by: str
    approval_by: str | None


@dataclass(frozen=True)
class Case:
    """A case at one version. `position` is that of its first event, from which its reference is made."""

    id: UUID
    first_position: int
    version: int
    position: int
    status: Status
    cycle: int
    kind: str
    channel: str
    branch: str
    owner: str
    grade: str
    customer_ref: str
    type: str | None
    cause: str | None
    product: str | None
    severity: str | None
    flags: tuple[str, ...]
    complained_of: tuple[str, ...]
    external_ref: str | None
    reply_by: datetime | None
    historical: bool
    received_at: datetime
    recorded_at: datetime
    updated_at: datetime
    proposal: Proposal | None
    declines: int
    satisfaction: int | None
    contacts: tuple[CustomerContact, ...]
    marks: tuple[Mark, ...]

    @property
    def is_open(self) -> bool:
        return self.status in OPEN

    @property
    def approval_pending(self) -> bool:
        return self.proposal is not None and self.proposal.approval_by is not None
