"""Answers as JSON bytes. Their shapes are described in `shapes`; made here, they need no validation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any
from uuid import UUID

import asyncpg
import orjson
from starlette.responses import Response

from amends_domain.case import Case
from amends_domain.clocks import UnknownPolicy
from amends_domain.events import PromiseMade
from amends_domain.late_entries import late_entries
from amends_domain.policy import Policy
from amends_domain.reference import reference_of
from amends_domain.runs import Deadline, Verdict
from amends_domain.transitions import allowed
from amends_workflow.read_model import breached_at
from amends_workflow.relations import Relations, repeat_of

# Runs that were replaced or that nobody waits for any more: the explanation still tells of them.
_LEFT_OUT = frozenset({Verdict.EXTENDED, Verdict.CANCELLED})


# A promise that was broken is broken, also when it was kept later.
_PROMISES = {
    Verdict.PENDING: "open",
    Verdict.MET: "kept",
    Verdict.BREACHED: "broken",
    Verdict.CANCELLED: "cancelled",
}


def case_answer(
    case: Case,
    deadlines: tuple[Deadline, ...],
    policies: Mapping[str, Policy],
    relations: Relations,
    *,
    shows_staff: bool,
) -> dict[str, Any]:
    """The shape of CaseAnswer. `shows_staff`: whether staff whom the complaint names are told. Raises UnknownPolicy."""
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
        "hand_offs": case.hand_offs,
        "hand_off": None if case.hand_off is None else case.hand_off._asdict(),
        "escalations": case.escalations,
        "corrections": case.corrections,
        "held": case.held,
        "erasure_requested_by": None if case.erasure is None else case.erasure.requested_by,
        "erased_at": case.erased_at,
        "late_entries": len(late_entries(case, policies)),
        "promises": _promises(case, deadlines),
        "countermeasures": [
            {"number": planned.number, "due_at": planned.due_at, "owner": planned.by}
            for planned in case.open_countermeasures
        ],
        "desired_outcomes": case.desired_outcomes,
        "complained_of": case.complained_of if shows_staff else None,
        "repeat_of": _of(relations, repeat_of(case)),
        "incident": None if case.incident is None else relations.incident(case.incident),
        "incident_of": None if case.incident_of is None else case.incident_of._asdict(),
        "children": relations.children,
        "merged_into": _of(relations, case.merged_into),
        "absorbed": [relations.case(other) for other in case.absorbed],
        "links": [relations.case(other) for other in case.links],
        "playbook": _playbook(case, policies),
    }


def _of(relations: Relations, case_id: str | None) -> dict[str, Any] | None:
    return None if case_id is None else relations.case(case_id)


def _promises(case: Case, deadlines: tuple[Deadline, ...]) -> list[dict[str, Any]]:
    by = {promise.number: promise.by for promise in case.open_promises}
    # The latest run of each: a promise may have been timed anew.
    latest = {each.number: each for each in deadlines if each.rule.from_event == PromiseMade.TYPE}
    return [
        {
            "number": number,
            "due_at": each.due_at,
            "status": _PROMISES.get(each.status, each.status.value),
            "open": number in by,
            "promised_by": by.get(number) if number is not None else None,
        }
        for number, each in latest.items()
    ]


def _playbook(case: Case, policies: Mapping[str, Policy]) -> dict[str, Any] | None:
    """What the policy that judged last says of this type of complaint, by language."""
    latest = next((mark.policy for mark in reversed(case.marks) if mark.policy is not None), None)
    if latest is None or case.type is None:
        return None
    if latest not in policies:
        raise UnknownPolicy(latest)
    languages = policies[latest].playbooks.get(case.type)
    return None if languages is None else {name: asdict(playbook) for name, playbook in languages.items()}


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
        "number": deadline.number,
        "owed_by": deadline.rule.owed_by,
        "pack": deadline.rule.pack,
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
    return Response(json_bytes(body), 200, headers, "application/json")


def json_bytes(body: Any) -> bytes:
    """As `json_response` writes it."""
    return orjson.dumps(body, default=_json)


def _json(value: Any) -> Any:
    # orjson knows UUID, but not asyncpg's own kind of it.
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, asyncpg.Record):
        return dict(value)
    raise TypeError(f"{type(value).__name__} is no JSON")
