"""`evolve(case, recorded) -> case`: what each event changes. Replay, intake and the views all fold with it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any
from uuid import UUID

from amends_domain.case import Case, CustomerContact, Mark, Proposal, Status
from amends_domain.events import (
    ActionTaken,
    ApologyGiven,
    CallbackAgreed,
    CallbackMade,
    CaseReopened,
    ComplaintReceived,
    ComplaintWithdrawn,
    Contact,
    ContactAttempted,
    ContactRecorded,
    CustomerConfirmed,
    CustomerDeclined,
    DeadlineBreached,
    Event,
    FollowedUp,
    FollowUpFailed,
    InvestigationCompleted,
    OwnerAssigned,
    ProposalApproved,
    ProposalRejected,
    Recorded,
    ReminderIssued,
    ResolutionProposed,
    ReviewRecorded,
)

Changes = dict[str, Any]


class BrokenStream(ValueError):
    """A stream's events do not follow one another: a version is missing, repeated, or comes before the first."""


def evolve(case: Case | None, case_id: UUID, recorded: Recorded) -> Case:
    """The case after one more event. `case` is None before the first. Raises BrokenStream."""
    event = recorded.event
    if case is None:
        if recorded.version != 1 or not isinstance(event, ComplaintReceived):
            raise BrokenStream(f"case {case_id}: version {recorded.version} ({event.TYPE}) came first")
        return _received(case_id, event, recorded)
    if recorded.version != case.version + 1:
        raise BrokenStream(f"case {case_id}: version {recorded.version} came after {case.version}")
    # Replay folds millions of events: copying __dict__ costs a tenth of dataclasses.replace.
    after = object.__new__(Case)
    values = case.__dict__.copy()
    object.__setattr__(after, "__dict__", values)
    change = _CHANGES[type(event)]
    if change is not None:
        values.update(change(case, event, recorded))
    values["version"] = recorded.version
    values["position"] = recorded.position
    values["updated_at"] = recorded.recorded_at
    values["marks"] = (*case.marks, _mark(recorded, values["cycle"]))
    return after


def fold(case: Case | None, case_id: UUID, events: Iterable[Recorded]) -> Case | None:
    """`evolve` over several events."""
    for recorded in events:
        case = evolve(case, case_id, recorded)
    return case


def _received(case_id: UUID, event: ComplaintReceived, recorded: Recorded) -> Case:
    return Case(
        id=case_id,
        first_position=recorded.position,
        version=1,
        position=recorded.position,
        status=Status.RECEIVED,
        cycle=1,
        kind=event.kind,
        channel=event.channel,
        branch=event.branch,
        owner=event.owner,
        grade=event.grade,
        customer_ref=event.customer_ref,
        type=event.type,
        cause=event.cause,
        product=event.product,
        severity=event.severity,
        flags=event.flags,
        complained_of=event.complained_of,
        external_ref=event.external_ref,
        reply_by=event.reply_by,
        historical=event.historical,
        received_at=recorded.occurred_at,
        recorded_at=recorded.recorded_at,
        updated_at=recorded.recorded_at,
        proposal=None,
        declines=0,
        satisfaction=None,
        contacts=(),
        marks=(_mark(recorded, 1),),
    )


def _mark(recorded: Recorded, cycle: int) -> Mark:
    event = recorded.event
    note = _NOTES.get(type(event))
    return Mark(
        event.TYPE,
        recorded.occurred_at,
        recorded.recorded_at,
        recorded.policy,
        recorded.version,
        cycle,
        note(event) if note is not None else None,
    )


def _investigated(_case: Case, event: InvestigationCompleted, _recorded: Recorded) -> Changes:
    return {"status": Status.INVESTIGATED, "cause": event.cause}


def _proposed(_case: Case, event: ResolutionProposed, _recorded: Recorded) -> Changes:
    proposal = Proposal(event.kind, event.amount, event.currency, event.proposed_by, event.approval_by)
    return {"status": Status.PROPOSED, "proposal": proposal}


def _approved(case: Case, _event: ProposalApproved, _recorded: Recorded) -> Changes:
    assert case.proposal is not None, "a proposal is approved after it was made"
    p = case.proposal
    return {"proposal": Proposal(p.kind, p.amount, p.currency, p.proposed_by, None)}


def _declined(case: Case, _event: CustomerDeclined, _recorded: Recorded) -> Changes:
    return {"status": Status.INVESTIGATED, "proposal": None, "declines": case.declines + 1}


def _contacted(case: Case, event: Contact, recorded: Recorded) -> Changes:
    if not event.reached:
        return {}
    contact = CustomerContact(recorded.position, recorded.version, case.cycle, event.reason_explained)
    return {"contacts": (*case.contacts, contact)}


def _reopened(_case: Case, event: CaseReopened, _recorded: Recorded) -> Changes:
    return {
        "status": Status.RECEIVED,
        "cycle": event.cycle,
        "proposal": None,
        "declines": 0,
        "reply_by": None,
    }


_CHANGES: dict[type[Event], Callable[[Case, Any, Recorded], Changes] | None] = {
    ApologyGiven: lambda _c, _e, _r: {"status": Status.APOLOGIZED},
    InvestigationCompleted: _investigated,
    ResolutionProposed: _proposed,
    ProposalApproved: _approved,
    ProposalRejected: lambda _c, _e, _r: {"status": Status.INVESTIGATED, "proposal": None},
    CustomerConfirmed: lambda _c, _e, _r: {"status": Status.CUSTOMER_CONFIRMED},
    CustomerDeclined: _declined,
    FollowedUp: lambda _c, e, _r: {"status": Status.FOLLOWED_UP, "satisfaction": e.satisfaction},
    FollowUpFailed: None,
    ReviewRecorded: None,
    ComplaintWithdrawn: lambda _c, _e, _r: {"status": Status.WITHDRAWN, "proposal": None},
    CaseReopened: _reopened,
    CallbackMade: _contacted,
    ContactAttempted: None,
    ContactRecorded: _contacted,
    CallbackAgreed: None,
    OwnerAssigned: lambda _c, e, _r: {"owner": e.owner},
    ActionTaken: None,
    ReminderIssued: None,
    DeadlineBreached: None,
}

_NOTES: dict[type[Event], Callable[[Any], Any]] = {
    CallbackAgreed: lambda event: event.at,
    ActionTaken: lambda event: event.action,
    ReminderIssued: lambda event: (event.clock, event.generation, event.step),
    DeadlineBreached: lambda event: (event.clock, event.generation),
}
