"""`decide(case, command, context)`: the events that a command means, or why it is refused. Nothing else decides.

Here stands what every command is asked: may this role, on this branch, in this state, and is this person recused.
What each one means is in `decisions`. Erasure is asked of a customer, all of whose cases answer at once: it is
decided in `decisions.erasure`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from amends_domain.access.judging import may
from amends_domain.case import COMPLAINT, Case
from amends_domain.commands import (
    AcceptHandOff,
    Acknowledge,
    Act,
    AddNote,
    AgreeCallback,
    Apologize,
    Approve,
    Assign,
    ChangeFlags,
    Classify,
    CloseIncident,
    CloseUnsatisfied,
    Command,
    Confirm,
    Correct,
    Decline,
    Escalate,
    Extend,
    FollowUp,
    HandOver,
    Hold,
    Investigate,
    KeepPromise,
    Link,
    MakePromise,
    Merge,
    OpenIncident,
    Propose,
    Receive,
    RecordContact,
    RefuseHandOff,
    Reject,
    ReleaseHold,
    Reopen,
    ResolveOnTheSpot,
    Retime,
    Review,
    Withdraw,
)
from amends_domain.decisions import actions, alerts, contacts, deadlines, knowledge, life, links, ownership
from amends_domain.decisions.recusal import RECUSED_FROM, recused
from amends_domain.decisions.ruling import CLOCK_SKEW_MAX, Actor, Context, Decision, Rejection
from amends_domain.events import (
    ApologyGiven,
    CaseReopened,
    ChildrenActed,
    ComplaintWithdrawn,
    CustomerConfirmed,
    CustomerDeclined,
    LegalHoldPlaced,
    LegalHoldReleased,
    ReviewRecorded,
)
from amends_domain.transitions import TRANSITIONS, Needs, hands_on, is_allowed


def decide(case: Case | None, command: Command, context: Context) -> Decision:
    """What the command means for the case. `case` is None only for Receive and OpenIncident."""
    actor = context.actor
    refused = _may_not(case, command, actor)
    if refused is not None:
        return refused
    if isinstance(command, Receive):
        return life.receive(command, context)
    if isinstance(command, OpenIncident):
        return _misdated(None, context) or links.open_incident(command, context)
    assert case is not None, "only receiving, and opening an incident, begin a case"
    if not is_allowed(command.NAME, case):
        # Who sees an old page is told who was quicker.
        return (
            alerts.acknowledge(case, command, context) if isinstance(command, Acknowledge) else _illegal(case, command)
        )
    if hands_on(case, command.NAME):
        # Each of its cases decides for itself; whoever asks them counts the answers.
        return (ChildrenActed(command.NAME),)
    if command.NAME in RECUSED_FROM and actor.id in case.complained_of:
        return recused(actor.id, command.NAME)
    return _misdated(case, context) or _RULES[type(command)](case, command, context)


def _may_not(case: Case | None, command: Command, actor: Actor) -> Rejection | None:
    """What the table of who may do what says against it."""
    branch = command.branch if isinstance(command, Receive | OpenIncident) else None
    if case is None:
        code = may((actor.grant,), command.NAME, branch).code
    else:
        code = may((actor.grant,), command.NAME, case.branch, case.grade).code
    match code:
        case None:
            return None
        case "role-not-allowed":
            return Rejection("role-not-allowed", f"The role {actor.role} may not {command.NAME}.")
        case "other-branch":
            other = f", not for {branch}" if case is None else "; the case belongs to another"
            return Rejection("other-branch", f"Your key is for branch {actor.branch}{other}.")
        case _:
            graded = "" if case is None else f" a case whose grade is {case.grade}"
            return Rejection("grade-not-allowed", f"The role {actor.role} may not {command.NAME}{graded}.")


def _misdated(case: Case | None, context: Context) -> Rejection | None:
    at = context.occurred_at
    if at is not None and at > context.now + CLOCK_SKEW_MAX:
        return Rejection("in-the-future", f"occurred_at is {at.isoformat()}, which has not come yet.")
    if case is not None and at is not None and at < case.received_at:
        return Rejection(
            "before-the-case", f"occurred_at is {at.isoformat()}; the case began at {case.received_at.isoformat()}."
        )
    return None


def _illegal(case: Case, command: Command) -> Rejection:
    name, rule = command.NAME, TRANSITIONS[command.NAME]
    if case.approval_pending and rule.needs is Needs.NO_APPROVAL_PENDING:
        assert case.proposal is not None
        return Rejection(
            "approval-pending",
            f"The proposal still needs the approval of a {case.proposal.approval_by}: "
            "the customer is told of it only after that.",
        )
    if case.kind not in rule.kinds and case.is_open:
        if case.kind == COMPLAINT:
            return Rejection("not-an-incident", f"This is one customer's complaint: {name} is not for it.")
        return Rejection("not-a-complaint", f"The kind of this record is {case.kind}: {name} is not for it.")
    if case.hand_off is not None and rule.needs is Needs.NO_HAND_OFF:
        return Rejection("hand-off-pending", "The case is being handed off: that is accepted or refused first.")
    if case.held and rule.needs is Needs.NO_HOLD:
        return Rejection("already-held", "The case is under legal hold already.")
    lacks = case.status in rule.allowed_from and rule.needs.is_something
    missing = f" and there is no {rule.needs.value}" if lacks else ""
    return Rejection("illegal-state", f"The case is {case.status.value}{missing}: {name} is not possible now.")


_RULES: dict[type[Command], Callable[[Case, Any, Context], Decision]] = {
    Apologize: lambda _case, c, _ctx: (ApologyGiven(by_channel=c.by_channel, text=c.text),),
    Investigate: life.investigate,
    Propose: life.propose,
    Approve: life.approve,
    Reject: life.reject,
    Confirm: lambda _case, c, _ctx: (CustomerConfirmed(by_channel=c.by_channel, text=c.text),),
    Decline: lambda _case, c, _ctx: (CustomerDeclined(by_channel=c.by_channel, reason=c.reason),),
    ResolveOnTheSpot: life.resolve_on_the_spot,
    FollowUp: life.follow_up,
    Review: lambda _case, c, _ctx: (ReviewRecorded(text=c.text),),
    Withdraw: lambda _case, c, _ctx: (ComplaintWithdrawn(by_channel=c.by_channel, reason=c.reason),),
    CloseUnsatisfied: life.close_unsatisfied,
    Reopen: lambda case, c, _ctx: (CaseReopened(reason=c.reason, cycle=case.cycle + 1, text=c.text),),
    Merge: links.merge,
    RecordContact: contacts.record_contact,
    AgreeCallback: contacts.agree_callback,
    MakePromise: contacts.make_promise,
    KeepPromise: contacts.keep_promise,
    Assign: ownership.assign,
    HandOver: ownership.hand_over,
    AcceptHandOff: ownership.accept,
    RefuseHandOff: ownership.refuse,
    Act: actions.act,
    Classify: knowledge.classify,
    ChangeFlags: knowledge.change_flags,
    Escalate: knowledge.escalate,
    Link: links.link,
    Correct: knowledge.correct,
    AddNote: knowledge.add_note,
    Acknowledge: alerts.acknowledge,
    Extend: deadlines.extend,
    Retime: deadlines.retime,
    Hold: lambda _case, c, _ctx: (LegalHoldPlaced(reason=c.reason),),
    ReleaseHold: lambda _case, c, _ctx: (LegalHoldReleased(reason=c.reason),),
    CloseIncident: links.close_incident,
}

__all__ = ["Actor", "Context", "Decision", "Rejection", "decide"]
