"""What is answered: models for the OpenAPI document, and the functions that make the same shapes as JSON bytes.

The models describe; answers are not built through them, for they were made here and need no validation.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

import asyncpg
import orjson
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from amends_domain.case import Case
from amends_domain.clocks import Deadline, UnknownPolicy, Verdict
from amends_domain.policy import Policy
from amends_domain.reference import reference_of
from amends_domain.transitions import allowed
from amends_workflow.read_model import breached_at

# Runs that were replaced or that nobody waits for any more: the explanation still tells of them.
_LEFT_OUT = frozenset({Verdict.EXTENDED, Verdict.CANCELLED})


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


class ProposalAnswer(Answer):
    """What is on the table. `approval_by` is the role whose approval is pending."""

    kind: str
    amount: str | None
    currency: str | None
    proposed_by: str
    approval_by: str | None


class CaseAnswer(Answer):
    """A case with its clocks, the newest run of each first, and the commands that are legal now."""

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
    deadlines: list[DeadlineAnswer]
    allowed: list[str]


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
    next_due_at: datetime | None
    next_due_clock: str | None
    received_at: datetime
    recorded_at: datetime
    updated_at: datetime


class CasePage(Answer):
    items: list[CaseListItem]
    next: str | None


class EventAnswer(Answer):
    """An event of the log. `personal` is there for those who may read it, where the event has a sealed part: the
    part itself, or null with the reason in `personal_missing` ("erased": its key is gone; "unreadable")."""

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
    items: list[DeadlineListItem]
    next: str | None


class TimelineItem(EventAnswer):
    """An event that concerned the customer, with its case."""

    case_id: UUID
    reference: str


class Timeline(Answer):
    """`cases` are all of the customer's that who asks may see, the latest received first (at most 200)."""

    customer_ref: str
    cases: list[CaseListItem]
    items: list[TimelineItem]
    next: str | None


class EventReference(Answer):
    """An event by which something came about."""

    position: int
    version: int
    type: str
    occurred_at: datetime
    recorded_at: datetime
    actor: str


class ExplainedRule(Answer):
    """The clock's rule as the policy has it. `when`: the facts a case must have, each one of the values."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    from_: str = Field(alias="from")
    stop: list[str]
    due: str
    at_most: str | None
    urgent: str | None
    warn: list[str]
    extend: dict[str, Any] | list[dict[str, Any]] | None
    when: dict[str, list[str]]


class SkippedDay(Answer):
    date: date
    reason: str


class ExplainedWarning(Answer):
    step: int
    warning: str
    at: datetime
    issued: bool


class Extension(Answer):
    """An agreement that moved the clock: run `generation`, due at `due_at`, became the next, due at `moved_to`."""

    generation: int
    due_at: datetime
    moved_to: datetime
    later: bool
    status: str
    by: EventReference


class Explanation(Answer):
    """Why a deadline is due when it is. `due_by` names the part of the rule that set the time, or is "agreed" or
    "reply_by"; `counted` and `skipped` are the local days that the calendar went through."""

    case_id: UUID
    reference: str
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
    rule: ExplainedRule
    started_by: EventReference
    ended_by: EventReference | None
    breach: EventReference | None
    due_by: str
    duration: str | None
    timezone: str
    counted: list[date]
    skipped: list[SkippedDay]
    warnings: list[ExplainedWarning]
    reminders: list[EventReference]
    extensions: list[Extension]
    text: str


def case_answer(case: Case, deadlines: tuple[Deadline, ...], policies: Mapping[str, Policy]) -> dict[str, Any]:
    """The shape of CaseAnswer."""
    return {
        "id": case.id,
        "reference": reference_of(case.first_position),
        "state": case.status.value,
        "version": case.version,
        "position": case.position,
        "grade": case.grade,
        "owner": case.owner,
        "branch": case.branch,
        "cycle": case.cycle,
        "kind": case.kind,
        "channel": case.channel,
        "type": case.type,
        "cause": case.cause,
        "product": case.product,
        "severity": case.severity,
        "customer_ref": case.customer_ref,
        "external_ref": case.external_ref,
        "flags": case.flags,
        "reply_by": case.reply_by,
        "historical": case.historical,
        "satisfaction": case.satisfaction,
        "proposal": case.proposal,
        "received_at": case.received_at,
        "recorded_at": case.recorded_at,
        "updated_at": case.updated_at,
        "deadlines": [
            _deadline(deadline, policies) for deadline in reversed(deadlines) if deadline.status not in _LEFT_OUT
        ],
        "allowed": allowed(case),
    }


def _deadline(deadline: Deadline, policies: Mapping[str, Policy]) -> dict[str, Any]:
    return {
        "kind": deadline.kind,
        "generation": deadline.generation,
        "cycle": deadline.cycle,
        "status": deadline.status.value,
        "started_at": deadline.started_at,
        "due_at": deadline.due_at,
        "ended_at": deadline.ended_at,
        "breached_at": breached_at(deadline),
        "provisional": deadline.provisional,
        "policy": policy_answer(policies[deadline.policy]),
    }


def policy_answer(policy: Policy) -> dict[str, Any]:
    """The shape of PolicyAnswer."""
    return {"name": policy.name, "version": policy.version, "hash": policy.hash}


def listed_deadline(row: Any, policies: Mapping[str, Policy]) -> dict[str, Any]:
    """A row of the deadline list, in the shape of DeadlineListItem. Raises UnknownPolicy."""
    item = dict(row)
    item["kind"] = item.pop("clock")
    policy_hash = item.pop("policy_hash").hex()
    if policy_hash not in policies:
        raise UnknownPolicy(policy_hash)
    item["policy"] = policy_answer(policies[policy_hash])
    return item


def page(items: Iterable[Any], following: str | None) -> dict[str, Any]:
    """What every list answers."""
    return {"items": list(items), "next": following}


def json_response(body: Any, headers: Mapping[str, str] | None = None) -> Response:
    """The body as JSON. asyncpg's rows are written as objects."""
    return Response(orjson.dumps(body, default=_json), 200, headers, "application/json")


def _json(value: Any) -> Any:
    # orjson knows UUID, but not asyncpg's own kind of it.
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, asyncpg.Record):
        return dict(value)
    raise TypeError(f"{type(value).__name__} is no JSON")
