"""The shapes of answers, for the OpenAPI document. `answers` makes them as JSON bytes, without building these."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field


class Answer(BaseModel):
    model_config = ConfigDict(extra="forbid")


class PolicyAnswer(Answer):
    """The version of the policy that judged. `hash` is the SHA-256 of its content in hexadecimal."""

    name: str
    version: int
    hash: str


class DeadlineAnswer(Answer):
    """One run of a clock. `breached_at` is when it was broken: the instant it fell due."""

    kind: str
    generation: int
    cycle: int
    status: str
    started_at: datetime
    due_at: datetime
    ended_at: datetime | None
    breached_at: datetime | None
    provisional: bool
    policy: PolicyAnswer


class CaseDeadlineAnswer(DeadlineAnswer):
    """`number` is that of the promise or countermeasure that the clock runs for. `owed_by` the organisation or the
    customer, whose own time it is then. `pack` is the included policy that the clock came with."""

    number: int | None
    owed_by: str
    pack: str | None


class HandOffAnswer(Answer):
    """An offer of the case that is neither accepted nor refused: to a person, or to a department."""

    offered_by: str
    to_person: str | None
    to_department: str | None


class PromiseAnswer(Answer):
    """What the customer was told would happen. `status`: open, kept, broken or cancelled; a broken one may still be
    `open`: then the customer still waits."""

    number: int
    due_at: datetime
    status: str
    open: bool
    promised_by: str | None


class CountermeasureAnswer(Answer):
    """What `owner` has still to change by `due_at`."""

    number: int
    due_at: datetime
    owner: str


class CaseReference(Answer):
    """Another case."""

    id: UUID
    reference: str


class IncidentReference(CaseReference):
    """The mass incident that a case belongs to."""

    title: str


class IncidentOfAnswer(Answer):
    """What an incident is: those whose fact `same` is `value` belong to it. `automatic`: the policy opened it."""

    title: str
    same: str
    value: str
    automatic: bool


class PlaybookAnswer(Answer):
    """What to do with this type of complaint: the first words, what to ask, what to avoid, and what the customer may
    be told about times."""

    first_words: str
    ask: list[str]
    avoid: list[str]
    times: str


class ProposalAnswer(Answer):
    """What is on the table. `approval_by` is the role whose approval is pending, `approved_as` the one that it needed
    and has had."""

    kind: str
    amount: str | None
    currency: str | None
    proposed_by: str
    approval_by: str | None
    approved_as: str | None


class CaseAnswer(Answer):
    """A case with its clocks, the newest run of each first, and the commands that are legal now.

    `complained_of` are the staff whom the complaint names, null for those who may not know. `late_entries` counts what
    people recorded later after it happened than the policy allows. `held`: nothing of the customer's may be erased.
    `erased_at`: when their personal data was erased last; what came after that may be readable. `children` counts the
    cases of an incident.
    `playbook` is by language, null where the policy has none for the type. `as_of` and `valid_at` are what was asked
    for; with `valid_at`, `version` counts the events that had happened, `position` and `updated_at` are those of the
    last of them, and `not_yet` are the versions of events that were known and had not happened.
    """

    id: UUID
    reference: str
    state: str
    version: int
    position: int
    grade: str
    owner: str
    branch: str
    cycle: int
    kind: str
    channel: str
    type: str | None
    cause: str | None
    product: str | None
    severity: str | None
    customer_ref: str
    external_ref: str | None
    flags: list[str]
    reply_by: datetime | None
    historical: bool
    satisfaction: int | None
    proposal: ProposalAnswer | None
    received_at: datetime
    recorded_at: datetime
    updated_at: datetime
    deadlines: list[CaseDeadlineAnswer]
    allowed: list[str]
    hand_offs: int
    hand_off: HandOffAnswer | None
    escalations: int
    corrections: int
    held: bool
    erasure_requested_by: str | None
    erased_at: datetime | None
    late_entries: int
    promises: list[PromiseAnswer]
    countermeasures: list[CountermeasureAnswer]
    desired_outcomes: list[str]
    complained_of: list[str] | None
    repeat_of: CaseReference | None
    incident: IncidentReference | None
    incident_of: IncidentOfAnswer | None
    children: int | None
    merged_into: CaseReference | None
    absorbed: list[CaseReference]
    links: list[CaseReference]
    playbook: dict[str, PlaybookAnswer] | None
    as_of: datetime | None
    valid_at: datetime | None
    not_yet: list[int]


class CaseListItem(Answer):
    """A case in a list. `breached`: any deadline of it ever was."""

    id: UUID
    reference: str
    state: str
    version: int
    position: int
    grade: str
    owner: str
    branch: str
    cycle: int
    kind: str
    channel: str
    type: str | None
    cause: str | None
    customer_ref: str
    external_ref: str | None
    flags: list[str]
    historical: bool
    breached: bool
    hand_offs: int
    escalations: int
    incident: UUID | None
    merged_into: UUID | None
    next_due_at: datetime | None = Field(
        description="of the deadlines still to be met the first: one that has passed, on an open case, is still owed"
    )
    next_due_clock: str | None
    received_at: datetime
    recorded_at: datetime
    updated_at: datetime


class CasePage(Answer):
    """`as_of` and `valid_at` are what was asked for."""

    items: list[CaseListItem]
    next: str | None
    as_of: datetime | None
    valid_at: datetime | None


class EventAnswer(Answer):
    """An event of the log. `personal` is there for those who may read it, where the event has a sealed part: the
    part itself, or null with the reason in `personal_missing` ("erased": its key is gone; "unreadable";
    "purpose-missing": say what it is read for). `data` is without `complained_of` for those who may not know whom of
    the staff a complaint names. `case_id` and `reference` are there where events of several cases are answered."""

    position: int
    version: int
    id: UUID
    type: str
    schema_version: int
    occurred_at: datetime
    recorded_at: datetime
    actor: str
    correlation_id: UUID
    causation_id: UUID | None
    policy_hash: str | None
    data: dict[str, Any]
    leaf_hash: str
    personal: dict[str, Any] | None = None
    personal_missing: str | None = None
    case_id: UUID | None = None
    reference: str | None = None


class EventPage(Answer):
    items: list[EventAnswer]
    next: str | None


class DeadlineListItem(DeadlineAnswer):
    """A deadline in a list, with its case."""

    case_id: UUID
    reference: str
    branch: str
    owner: str
    grade: str
    state: str


class DeadlinePage(Answer):
    """`as_of` and `valid_at` are what was asked for."""

    items: list[DeadlineListItem]
    next: str | None
    as_of: datetime | None
    valid_at: datetime | None


class TimelineItem(EventAnswer):
    """An event that concerned the customer, with its case. `spoken_by` is the staff id of whoever spoke with them, or
    promised; null for what the system wrote. `actor` entered it."""

    spoken_by: str | None


class Timeline(Answer):
    """`cases` are all of the customer's that who asks may see, the latest received first (at most 200)."""

    customer_ref: str
    cases: list[CaseListItem]
    items: list[TimelineItem]
    next: str | None


