"""What becomes known of a case: its kind, type and cause, flags, staff it names, mistakes in entries, notes."""

from __future__ import annotations

from dataclasses import replace

from amends_domain.case import COMPLAINT, ESCALATED, Case
from amends_domain.commands import AddNote, ChangeFlags, Classify, Correct, Escalate
from amends_domain.decisions.grading import is_below, raised_by_person, raised_by_rule
from amends_domain.decisions.life import put_again
from amends_domain.decisions.recusal import steps_aside
from amends_domain.decisions.ruling import Context, Decision, Rejection
from amends_domain.events import (
    CaseClassified,
    CaseEscalated,
    DeadlineBreached,
    EntryCorrected,
    Event,
    FlagsChanged,
    GradeRaised,
    NoteAdded,
    Reclassified,
    ReminderIssued,
)
from amends_domain.evolve import facts_of

_FIRED = frozenset({ReminderIssued.TYPE, DeadlineBreached.TYPE})


def classify(case: Case, command: Classify, context: Context) -> Decision:
    if command.kind is not None and command.kind != case.kind and case.kind == COMPLAINT:
        return Rejection("kind-never-lowered", "A complaint stays one: it is withdrawn or resolved, not renamed.")
    graded = raised_by_person(case, command.grade, command.reason) if command.grade is not None else ()
    if isinstance(graded, Rejection):
        return graded
    told = {name: getattr(command, name) for name in ("type", "cause", "product", "severity")}
    named = tuple(person for person in command.complained_of if person not in case.complained_of)
    events: list[Event] = []
    if command.kind is not None and command.kind != case.kind:
        events.append(Reclassified(command.kind, case.kind, reason=command.reason))
    if named or command.desired_outcomes is not None or any(value is not None for value in told.values()):
        events.append(
            CaseClassified(
                **told,
                desired_outcomes=command.desired_outcomes,
                complained_of=named,
                reason=command.reason,
            )
        )
    events += graded
    if not events:
        return Rejection("nothing-changes", "All of this is known already.")
    known = replace(
        case,
        kind=command.kind or case.kind,
        **{name: value for name, value in told.items() if value is not None},
    )
    grade = command.grade or case.grade
    return (
        *events,
        *raised_by_rule(case, grade, facts_of(known), context.policy),
        *put_again(case, known, context),
        *steps_aside(case, named, context),
    )


def change_flags(case: Case, command: ChangeFlags, context: Context) -> Decision:
    added = tuple(flag for flag in dict.fromkeys(command.add) if flag not in case.flags)
    removed = tuple(flag for flag in dict.fromkeys(command.remove) if flag in case.flags)
    if not added and not removed:
        return Rejection("nothing-changes", "These flags stand so already.")
    flags = tuple(flag for flag in (*case.flags, *added) if flag not in removed)
    known = replace(case, flags=flags)
    changed = FlagsChanged(added, removed, reason=command.reason)
    raised = raised_by_rule(case, case.grade, facts_of(known), context.policy)
    return (changed, *raised, *put_again(case, known, context))


def escalate(case: Case, command: Escalate, context: Context) -> Decision:
    """The level that has the case cannot settle it: the next one is told, and the grade says so."""
    roles = context.policy.ladder_roles
    furthest = max((roles.index(role) for role in case.escalated_to if role in roles), default=-1)
    to = command.to or (roles[min(furthest + 1, len(roles) - 1)] if roles else None)
    if to is None:
        return Rejection("no-ladder", "The policy has no ladder: say whom to escalate to.")
    escalated = CaseEscalated(to, "asked", reason=command.reason)
    if not is_below(case, ESCALATED):
        return (escalated,)
    return (escalated, GradeRaised(grade=ESCALATED, previous_grade=case.grade, reason=command.reason))


def correct(case: Case, command: Correct, _context: Context) -> Decision:
    wrong = next((mark for mark in case.marks if mark.position == command.position), None)
    if wrong is None:
        return Rejection("no-such-entry", f"Position {command.position} is no entry of this case.")
    # What the system wrote is no entry of anybody's: a breach stays a breach, and a step of a ladder one.
    if wrong.type in _FIRED or (wrong.type == CaseEscalated.TYPE and wrong.note is not None):
        return Rejection(
            "not-an-entry", f"A {wrong.type} follows from the rules: nobody entered it, nobody corrects it."
        )
    return (EntryCorrected(corrects=wrong.version, position=wrong.position, text=command.text),)


def add_note(_case: Case, command: AddNote, _context: Context) -> Decision:
    return (NoteAdded(text=command.text),)
