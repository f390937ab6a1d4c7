"""`decide(case, command, context)`: the events that a command means, or why it is refused. Nothing else decides."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from amends_domain import clocks
from amends_domain.authority import MAY
from amends_domain.calendars import after
from amends_domain.case import Case, CustomerContact
from amends_domain.commands import (
    Act,
    AgreeCallback,
    Apologize,
    Approve,
    Assign,
    Command,
    Confirm,
    Decline,
    FollowUp,
    Investigate,
    Propose,
    Receive,
    RecordContact,
    Reject,
    Reopen,
    Review,
    Withdraw,
)
from amends_domain.events import (
    ActionTaken,
    ApologyGiven,
    CallbackAgreed,
    CallbackMade,
    CaseReopened,
    ComplaintReceived,
    ComplaintWithdrawn,
    ContactAttempted,
    ContactRecorded,
    CustomerConfirmed,
    CustomerDeclined,
    Event,
    FollowedUp,
    FollowUpFailed,
    InvestigationCompleted,
    OwnerAssigned,
    ProposalApproved,
    ProposalRejected,
    ResolutionProposed,
    ReviewRecorded,
)
from amends_domain.policy import Policy
from amends_domain.policy_rules import ExtendByAgreement
from amends_domain.transitions import is_allowed

# Two machines' clocks differ by less than this; a time further ahead is a mistake of the sender.
CLOCK_SKEW_MAX = timedelta(minutes=1)


@dataclass(frozen=True)
class Actor:
    """Who asks: a member of staff or another system. `branch` None means the whole tenant."""

    id: str
    role: str
    branch: str | None


@dataclass(frozen=True)
class Context:
    """What a decision may depend on besides the case: the time, who asks, and the policies.

    `policy` is the one in force now; `policies` holds, by hash, every one that the case was judged by.
    """

    now: datetime
    actor: Actor
    policy: Policy
    policies: Mapping[str, Policy]


@dataclass(frozen=True)
class Rejection:
    """A command refused: nothing is appended. `code` is stable, `detail` is for people."""

    code: str
    detail: str


Decision = tuple[Event, ...] | Rejection


def decide(case: Case | None, command: Command, context: Context) -> Decision:
    """What the command means for the case. `case` is None only for Receive."""
    actor = context.actor
    if actor.role not in MAY[command.NAME]:
        return Rejection("role-not-allowed", f"The role {actor.role} may not {command.NAME}.")
    if isinstance(command, Receive):
        return _receive(command, context)
    assert case is not None, "only receive begins a case"
    if actor.branch is not None and actor.branch != case.branch:
        return Rejection("other-branch", f"Your key is for branch {actor.branch}; the case belongs to another.")
    if not is_allowed(command.NAME, case):
        return _illegal(case, command)
    return _RULES[type(command)](case, command, context)


def _illegal(case: Case, command: Command) -> Rejection:
    if case.approval_pending and command.NAME in ("confirm", "decline"):
        assert case.proposal is not None
        return Rejection(
            "approval-pending",
            f"The proposal still needs the approval of a {case.proposal.approval_by}: "
            "the customer is told of it only after that.",
        )
    if case.kind != "complaint" and case.is_open:
        return Rejection("not-a-complaint", f"This is an {case.kind}: only complaints run the life cycle.")
    waiting = " and no approval is pending" if command.NAME in ("approve", "reject") else ""
    return Rejection("illegal-state", f"The case is {case.status.value}{waiting}: {command.NAME} is not possible now.")


def _receive(command: Receive, context: Context) -> Decision:
    actor, now = context.actor, context.now
    if actor.branch is not None and actor.branch != command.branch:
        return Rejection("other-branch", f"Your key is for branch {actor.branch}, not for {command.branch}.")
    if command.occurred_at is not None and command.occurred_at > now + CLOCK_SKEW_MAX:
        return Rejection("in-the-future", f"occurred_at is {command.occurred_at.isoformat()}, which has not come yet.")
    if command.reply_by is not None and command.reply_by <= now and not command.historical:
        return Rejection("in-the-past", f"reply_by is {command.reply_by.isoformat()}, which has passed.")
    grade = context.policy.grade_of(
        {
            "channel": command.channel,
            "kind": command.kind,
            "type": command.type,
            "cause": command.cause,
            "product": command.product,
            "severity": command.severity,
            "branch": command.branch,
            "flag": command.flags,
        }
    )
    return (
        ComplaintReceived(
            channel=command.channel,
            branch=command.branch,
            customer_ref=command.customer_ref,
            # First-inquiry duty: whoever takes the first contact owns the case.
            owner=actor.id,
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
        ),
    )


def _propose(case: Case, command: Propose, context: Context) -> Decision:
    approval_by = context.policy.authority.approval_needed(context.actor.role, command.amount, case.type)
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


def _cannot_settle(case: Case, context: Context, verb: str) -> Rejection | None:
    proposal = case.proposal
    assert proposal is not None, "the table lets approve and reject through only with a proposal pending"
    amount = None if proposal.amount is None else Decimal(proposal.amount)
    if not context.policy.authority.may_approve(context.actor.role, amount, case.type):
        return Rejection(
            "beyond-authority", f"To {verb} this proposal takes the authority of a {proposal.approval_by}."
        )
    if proposal.proposed_by == context.actor.id:
        return Rejection("own-proposal", f"Nobody may {verb} a proposal of their own.")
    return None


def _approve(case: Case, command: Approve, context: Context) -> Decision:
    refused = _cannot_settle(case, context, "approve")
    return refused or (ProposalApproved(approved_by=context.actor.id, reason=command.reason),)


def _reject(case: Case, command: Reject, context: Context) -> Decision:
    refused = _cannot_settle(case, context, "reject")
    return refused or (ProposalRejected(rejected_by=context.actor.id, reason=command.reason),)


def _follow_up(_case: Case, command: FollowUp, _context: Context) -> Decision:
    if not command.executed:
        return (FollowUpFailed(satisfaction=command.satisfaction, text=command.text),)
    if command.satisfaction is None:
        return Rejection("satisfaction-missing", "A follow-up carries the customer's satisfaction, 1 to 10.")
    return (FollowedUp(satisfaction=command.satisfaction, text=command.text),)


def _contact(case: Case, command: RecordContact, context: Context) -> Decision:
    facts: dict[str, Any] = {
        "direction": command.direction,
        "channel": command.channel,
        "reached": command.reached,
        "reason_explained": command.reason_explained,
        "summary": command.summary,
    }
    # A call that only tells the customer why they must wait is not the call they are waiting for.
    delays = command.reason_explained or command.agreed_callback_at is not None
    if command.direction == "outbound" and not command.reached:
        contact: Event = ContactAttempted(**facts)
    elif command.direction == "outbound" and not delays:
        contact = CallbackMade(**facts)
    else:
        contact = ContactRecorded(**facts)
    if command.agreed_callback_at is None:
        return (contact,)
    if not command.reached:
        return Rejection("customer-not-reached", "A callback is agreed with the customer, who was not reached.")
    this_contact = CustomerContact(0, case.version + 1, case.cycle, command.reason_explained)
    agreed = _agree(case, command.agreed_callback_at, this_contact, None, context)
    return agreed if isinstance(agreed, Rejection) else (contact, *agreed)


def _agree_callback(case: Case, command: AgreeCallback, context: Context) -> Decision:
    contact = None
    if command.contact_position is not None:
        cited = [c for c in case.contacts if c.position == command.contact_position]
        if not cited:
            return Rejection(
                "no-such-contact",
                f"Position {command.contact_position} is no contact in which this customer was spoken to.",
            )
        contact = cited[0]
    return _agree(case, command.at, contact, command.contact_position, context)


def _agree(
    case: Case, at: datetime, contact: CustomerContact | None, contact_position: int | None, context: Context
) -> Decision:
    """Agree on a callback at `at`: freely while it is not later than due; later only as an extension.

    Source: DOMAIN, clocks: callback and callback extension.
    """
    now = context.now
    if at <= now:
        return Rejection("in-the-past", f"{at.isoformat()} has passed: a callback is agreed for a time to come.")
    running = clocks.current(clocks.obligations(case, context.policies), case.cycle)
    if running is None or running.status is clocks.Verdict.MET:
        return _agree_anew(at, contact_position, context)
    if now > running.due_at:
        return Rejection(
            "deadline-expired",
            f"The callback was due at {running.due_at.isoformat()} and that has passed: "
            "a deadline is extended before it expires, never after.",
        )
    if at <= running.due_at:
        return (CallbackAgreed(at=at, contact_position=contact_position),)
    refused = _cannot_extend(case, at, contact, running)
    return refused or (CallbackAgreed(at=at, extension=True, contact_position=contact_position),)


def _agree_anew(at: datetime, contact_position: int | None, context: Context) -> Decision:
    for rule in context.policy.clocks:
        if rule.due is None and rule.at_most is not None:
            latest = after(context.now, rule.at_most, context.policy.calendar).at
            if at > latest:
                return Rejection("too-late", f"A callback may be agreed for {latest.isoformat()} at the latest.")
    return (CallbackAgreed(at=at, contact_position=contact_position),)


def _cannot_extend(
    case: Case, at: datetime, contact: CustomerContact | None, running: clocks.Deadline
) -> Rejection | None:
    due = running.due_at.isoformat()
    extend = running.rule.extend
    if not isinstance(extend, ExtendByAgreement):
        return Rejection("extension-not-allowed", f"The callback is due at {due} and the policy has no extension.")
    if contact is None:
        return Rejection(
            "extension-needs-contact",
            f"The callback is due at {due}. A later time takes a recorded contact in which the reason was "
            "explained and the customer agreed: cite it as contact_position.",
        )
    agreements = (m.version for m in case.marks if m.type == CallbackAgreed.TYPE and m.cycle == case.cycle)
    if contact.cycle != case.cycle or contact.version <= max(agreements, default=0):
        return Rejection(
            "contact-already-used",
            "That contact is older than the present agreement: speak with the customer again.",
        )
    if not contact.reason_explained:
        return Rejection(
            "reason-not-explained",
            "In that contact the reason for the delay was not explained to the customer.",
        )
    latest = after(running.due_at, extend.at_most, running.calendar).at
    if at > latest:
        return Rejection("too-late", f"The callback may be moved to {latest.isoformat()} at the latest.")
    return None


def _assign(case: Case, command: Assign, _context: Context) -> Decision:
    if command.owner == case.owner:
        return Rejection("already-owner", f"{command.owner} owns this case already.")
    return (OwnerAssigned(owner=command.owner, previous_owner=case.owner, reason=command.reason),)


_RULES: dict[type[Command], Callable[[Case, Any, Context], Decision]] = {
    Apologize: lambda _case, c, _ctx: (ApologyGiven(by_channel=c.by_channel, text=c.text),),
    Investigate: lambda _case, c, _ctx: (
        InvestigationCompleted(
            cause=c.cause, at_fault=c.at_fault, findings=c.findings, countermeasures=c.countermeasures
        ),
    ),
    Propose: _propose,
    Approve: _approve,
    Reject: _reject,
    Confirm: lambda _case, c, _ctx: (CustomerConfirmed(by_channel=c.by_channel, text=c.text),),
    Decline: lambda _case, c, _ctx: (CustomerDeclined(by_channel=c.by_channel, reason=c.reason),),
    FollowUp: _follow_up,
    Review: lambda _case, c, _ctx: (ReviewRecorded(text=c.text),),
    Withdraw: lambda _case, c, _ctx: (ComplaintWithdrawn(by_channel=c.by_channel, reason=c.reason),),
    Reopen: lambda case, c, _ctx: (CaseReopened(reason=c.reason, cycle=case.cycle + 1, text=c.text),),
    RecordContact: _contact,
    AgreeCallback: _agree_callback,
    Assign: _assign,
    Act: lambda _case, c, _ctx: (ActionTaken(action=c.action, text=c.text),),
}
