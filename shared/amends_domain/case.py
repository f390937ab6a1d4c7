"""The state of a case: everything that decisions, deadlines and queries need, folded from its events."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

if TYPE_CHECKING:
    from amends_domain.policy_rules import Facts


class Status(StrEnum):
    """Where a case stands in its life. Source: DOMAIN, the life of a case."""

    RECEIVED = "received"
    APOLOGIZED = "apologized"
    INVESTIGATED = "investigated"
    PROPOSED = "proposed"
    CUSTOMER_CONFIRMED = "customer-confirmed"
    FOLLOWED_UP = "followed-up"
    WITHDRAWN = "withdrawn"
    CLOSED_UNSATISFIED = "closed-unsatisfied"
    MERGED = "merged"
    INCIDENT_CLOSED = "incident-closed"


OPEN: frozenset[Status] = frozenset(
    {Status.RECEIVED, Status.APOLOGIZED, Status.INVESTIGATED, Status.PROPOSED, Status.CUSTOMER_CONFIRMED}
)
CLOSED: frozenset[Status] = frozenset(Status) - OPEN


COMPLAINT, INQUIRY, INCIDENT = "complaint", "inquiry", "incident"
KINDS = (COMPLAINT, INQUIRY, "suggestion", "praise")
"""What a customer's record may be. An incident is a case too, but nobody's complaint: many belong to it."""

ORDINARY, ESCALATED, MAJOR = "ordinary", "escalated", "major"
"""What its grade may be, the lowest first."""

ALL_BRANCHES = "*"
"""The branch of an incident that is no single branch's."""


class Mark(NamedTuple):
    """One event as clocks see it: what happened, when, under which policy, in which cycle.

    `note` is what a clock may ask of the event (`evolve` says of which type what). `facts` are those of the case
    just after it, by which conditions on them were judged; marks share them while they stay the same. `actor` is who
    entered it.
    """

    type: str
    occurred_at: datetime
    recorded_at: datetime
    policy: str | None
    position: int
    version: int
    cycle: int
    facts: Facts
    note: Any = None
    actor: str = ""


class CustomerContact(NamedTuple):
    """A contact in which the customer was spoken to, as an extension may cite it."""

    position: int
    version: int
    cycle: int
    reason_explained: bool


@dataclass(frozen=True)
class Proposal:
    """The proposal on the table. `approval_by` is the role whose approval is pending, None when none is.

    `approved_as` is the role whose approval it needed and has had.
    """

    kind: str
    amount: str | None
    currency: str | None
    proposed_by: str
    approval_by: str | None
    approved_as: str | None = None


class OpenPromise(NamedTuple):
    """What the customer still waits for, or (a countermeasure) what somebody has still to change."""

    number: int
    due_at: datetime
    by: str


class HandOff(NamedTuple):
    """An offer of the case that is neither accepted nor refused yet: to a person, or to a department."""

    offered_by: str
    to_person: str | None
    to_department: str | None


class ClosureApproval(NamedTuple):
    """An approval to close a case whose customer is not satisfied."""

    approved_by: str
    role: str


class ErasureRequest(NamedTuple):
    """A request to destroy the customer's personal data that nobody has answered yet."""

    requested_by: str
    reason: str


class Acknowledgement(NamedTuple):
    """Who has seen the alert at `position`, and when. `acknowledged_position` is that of the event that says so."""

    position: int
    acknowledged_by: str
    acknowledged_at: datetime
    acknowledged_position: int


class IncidentOf(NamedTuple):
    """What makes complaints belong to an incident: their fact `same` is `value`."""

    title: str
    same: str
    value: str
    automatic: bool


@dataclass(frozen=True)
class Case:
    """A case at one version. `first_position` is that of its first event, from which its reference is made.

    `escalated_to` are the roles that were told, by a ladder or by a person, in the order in which they were.
    `promises` and `countermeasures` count all that were ever made; the open ones are listed apart.
    `incident` is the mass incident that the case belongs to; `incident_of` is there where the case is one itself.
    `erased_at` is when the customer's personal data was erased last; what came after that may be readable.
    """

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
    desired_outcomes: tuple[str, ...]
    reply_by: datetime | None
    historical: bool
    received_at: datetime
    recorded_at: datetime
    updated_at: datetime
    proposal: Proposal | None
    declines: int
    satisfaction: int | None
    closure_approvals: tuple[ClosureApproval, ...]
    promises: int
    open_promises: tuple[OpenPromise, ...]
    countermeasures: int
    open_countermeasures: tuple[OpenPromise, ...]
    hand_off: HandOff | None
    hand_offs: int
    escalations: int
    escalated_to: tuple[str, ...]
    corrections: int
    acknowledged: tuple[Acknowledgement, ...]
    held: bool
    erasure: ErasureRequest | None
    erased_at: datetime | None
    incident: str | None
    incident_of: IncidentOf | None
    merged_into: str | None
    absorbed: tuple[str, ...]
    links: tuple[str, ...]
    contacts: tuple[CustomerContact, ...]
    marks: tuple[Mark, ...]

    @property
    def is_open(self) -> bool:
        return self.status in OPEN

    @property
    def approval_pending(self) -> bool:
        return self.proposal is not None and self.proposal.approval_by is not None
