"""Staff whom a complaint names: what they may not do, who takes their place, who is told. Source: DOMAIN, People."""

from __future__ import annotations

from collections.abc import Collection

from amends_domain.case import Case
from amends_domain.decisions.ruling import Context, Rejection
from amends_domain.events import CaseEscalated, Event, HandOffRefused, OwnerAssigned

# Owning is refused where somebody would become the owner: assign, hand-off, accept.
RECUSED_FROM = frozenset(
    {
        "investigate",
        "propose",
        "approve",
        "reject",
        "on-the-spot",
        "follow-up",
        "withdraw",
        "close-unsatisfied",
        "merge",
        "extend",
        "retime",
        "release-hold",
        "request-erasure",
        "approve-erasure",
    }
)

HEAD_OF_UNIT = "head_of_unit"
_ABOVE_HEAD_OF_UNIT = ("department_manager", "vice_president", "head_office")


def recused(person: str, doing: str) -> Rejection:
    return Rejection("recused", f"The complaint names {person}, who therefore may not {doing} it.")


def responsible(branch: str, complained_of: Collection[str], context: Context) -> tuple[str, str]:
    """(role, person) answerable for a unit whose staff are complained of: its head, or the first above the head whom
    the complaint does not name.

    A person whom the policy does not name is called after the role and the branch.
    """
    head = context.policy.heads.get(branch) or f"{HEAD_OF_UNIT}:{branch}"
    above = [(role, f"{role}:{branch}") for role in _ABOVE_HEAD_OF_UNIT]
    unnamed = (each for each in ((HEAD_OF_UNIT, head), *above) if each[1] not in complained_of)
    return next(unnamed, above[-1])


def first_owner(branch: str, complained_of: Collection[str], context: Context) -> str:
    """First-inquiry duty: whoever takes the first contact owns the case, unless they are complained of."""
    if context.actor.id not in complained_of:
        return context.actor.id
    return responsible(branch, complained_of, context)[1]


def notices_of_recusal(branch: str, complained_of: Collection[str], context: Context) -> tuple[Event, ...]:
    """The head of the unit is told that somebody of theirs is complained of."""
    if not complained_of:
        return ()
    role, _ = responsible(branch, complained_of, context)
    return (CaseEscalated(role, "recusal"),)


def steps_aside(case: Case, complained_of: Collection[str], context: Context) -> tuple[Event, ...]:
    """What follows when staff are named who were not before: an owner among them gives the case up at once."""
    if all(person in case.complained_of for person in complained_of):
        return ()
    everybody = {*case.complained_of, *complained_of}
    events: list[Event] = []
    if case.hand_off is not None and case.hand_off.to_person in everybody:
        events.append(HandOffRefused(refused_by=context.actor.id))
    if case.owner in everybody:
        _, person = responsible(case.branch, everybody, context)
        events.append(OwnerAssigned(owner=person, previous_owner=case.owner))
    return (*events, *notices_of_recusal(case.branch, everybody, context))
