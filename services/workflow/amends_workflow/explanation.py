"""Why a deadline is due when it is, and how it came to stand as it does: by which rule, from which events."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from amends_domain.case import Case, Mark
from amends_domain.durations import Duration
from amends_domain.firings import breach_step, ladder, warnings
from amends_domain.hindsight import Hindsight
from amends_domain.policy import ClockRule, ExtendByAgreement, Policy
from amends_domain.reference import reference_of
from amends_domain.runs import Deadline
from amends_platform.words import Words
from amends_store.records import StoredEvent
from amends_workflow.answers import policy_answer
from amends_workflow.parameters import PastParameters
from amends_workflow.past import Known
from amends_workflow.read_model import breached_at
from amends_workflow.timing import Move, timing_of
from amends_workflow.wording import in_words


def explain(
    known: Known,
    then: Hindsight,
    deadline: Deadline,
    policies: Mapping[str, Policy],
    wanted: PastParameters,
    said: Words,
) -> dict[str, Any]:
    """The shape of Explanation, of one of the deadlines that there were then. Its text is in the language of `said`."""
    policy = policies[deadline.policy]
    told = timing_of(known.case, then.deadlines, deadline, known.rows)
    basis = told.basis
    skipped = () if basis.counted is None else basis.counted.skipped
    return {
        "case_id": known.case.id,
        "reference": reference_of(known.case.first_position),
        "kind": deadline.kind,
        "generation": deadline.generation,
        "cycle": deadline.cycle,
        "status": deadline.status.value,
        "started_at": deadline.started_at,
        "origin": deadline.origin,
        "term": deadline.term,
        "due_at": deadline.due_at,
        "ended_at": deadline.ended_at,
        "breached_at": breached_at(deadline),
        "provisional": deadline.provisional,
        "owed_by": deadline.rule.owed_by,
        "policy": policy_answer(policy),
        "rule": _rule(deadline.rule),
        "promise": None if deadline.number is None else _promise(deadline.number, known.rows[told.start.version - 1]),
        "started_by": _event(told.start),
        "called_for_by": None if told.called_for is None else _event(told.called_for),
        "ended_by": None if told.end is None else _event(told.end),
        "breach": None if told.breach is None else _event(told.breach),
        "due_by": basis.by,
        "duration": _written(basis.duration),
        "counted_from": basis.counted_from,
        "timezone": str(deadline.calendar.timezone),
        "counted": [] if basis.counted is None else basis.counted.counted,
        "skipped": [{"date": day, "reason": reason} for day, reason in skipped],
        "warnings": [
            {"step": step, "warning": label, "at": at, "issued": step in deadline.issued}
            for step, label, at in warnings(deadline)
        ],
        "reminders": [_event(mark) for mark in told.reminders],
        "ladder": list(_ladder(then.case, deadline)),
        "escalations": [_event(mark) for mark in told.escalations],
        "extensions": [_extension(move) for move in told.moves],
        "as_of": wanted.as_of,
        "valid_at": wanted.valid_at,
        "text": in_words(said, known.case, deadline, policy, told, wanted),
    }


def _ladder(case: Case, deadline: Deadline) -> Iterator[dict[str, Any]]:
    """The steps that were taken, whatever the grade was then, and those to come."""
    to_come = deadline.ended_at is None
    for number, rule in enumerate(deadline.rule.ladder, breach_step(deadline) + 1):
        on_this_case = any(step == number for step, _, _ in ladder(deadline, case.grade))
        if number in deadline.issued or (to_come and on_this_case):
            yield {
                "step": number,
                "label": rule.label,
                "to": rule.to,
                "at": rule.at(deadline.due_at, deadline.calendar),
                "issued": number in deadline.issued,
            }


def _extension(move: Move) -> dict[str, Any]:
    return {
        "generation": move.before.generation,
        "due_at": move.before.due_at,
        "moved_to": move.now.due_at,
        "later": move.now.due_at > move.before.due_at,
        "status": move.before.status.value,
        "why": move.why,
        "by": _event(move.mark),
        "contact": None if move.contact is None else _event(move.contact),
    }


def _promise(number: int, row: StoredEvent) -> dict[str, Any]:
    data = orjson.loads(row.data)
    return {
        "number": number,
        "by": data.get("promised_by") or data.get("owner"),
        "from_case": data.get("from_case"),
    }


def _rule(rule: ClockRule) -> dict[str, Any]:
    extend: Any = None
    if isinstance(rule.extend, ExtendByAgreement):
        extend = {
            "requires": rule.extend.requires,
            "before_due": rule.extend.before_due,
            "at_most": _written(rule.extend.at_most),
        }
    elif rule.extend is not None:
        extend = [
            {"to": _written(longer.to), "flag": longer.flag, "approval": longer.approval, "action": longer.action}
            for longer in rule.extend
        ]
    return {
        "from": rule.from_event,
        "stop": sorted(rule.stop),
        "due": str(rule.due),
        "at_most": _written(rule.at_most),
        "urgent": _written(rule.urgent),
        "warn": [warning.label for warning in rule.warnings],
        "extend": extend,
        "when": {fact: sorted(accepted) for fact, accepted in rule.when.conditions},
        "owed_by": rule.owed_by,
        "ladder": [{"at": step.label, "to": step.to, "grades": sorted(step.grades)} for step in rule.ladder],
        "source": rule.source,
        "pack": rule.pack,
    }


def _written(duration: Duration | None) -> str | None:
    return None if duration is None else str(duration)


def _event(mark: Mark) -> dict[str, Any]:
    return {
        "position": mark.position,
        "version": mark.version,
        "type": mark.type,
        "occurred_at": mark.occurred_at,
        "recorded_at": mark.recorded_at,
        "actor": mark.actor,
    }
