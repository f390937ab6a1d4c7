"""Answers as JSON bytes. Their shapes are described in `shapes`; made here, they need no validation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

import asyncpg
import orjson
from starlette.responses import Response

from amends_domain.case import Case
from amends_domain.clocks import UnknownPolicy
from amends_domain.policy import Policy
from amends_domain.reference import reference_of
from amends_domain.runs import Deadline, Verdict
from amends_domain.transitions import allowed
from amends_workflow.read_model import breached_at

# Runs that were replaced or that nobody waits for any more: the explanation still tells of them.
_LEFT_OUT = frozenset({Verdict.EXTENDED, Verdict.CANCELLED})


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
