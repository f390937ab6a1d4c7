"""Cases that belong together: merging, links, mass incidents.

Source: DOMAIN, the life of a case: merge; Grades, kinds, causes: mass incident.
"""

from __future__ import annotations

from dataclasses import replace

from amends_domain import clocks
from amends_domain.access.judging import may
from amends_domain.case import ALL_BRANCHES, COMPLAINT, INCIDENT, Case
from amends_domain.commands import CloseIncident, Link, Merge, OpenIncident
from amends_domain.decisions.grading import is_below
from amends_domain.decisions.life import put_again
from amends_domain.decisions.recusal import recused, steps_aside
from amends_domain.decisions.ruling import Context, Decision, Rejection
from amends_domain.events import (
    CallbackAgreed,
    CaseAbsorbed,
    CaseClassified,
    CaseLinked,
    Event,
    FlagsChanged,
    GradeRaised,
    IncidentClosed,
    IncidentOpened,
    LinkedToIncident,
    MergedInto,
    PromiseMade,
)
from amends_domain.identity import is_personal
from amends_domain.reference import reference_of
from amends_domain.runs import Deadline, Verdict

REPEAT = "repeat"


def merge(case: Case, command: Merge, context: Context) -> Decision:
    """The case goes on as the one that the same customer raised first: no deadline may be lost by it.

    Recorded together with what `absorb` answers for the other case, or not at all.
    """
    other = context.other
    if other is None:
        return Rejection("no-such-case", "There is no such case to merge into.")
    if other.id == case.id:
        return Rejection("same-case", "A case is not merged into itself.")
    if not may(context.actor.grants, command.NAME, other.branch).is_permitted:
        return Rejection("other-branch", f"Your key is for branch {context.actor.branch}; {_name(other)} is not there.")
    # Only now: whose another branch's case is, is nobody's to try out.
    if other.customer_ref != case.customer_ref:
        return Rejection("other-customer", "The two cases are not the same customer's.")
    if not other.is_open:
        return Rejection("survivor-closed", f"{_name(other)} is {other.status.value}: reopen it first.")
    if other.kind != case.kind and case.kind == COMPLAINT:
        return Rejection("survivor-no-complaint", f"{_name(other)} is an {other.kind}: a complaint stays a complaint.")
    if (other.received_at, other.first_position) > (case.received_at, case.first_position):
        return Rejection(
            "survivor-later", f"{_name(other)} came later: merge that one into this, whose clocks are due."
        )
    if context.actor.id in other.complained_of:
        return recused(context.actor.id, "merge")
    lost = _lost(case, other, context)
    if lost is not None:
        return Rejection(
            "deadline-would-be-lost",
            f"{lost.kind} is due at {lost.due_at.isoformat()} here, and not by then on {_name(other)}.",
        )
    return (MergedInto(into=str(other.id), into_reference=_name(other), reason=command.reason),)


def absorb(survivor: Case, merged: Case, context: Context) -> tuple[Event, ...]:
    """What merging `merged` records on the case that goes on: all that the customer was told stays owed."""
    events: list[Event] = [CaseAbsorbed(case=str(merged.id), reference=_name(merged))]
    for number, promise in enumerate(merged.open_promises, survivor.promises + 1):
        events.append(PromiseMade(number, promise.due_at, promised_by=promise.by, from_case=str(merged.id)))
    agreed = _callback(merged, context)
    if agreed is not None and agreed.due_at > context.now:
        own = _callback(survivor, context)
        if own is None or own.due_at > agreed.due_at:
            events.append(CallbackAgreed(at=agreed.due_at))
    # What the merged case repeats is most often this very case, which then is the first of its kind.
    flags = tuple(flag for flag in merged.flags if flag not in (*survivor.flags, REPEAT))
    if flags:
        known = replace(survivor, flags=(*survivor.flags, *flags))
        events += (FlagsChanged(added=flags), *put_again(survivor, known, context))
    if merged.incident is not None and survivor.incident is None:
        events.append(LinkedToIncident(incident=merged.incident))
    if is_below(survivor, merged.grade):
        events.append(GradeRaised(grade=merged.grade, previous_grade=survivor.grade, by_rule=True))
    named = tuple(person for person in merged.complained_of if person not in survivor.complained_of)
    if named:
        events.append(CaseClassified(complained_of=named))
    return (*events, *steps_aside(survivor, named, context))


def _callback(case: Case, context: Context) -> Deadline | None:
    found = clocks.current(clocks.obligations(case, context.policies), case.cycle)
    return found if found is not None and found.ended_at is None else None


def _lost(case: Case, other: Case, context: Context) -> Deadline | None:
    """A deadline that would end with this case and that the other does not have, or has for later.

    One that passed unstopped is owed still: what is overdue is not settled by being filed elsewhere.
    """
    others = {
        d.kind: d
        for d in clocks.obligations(other, context.policies)
        if d.cycle == other.cycle and d.status is not Verdict.CANCELLED
    }
    for deadline in clocks.obligations(case, context.policies):
        if deadline.ended_at is not None or deadline.rule.is_promised:
            continue
        counterpart = others.get(deadline.kind)
        if deadline.rule.is_agreed:
            if not _calls_back(deadline, counterpart, context):
                return deadline
        elif counterpart is None or (counterpart.status is Verdict.PENDING and counterpart.due_at > deadline.due_at):
            return deadline
    return None


def _calls_back(deadline: Deadline, counterpart: Deadline | None, context: Context) -> bool:
    """Whether the customer who waits for this callback is called: at its time, which goes along, or by the other's."""
    if deadline.due_at > context.now:
        return True
    return counterpart is not None and (counterpart.ended_at is None or counterpart.ended_at >= deadline.origin)


def link(case: Case, command: Link, context: Context) -> Decision:
    other = context.other
    if other is None:
        return Rejection("no-such-case", "There is no such case to link to.")
    if other.id == case.id:
        return Rejection("same-case", "A case is not linked to itself.")
    # An incident of all branches is anybody's.
    if other.branch != ALL_BRANCHES and not may(context.actor.grants, command.NAME, other.branch).is_permitted:
        return Rejection("other-branch", f"Your key is for branch {context.actor.branch}; {_name(other)} is not there.")
    if other.kind == INCIDENT:
        return _join(case, other)
    if str(other.id) in case.links:
        return Rejection("nothing-changes", f"The case is linked to {_name(other)} already.")
    return (CaseLinked(case=str(other.id), reference=_name(other), relation=command.relation),)


def _join(case: Case, incident: Case) -> Decision:
    if case.kind != COMPLAINT:
        return Rejection("not-a-complaint", "Only complaints belong to a mass incident.")
    if not incident.is_open:
        return Rejection("incident-closed", f"The incident {_name(incident)} is closed.")
    if case.incident is not None:
        return Rejection("nothing-changes", "The case belongs to a mass incident already.")
    return (LinkedToIncident(incident=str(incident.id)),)


def open_incident(command: OpenIncident, context: Context) -> Decision:
    branch = command.branch or context.actor.branch or ALL_BRANCHES
    if is_personal(command.title):
        return Rejection(
            "title-personal", "The title stays readable for ever: say it without an e-mail address or telephone number."
        )
    return (
        IncidentOpened(
            title=command.title,
            same=command.same,
            value=command.value,
            branch=branch,
            owner=context.actor.id,
        ),
    )


def close_incident(_case: Case, command: CloseIncident, _context: Context) -> Decision:
    return (IncidentClosed(reason=command.reason),)


def _name(case: Case) -> str:
    return reference_of(case.first_position)
