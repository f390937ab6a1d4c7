"""What the read model holds of a case, as rows, and how a batch of them is written."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import orjson

from amends_domain.case import Case
from amends_domain.firings import Firing, firings
from amends_domain.owing import still_owed
from amends_domain.policy import Policy
from amends_domain.reference import reference_of
from amends_domain.runs import Deadline, Verdict
from amends_platform.matching import matching_row
from amends_store.read import Executor
from amends_workflow.links import Linked, link_timers, recorded_at, unfinished
from amends_workflow.statements import statement

_WRITE_CASES = statement("write_cases")
_WRITE_DEADLINES = statement("write_deadlines")
_WRITE_TIMERS = statement("write_timers")

Row = dict[str, Any]


class Projected(NamedTuple):
    """A case with what follows from it. `correlation_id` is that of its last event. `is_new`: its first event is in
    this batch."""

    case: Case
    deadlines: tuple[Deadline, ...]
    tenant: str
    correlation_id: UUID
    is_new: bool = False


async def write_cases(conn: Executor, rows: list[Row]) -> list[Any]:
    """Make these rows of `cases` what they say, in `conn`'s transaction; each case is among them once.

    Answers what each was found by before.
    """
    before: list[Any] = await conn.fetch(_WRITE_CASES, as_json(rows))
    return before


async def write_clocks(conn: Executor, batch: list[Projected], linked: Linked) -> None:
    """Make the deadlines and timers of these cases what the batch, and what was worked out of their links, says."""
    ids = [projected.case.id for projected in batch]
    deadlines = [deadline_row(p, deadline) for p in batch for deadline in p.deadlines]
    timers = [timer_row(p, firing) for p in batch for firing in firings(p.case, p.deadlines)]
    incidents = await recorded_at(conn, linked)
    for p in batch:
        timers += link_timers(p.case, p.tenant, p.correlation_id, linked.owed[p.case.id], incidents)
    await conn.execute(_WRITE_DEADLINES, ids, as_json(deadlines))
    await conn.execute(_WRITE_TIMERS, ids, as_json(timers))


def case_row(projected: Projected, policies: Mapping[str, Policy]) -> Row:
    """The case's row in `cases`. Raises UnknownPolicy."""
    matching = matching_row(projected.case, projected.tenant, policies, is_new=projected.is_new)
    return listed_row(projected) | matching


def listed_row(projected: Projected) -> Row:
    """What lists tell of the case: all of its row but what other cases find it by."""
    case = projected.case
    first = next(iter(still_owed(case, projected.deadlines)), None)
    return {
        "id": case.id,
        "tenant": projected.tenant,
        "reference": reference_of(case.first_position),
        "first_position": case.first_position,
        "version": case.version,
        "position": case.position,
        "state": case.status,
        "cycle": case.cycle,
        "kind": case.kind,
        "channel": case.channel,
        "type": case.type,
        "cause": case.cause,
        "branch": case.branch,
        "owner": case.owner,
        "grade": case.grade,
        "flags": case.flags,
        "customer_ref": case.customer_ref,
        "external_ref": case.external_ref,
        "historical": case.historical,
        "breached": any(d.status is Verdict.BREACHED and not d.is_customers for d in projected.deadlines),
        "next_due_at": None if first is None else first.due_at,
        "next_due_clock": None if first is None else first.kind,
        "received_at": case.received_at,
        "recorded_at": case.recorded_at,
        "updated_at": case.updated_at,
        "hand_offs": case.hand_offs,
        "escalations": case.escalations,
        "incident": case.incident,
        "merged_into": case.merged_into,
    }


def breached_at(deadline: Deadline) -> datetime | None:
    """When the deadline was broken: the instant it fell due, whenever that was noticed. None when it was not."""
    return deadline.due_at if deadline.status is Verdict.BREACHED else None


def deadline_row(projected: Projected, deadline: Deadline) -> Row:
    """A deadline's row in `deadlines`."""
    return {
        "case_id": projected.case.id,
        "clock": deadline.kind,
        "generation": deadline.generation,
        "tenant": projected.tenant,
        "branch": projected.case.branch,
        "cycle": deadline.cycle,
        "status": deadline.status,
        "started_at": deadline.started_at,
        "due_at": deadline.due_at,
        "ended_at": deadline.ended_at,
        "breached_at": breached_at(deadline),
        "breach_recorded": deadline.breach_recorded,
        "policy_hash": _bytea(deadline.policy),
        "provisional": deadline.provisional,
    }


def timer_row(projected: Projected, firing: Firing) -> Row:
    """A firing's row in `timers`."""
    deadline = firing.deadline
    return {
        "case_id": projected.case.id,
        "clock": deadline.kind,
        "generation": deadline.generation,
        "step": firing.step,
        "tenant": projected.tenant,
        "event_type": firing.event.TYPE,
        "fires_at": firing.at,
        "case_version": projected.case.version,
        "policy_hash": _bytea(deadline.policy),
        "correlation_id": projected.correlation_id,
        "data": unfinished(firing.event),
    }


def _bytea(policy: str) -> str:
    return "\\x" + policy


def as_json(rows: Row | list[Row]) -> str:
    """Rows, or one, as the statements take them."""
    return orjson.dumps(rows, default=_uuid).decode()


def _uuid(value: Any) -> str:
    # orjson knows UUID, but not asyncpg's own kind of it.
    if isinstance(value, UUID):
        return str(value)
    raise TypeError(f"{type(value).__name__} is no JSON")