class RefusalAnswer(Answer):
    """A command that was refused on grounds of authority or recusal. `case_id` is null where it would have begun a
    case; `branch` is that of the key, null for the whole tenant."""

    id: int
    refused_at: datetime
    principal: str
    role: str
    branch: str | None
    case_id: UUID | None
    reference: str | None
    command: str
    code: str
    detail: str
    correlation_id: UUID


class RefusalPage(Answer):
    items: list[RefusalAnswer]
    next: str | None


class ReadingAnswer(Answer):
    """One request that opened personal data: who, by which grant (`branch` null: for the whole tenant), what for, and
    into which kind of `answer` it went. `case_id` is null where it was about all of a customer."""

    id: int
    read_at: datetime
    person: str
    role: str
    branch: str | None
    purpose: str
    answer: str
    case_id: UUID | None
    reference: str | None
    customer_ref: str
    correlation_id: UUID


class ReadingPage(Answer):
    items: list[ReadingAnswer]
    next: str | None


class InclusionAnswer(Answer):
    """Source: RFC 9162, 2.1.3. The event at position p is leaf p - 1; hashes are in standard base64."""

    position: int
    tree_size: int
    leaf_hash: str
    proof: list[str]


class ConsistencyAnswer(Answer):
    """Source: RFC 9162, 2.1.4. Hashes are in standard base64."""

    from_: int = Field(alias="from")
    to: int
    proof: list[str]


class SigningKeyAnswer(Answer):
    """The public key of checkpoints and certificates, as tools want it: raw in base64, as a verifier key of signed
    notes, in PEM. `key_id` is the hexadecimal id that stands before a signature. `earlier` are the verifier keys that
    signed here before, the first one first: what they signed stays proof."""

    name: str
    algorithm: str
    key_id: str
    public_key: str
    vkey: str
    pem: str
    earlier: list[str]
