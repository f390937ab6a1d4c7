"""Grades: by the policy's rules when a case comes in or more becomes known of it, or raised by a person."""

from __future__ import annotations

from amends_domain.case import ESCALATED, MAJOR, ORDINARY, Case
from amends_domain.commands import Receive
from amends_domain.decisions.ruling import Rejection
from amends_domain.events import CaseEscalated, Event, GradeRaised
from amends_domain.evolve import facts_of
from amends_domain.policy import Policy
from amends_domain.policy_rules import Facts, GradeRule

_RANK = {ORDINARY: 0, ESCALATED: 1, MAJOR: 2}


def grade_at_intake(command: Receive, policy: Policy) -> tuple[str, tuple[Event, ...]]:
    """The grade, and the notices to those whom the rule that gave it wants to know at once."""
    facts: Facts = {
        "channel": command.channel,
        "kind": command.kind,
        "type": command.type,
        "cause": command.cause,
        "product": command.product,
        "severity": command.severity,
        "branch": command.branch,
        "flag": command.flags,
    }
    rule = policy.grading(facts)
    return (ORDINARY, ()) if rule is None else (rule.grade, _notices(rule))


def raised_by_rule(case: Case, grade: str, facts: Facts, policy: Policy) -> tuple[Event, ...]:
    """The events of a case of this grade that, by what is known now, matches another rule than before.

    A higher grade is taken; whoever the rule wants to know at once is told, unless the rule before told them.
    """
    found = policy.grade_of(facts)
    told = _notices(policy.grading(facts_of(case)))
    notices = tuple(notice for notice in _notices(policy.grading(facts)) if notice not in told)
    if _RANK[found] <= _RANK[grade]:
        return notices
    return (GradeRaised(grade=found, previous_grade=grade, by_rule=True), *notices)


def raised_by_person(case: Case, grade: str, reason: str | None) -> tuple[Event, ...] | Rejection:
    """A person may raise a grade with a reason, never lower one. Source: DOMAIN, Grades, kinds, causes."""
    if grade == case.grade:
        return ()
    if _RANK[grade] < _RANK[case.grade]:
        return Rejection("grade-never-lowered", f"The case is {case.grade}: a grade is raised, never lowered.")
    if reason is None:
        return Rejection("reason-missing", "Raising a grade takes a reason.")
    return (GradeRaised(grade=grade, previous_grade=case.grade, reason=reason),)


def is_below(case: Case, grade: str) -> bool:
    return _RANK[case.grade] < _RANK[grade]


def _notices(rule: GradeRule | None) -> tuple[Event, ...]:
    return () if rule is None else tuple(CaseEscalated(role, "notice") for role in rule.notify)
