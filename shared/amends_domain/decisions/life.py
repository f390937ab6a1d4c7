"""The life of a case: receiving, the six steps and one, and the ways out. Source: DOMAIN, the life of a case."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal

from amends_domain.case import Case, Proposal, Status
from amends_domain.commands import (
    Approve,
    CloseUnsatisfied,
    FollowUp,
    Investigate,
    Propose,
    Receive,
    Reject,
    ResolveOnTheSpot,
)
from amends_domain.decisions.clear_text import gives_away
from amends_domain.decisions.grading import grade_at_intake
from amends_domain.decisions.recusal import first_owner, notices_of_recusal
from amends_domain.decisions.ruling import CLOCK_SKEW_MAX, Context, Decision, Rejection, in_the_past
from amends_domain.events import (
    ApologyGiven,
    CaseEscalated,
    ClosedUnsatisfied,
    ComplaintReceived,
    CountermeasurePlanned,
    CustomerConfirmed,
    Event,
    FollowedUp,
    FollowUpFailed,
    InvestigationCompleted,
    ProposalApproved,
    ProposalRejected,
    ResolutionProposed,
    UnsatisfiedClosureApproved,
    UnsatisfiedClosureRequested,
)
from amends_domain.policy_measures import ANSWERS, indicators_of
from amends_domain.policy_rules import ROLES

# A proposal of this kind offers nothing. To a persistent customer it takes an approval, so that no case is closed by
# whoever has had enough of it.
REFUSAL = "refusal"
PERSISTENT = "persistent"
_REFUSALS_APPROVED_BY = "department_head"


def receive(command: Receive, context: Context) -> Decision:
    now = context.now
    if command.occurred_at is not None and command.occurred_at > now + CLOCK_SKEW_MAX:
        return Rejection("in-the-future", f"occurred_at is {command.occurred_at.isoformat()}, which has not come yet.")
    if command.reply_by is not None and command.reply_by <= now and not command.historical:
        return in_the_past(command.reply_by, "a customer asks for a reply by a time to come")
    grade, notices = grade_at_intake(command, context.policy)
    received = ComplaintReceived(
        channel=command.channel,
        branch=command.branch,
        customer_ref=command.customer_ref,
        owner=first_owner(command.branch, command.complained_of, context),
        grade=grade,
        kind=command.kind,
        type=command.type,
        cause=command.cause,
        product=command.product,
        severity=command.severity,
        desired_outcomes=command.desired_outcomes,
        complained_of=command.complained_of,
        flags=command.flags,
        reply_by=command.reply_by,
        external_ref=command.external_ref,
        historical=command.historical,
        narrative=command.narrative,
        customer=command.customer,
    )
    refused = gives_away((received,), command.customer)
    if refused is not None:
        return refused
    if command.historical:
        # Nobody is alarmed by the past.
        return (received,)
    return (received, *notices, *notices_of_recusal(command.branch, command.complained_of, context))


def investigate(case: Case, command: Investigate, context: Context) -> Decision:
    number = case.countermeasures
    planned: list[Event] = []
    for measure in command.countermeasures:
        if measure.due_at is None:
            continue
        if measure.due_at <= context.now:
            return in_the_past(measure.due_at, "a countermeasure is carried out by a time to come")
        number += 1
        planned.append(CountermeasurePlanned(number, measure.owner or case.owner, measure.due_at, measure.text))
    found = InvestigationCompleted(
        cause=command.cause,
        at_fault=command.at_fault,
        findings=command.findings,
        countermeasures=tuple(measure.text for measure in command.countermeasures),
    )
    return (found, *planned)


def propose(case: Case, command: Propose, context: Context) -> Decision:
    approval_by = context.policy.authority.approval_needed(context.actor.role, command.amount, case.type)
    if approval_by is None and _takes_approval(case, command.kind):
        approval_by = _REFUSALS_APPROVED_BY
    return (
        ResolutionProposed(
            kind=command.kind,
            amount=None if command.amount is None else str(command.amount),
            currency=command.currency,
            proposed_by=context.actor.id,
            approval_by=approval_by,
            text=command.text,
        ),
    )


def put_again(case: Case, known: Case, context: Context) -> tuple[Event, ...]:
    """The proposal on the table once more, if by what is `known` now it takes an approval that it has not had.

    The customer is not told of it in between. Source: DOMAIN, People: authority.
    """
    proposal = case.proposal
    if proposal is None or case.status is not Status.PROPOSED:
        return ()
    needed = _approval_whoever_proposes(known, proposal, context)
    had = proposal.approval_by or proposal.approved_as
    if needed is None or (had is not None and ROLES.index(had) >= ROLES.index(needed)):
        return ()
    return (
        ResolutionProposed(
            kind=proposal.kind,
            amount=proposal.amount,
            currency=proposal.currency,
            proposed_by=proposal.proposed_by,
            approval_by=needed,
        ),
    )


def _approval_whoever_proposes(case: Case, proposal: Proposal, context: Context) -> str | None:
    """The approval that such a proposal takes for what the case is, and not for what its proposer may offer."""
    authority, highest = context.policy.authority, ROLES[-1]
    if authority.approval_needed(highest, None, case.type) is not None:
        return authority.approval_needed(highest, _amount(proposal), case.type)
    return _REFUSALS_APPROVED_BY if _takes_approval(case, proposal.kind) else None


def _amount(proposal: Proposal) -> Decimal | None:
    return None if proposal.amount is None else Decimal(proposal.amount)


def _takes_approval(case: Case, kind: str) -> bool:
    return kind == REFUSAL and PERSISTENT in case.flags


def approve(case: Case, command: Approve, context: Context) -> Decision:
    refused = _cannot_settle(case, context, "approve")
    return refused or (ProposalApproved(approved_by=context.actor.id, reason=command.reason),)


def reject(case: Case, command: Reject, context: Context) -> Decision:
    refused = _cannot_settle(case, context, "reject")
    return refused or (ProposalRejected(rejected_by=context.actor.id, reason=command.reason),)


def _cannot_settle(case: Case, context: Context, verb: str) -> Rejection | None:
    proposal, role = case.proposal, context.actor.role
    assert proposal is not None, "the table lets approve and reject through only with a proposal pending"
    if not _may_settle(case, proposal, role, context):
        return Rejection(
            "beyond-authority", f"To {verb} this proposal takes the authority of a {proposal.approval_by}."
        )
    if proposal.proposed_by == context.actor.id:
        return Rejection("own-proposal", f"Nobody may {verb} a proposal of their own.")
    return None


def _may_settle(case: Case, proposal: Proposal, role: str, context: Context) -> bool:
    # What was found to take somebody's approval still does when the case is called something else since.
    least = [
        proposal.approval_by or ROLES[0],
        *([_REFUSALS_APPROVED_BY] if _takes_approval(case, proposal.kind) else []),
    ]
    if role not in ROLES or ROLES.index(role) < max(map(ROLES.index, least)):
        return False
    return context.policy.authority.may_approve(role, _amount(proposal), case.type)


def resolve_on_the_spot(case: Case, command: ResolveOnTheSpot, context: Context) -> Decision:
    """The steps of one conversation. What needs an approval cannot be promised in it."""
    found = investigate(case, command.investigation, context)
    proposed = propose(case, command.proposal, context)
    if isinstance(found, Rejection) or isinstance(proposed, Rejection):
        return found if isinstance(found, Rejection) else proposed
    offer = proposed[0]
    assert isinstance(offer, ResolutionProposed)
    if offer.approval_by is not None:
        return Rejection(
            "approval-pending",
            f"This takes the approval of a {offer.approval_by} before the customer is told of it: "
            "it cannot be settled on the spot.",
        )
    apology, confirmation = command.apology, command.confirmation
    return (
        ApologyGiven(by_channel=apology.by_channel, text=apology.text),
        *found,
        offer,
        CustomerConfirmed(by_channel=confirmation.by_channel, on_the_spot=True, text=confirmation.text),
    )


def follow_up(_case: Case, command: FollowUp, context: Context) -> Decision:
    refused = _cannot_answer(command, context)
    if refused is not None:
        return refused
    if not command.executed:
        return (FollowUpFailed(satisfaction=command.satisfaction, text=command.text),)
    if command.satisfaction is None:
        return Rejection("satisfaction-missing", "A follow-up carries the customer's satisfaction, 1 to 10.")
    answers = dict(sorted(command.answers.items())) if command.answers else None
    return (FollowedUp(satisfaction=command.satisfaction, answers=answers, text=command.text),)


def _cannot_answer(command: FollowUp, context: Context) -> Rejection | None:
    """Why these answers are not taken: the policy asks for none of that name, or it is too early to ask."""
    if not command.answers:
        return None
    if not command.executed:
        return Rejection("answers-too-early", "Customers are asked more once the solution was carried out.")
    known = indicators_of(context.policy.sections)
    unknown = sorted(command.answers.keys() - known)
    if unknown:
        listed = f"it asks for {', '.join(sorted(known))}" if known else "it has no satisfaction index"
        return Rejection("no-such-indicator", f"The policy does not ask for that: {listed}.")
    wrong = sorted(name for name, answer in command.answers.items() if answer not in ANSWERS)
    if wrong:
        return Rejection("no-such-answer", f"An answer is 1 to 10, and those to {', '.join(wrong)} are not.")
    return None


def close_unsatisfied(case: Case, command: CloseUnsatisfied, context: Context) -> Decision:
    """Each role that must agree does so by this very command; with the last of them the case is closed."""
    actor, roles = context.actor, context.policy.closure_approvals
    # Whoever is complained of since has not agreed.
    given = tuple(each for each in case.closure_approvals if each.approved_by not in case.complained_of)
    missing = Counter(roles) - Counter(each.role for each in given)
    if actor.role not in roles:
        asked = UnsatisfiedClosureRequested(requested_by=actor.id, reason=command.reason)
        return (asked, *(CaseEscalated(role, "notice") for role in dict.fromkeys(roles)))
    if actor.role not in missing or actor.id in (each.approved_by for each in given):
        others = " and a ".join(missing.elements())
        return Rejection("already-approved", f"That approval was given. It still takes that of a {others}.")
    approved = UnsatisfiedClosureApproved(approved_by=actor.id, role=actor.role, reason=command.reason)
    if missing.total() > 1:
        return (approved,)
    everybody = (*(each.approved_by for each in given), actor.id)
    return (approved, ClosedUnsatisfied(approved_by=everybody, liable=case.owner))
