"""Who is answerable: assignment, and hand-offs that count only when they are accepted. Source: DOMAIN, People."""

from __future__ import annotations

from amends_domain.access.roles import AGENT
from amends_domain.case import Case, HandOff
from amends_domain.commands import AcceptHandOff, Assign, HandOver, RefuseHandOff
from amends_domain.decisions.recusal import recused
from amends_domain.decisions.ruling import Context, Decision, Rejection
from amends_domain.events import HandOffAccepted, HandOffOffered, HandOffRefused, OwnerAssigned


def assign(case: Case, command: Assign, _context: Context) -> Decision:
    if command.owner == case.owner:
        return _already_owner(case)
    if command.owner in case.complained_of:
        return recused(command.owner, "own")
    return (OwnerAssigned(owner=command.owner, previous_owner=case.owner, reason=command.reason),)


def hand_over(case: Case, command: HandOver, context: Context) -> Decision:
    if command.to_person == case.owner:
        return _already_owner(case)
    if command.to_person is not None and command.to_person in case.complained_of:
        return recused(command.to_person, "own")
    return (
        HandOffOffered(
            offered_by=context.actor.id,
            to_person=command.to_person,
            to_department=command.to_department,
            reason=command.reason,
        ),
    )


def accept(case: Case, _command: AcceptHandOff, context: Context) -> Decision:
    person = context.actor.id
    if person == case.owner:
        return _already_owner(case)
    if person in case.complained_of:
        return recused(person, "own")
    assert case.hand_off is not None, "the table lets accept through only with a hand-off pending"
    if case.hand_off.to_person not in (None, person):
        return _not_the_receiver(case.hand_off)
    return (HandOffAccepted(owner=person, previous_owner=case.owner),)


def refuse(case: Case, command: RefuseHandOff, context: Context) -> Decision:
    """Whoever was asked refuses; whoever asked takes it back."""
    person, offer = context.actor.id, case.hand_off
    assert offer is not None, "the table lets refuse through only with a hand-off pending"
    was_asked = offer.to_person == person or (offer.to_person is None and context.actor.role != AGENT)
    if not was_asked and person not in (offer.offered_by, case.owner):
        return _not_the_receiver(offer)
    return (HandOffRefused(refused_by=person, reason=command.reason),)


def _already_owner(case: Case) -> Rejection:
    return Rejection("already-owner", f"{case.owner} owns this case already.")


def _not_the_receiver(offer: HandOff) -> Rejection:
    receiver = offer.to_person or f"the department {offer.to_department}"
    return Rejection("not-the-receiver", f"The case was offered to {receiver}.")
