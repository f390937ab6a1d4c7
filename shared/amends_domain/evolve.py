"""`evolve(case, recorded) -> case`: what each event changes. Replay, intake and the views all fold with it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any
from uuid import UUID

from amends_domain.case import (
    COMPLAINT,
    INCIDENT,
    Acknowledgement,
    Case,
    ClosureApproval,
    CustomerContact,
    ErasureRequest,
    HandOff,
    IncidentOf,
    Mark,
    OpenPromise,
    Proposal,
    Status,
)
from amends_domain.events import (
    ActionTaken,
    AlertAcknowledged,
    ApologyGiven,
    CallbackAgreed,
    CallbackMade,
    CaseAbsorbed,
    CaseClassified,
    CaseEscalated,
    CaseLinked,
    CaseReopened,
    ChildrenActed,
    ClosedUnsatisfied,
    ComplaintReceived,
    ComplaintWithdrawn,
    Contact,
    ContactAttempted,
    ContactRecorded,
    CountermeasurePlanned,
    CustomerConfirmed,
    CustomerDeclined,
    DeadlineBreached,
    DeadlineExtended,
    DeadlineRetimed,
    EntryCorrected,
    ErasureRejected,
    ErasureRequested,
    Event,
    FlagsChanged,
    FollowedUp,
    FollowUpFailed,
    GradeRaised,
    HandOffAccepted,
    HandOffOffered,
    HandOffRefused,
    IncidentClosed,
    IncidentOpened,
    InvestigationCompleted,
    LegalHoldPlaced,
    LegalHoldReleased,
    LinkedToIncident,
    MergedInto,
    NoteAdded,
    OwnerAssigned,
    PersonalDataErased,
    PromiseKept,
    PromiseMade,
    ProposalApproved,
    ProposalRejected,
    Reclassified,
    Recorded,
    ReminderIssued,
    ResolutionProposed,
    ReviewRecorded,
    UnsatisfiedClosureApproved,
    UnsatisfiedClosureRequested,
)
from amends_domain.policy_rules import Facts

Changes = dict[str, Any]


class BrokenStream(ValueError):
    """A stream's events do not follow one another: a version is missing, repeated, or comes before the first."""


def evolve(case: Case | None, case_id: UUID, recorded: Recorded) -> Case:
    """The case after one more event. `case` is None before the first. Raises BrokenStream."""
    event = recorded.event
    if case is None:
        if recorded.version == 1 and isinstance(event, ComplaintReceived):
            return _received(case_id, event, recorded)
        if recorded.version == 1 and isinstance(event, IncidentOpened):
            return _opened(case_id, event, recorded)
        raise BrokenStream(f"case {case_id}: version {recorded.version} ({event.TYPE}) came first")
    # Copying __dict__ costs a tenth of dataclasses.replace.
    after = object.__new__(Case)
    object.__setattr__(after, "__dict__", case.__dict__.copy())
    advance(after, recorded)
    return after


def advance(case: Case, recorded: Recorded) -> None:
    """`evolve` for whoever alone has the case, and wants it only as it is after the event. Raises BrokenStream.

    Replay folds millions of events: copying the case for each would be a fifth of that.
    """
    values, event = case.__dict__, recorded.event
    if recorded.version != values["version"] + 1:
        raise BrokenStream(f"case {case.id}: version {recorded.version} came after {case.version}")
    change = _CHANGES[type(event)]
    if change is not None:
        values.update(change(case, event, recorded))
    values["version"] = recorded.version
    values["position"] = recorded.position
    values["updated_at"] = recorded.recorded_at
    marks = values["marks"]
    facts = facts_of(case) if type(event) in _CHANGES_FACTS else marks[-1].facts
    # Adding tuples costs half of unpacking one into another.
    values["marks"] = marks + (_mark(recorded, values["cycle"], facts),)  # noqa: RUF005


def fold(case: Case | None, case_id: UUID, events: Iterable[Recorded]) -> Case | None:
    """`evolve` over several events."""
    folded: Case | None = None
    for recorded in events:
        if folded is None:
            folded = evolve(case, case_id, recorded)
        else:
            advance(folded, recorded)
    return folded or case


def facts_of(case: Case | ComplaintReceived) -> Facts:
    """What the conditions of a policy may ask about a case, or about one that begins so. Shape: see
    `policy_rules.FACTS`."""
    return {
        "channel": case.channel,
        "kind": case.kind,
        "type": case.type,
        "cause": case.cause,
        "product": case.product,
        "severity": case.severity,
        "grade": case.grade,
        "branch": case.branch,
        "flag": case.flags,
    }


def _received(case_id: UUID, event: ComplaintReceived, recorded: Recorded) -> Case:
    return _begun(
        case_id,
        recorded,
        {
            "kind": event.kind,
            "channel": event.channel,
            "branch": event.branch,
            "owner": event.owner,
            "grade": event.grade,
            "customer_ref": event.customer_ref,
            "type": event.type,
            "cause": event.cause,
            "product": event.product,
            "severity": event.severity,
            "flags": event.flags,
            "complained_of": event.complained_of,
            "external_ref": event.external_ref,
            "desired_outcomes": event.desired_outcomes,
            "reply_by": event.reply_by,
            "historical": event.historical,
        },
    )


def customer_of_incident(case_id: UUID) -> str:
    """An incident is no customer's: what staff write about it is sealed under a key of its own, called this."""
    return f"incident {case_id}"


def _opened(case_id: UUID, event: IncidentOpened, recorded: Recorded) -> Case:
    of = {event.same: event.value} if event.same in ("type", "cause", "product") else {}
    return _begun(
        case_id,
        recorded,
        {
            "kind": INCIDENT,
            "channel": "incident",
            "branch": event.branch,
            "owner": event.owner,
            "customer_ref": customer_of_incident(case_id),
            "incident_of": IncidentOf(event.title, event.same, event.value, event.automatic),
            **of,
        },
    )


_NEW: Changes = {
    "status": Status.RECEIVED,
    "cycle": 1,
    "grade": "ordinary",
    "type": None,
    "cause": None,
    "product": None,
    "severity": None,
    "flags": (),
    "complained_of": (),
    "external_ref": None,
    "desired_outcomes": (),
    "reply_by": None,
    "historical": False,
    "proposal": None,
    "declines": 0,
    "satisfaction": None,
    "closure_approvals": (),
    "promises": 0,
    "open_promises": (),
    "countermeasures": 0,
    "open_countermeasures": (),
    "hand_off": None,
    "hand_offs": 0,
    "escalations": 0,
    "escalated_to": (),
    "corrections": 0,
    "acknowledged": (),
    "held": False,
    "erasure": None,
    "erased_at": None,
    "incident": None,
    "incident_of": None,
    "merged_into": None,
    "absorbed": (),
    "links": (),
    "contacts": (),
    "marks": (),
}


def _begun(case_id: UUID, recorded: Recorded, facts: Changes) -> Case:
    # As in `decode`: every complaint is folded once before it is recorded, and the class has fifty fields.
    case = object.__new__(Case)
    values = case.__dict__
    values.update(_NEW)
    values.update(facts)
    values["id"] = case_id
    values["first_position"] = values["position"] = recorded.position
    values["version"] = 1
    values["received_at"] = recorded.occurred_at
    values["recorded_at"] = values["updated_at"] = recorded.recorded_at
    values["marks"] = (_mark(recorded, 1, facts_of(case)),)
    return case


def _mark(recorded: Recorded, cycle: int, facts: Facts) -> Mark:
    event = recorded.event
    note = _NOTES.get(type(event))
    return Mark(
        event.TYPE,
        recorded.occurred_at,
        recorded.recorded_at,
        recorded.policy,
        recorded.position,
        recorded.version,
        cycle,
        facts,
        note(event) if note is not None else None,
        recorded.actor,
    )


def _investigated(_case: Case, event: InvestigationCompleted, _recorded: Recorded) -> Changes:
    return {"status": Status.INVESTIGATED, "cause": event.cause}


def _proposed(_case: Case, event: ResolutionProposed, _recorded: Recorded) -> Changes:
    proposal = Proposal(event.kind, event.amount, event.currency, event.proposed_by, event.approval_by)
    # Whoever agreed to close without satisfying the customer had not seen this proposal.
    return {"status": Status.PROPOSED, "proposal": proposal, "closure_approvals": ()}


def _approved(case: Case, _event: ProposalApproved, _recorded: Recorded) -> Changes:
    assert case.proposal is not None, "a proposal is approved after it was made"
    p = case.proposal
    return {"proposal": Proposal(p.kind, p.amount, p.currency, p.proposed_by, None, approved_as=p.approval_by)}


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
        "closure_approvals": (),
        "reply_by": None,
        "merged_into": None,
    }


def _closed(status: Status) -> Callable[[Case, Any, Recorded], Changes]:
    # Nobody takes over a closed case.
    return lambda _case, _event, _recorded: {"status": status, "hand_off": None, "proposal": None}


def _followed_up(_case: Case, event: FollowedUp, _recorded: Recorded) -> Changes:
    return {"status": Status.FOLLOWED_UP, "hand_off": None, "satisfaction": event.satisfaction}


def _withdrawn(_case: Case, _event: ComplaintWithdrawn, _recorded: Recorded) -> Changes:
    return {"status": Status.WITHDRAWN, "hand_off": None, "proposal": None, "open_promises": ()}


def _merged(_case: Case, event: MergedInto, _recorded: Recorded) -> Changes:
    # Its promises were made anew on the case that goes on.
    return {
        "status": Status.MERGED,
        "hand_off": None,
        "proposal": None,
        "open_promises": (),
        "merged_into": event.into,
    }


def _closure_approved(case: Case, event: UnsatisfiedClosureApproved, _recorded: Recorded) -> Changes:
    return {"closure_approvals": (*case.closure_approvals, ClosureApproval(event.approved_by, event.role))}


def _promised(case: Case, event: PromiseMade, _recorded: Recorded) -> Changes:
    promise = OpenPromise(event.number, event.due_at, event.promised_by)
    return {"promises": event.number, "open_promises": (*case.open_promises, promise)}


def _kept(case: Case, event: PromiseKept, _recorded: Recorded) -> Changes:
    return {"open_promises": tuple(promise for promise in case.open_promises if promise.number != event.number)}


def _planned(case: Case, event: CountermeasurePlanned, _recorded: Recorded) -> Changes:
    planned = OpenPromise(event.number, event.due_at, event.owner)
    return {"countermeasures": event.number, "open_countermeasures": (*case.open_countermeasures, planned)}


def _acted(case: Case, event: ActionTaken, _recorded: Recorded) -> Changes:
    if event.number is None:
        return {}
    return {"open_countermeasures": tuple(c for c in case.open_countermeasures if c.number != event.number)}


def _offered(_case: Case, event: HandOffOffered, _recorded: Recorded) -> Changes:
    return {"hand_off": HandOff(event.offered_by, event.to_person, event.to_department)}


def _accepted(case: Case, event: HandOffAccepted, _recorded: Recorded) -> Changes:
    return {"owner": event.owner, "hand_off": None, "hand_offs": case.hand_offs + 1}


def _classified(case: Case, event: CaseClassified, _recorded: Recorded) -> Changes:
    given = {name: getattr(event, name) for name in ("type", "cause", "product", "severity", "desired_outcomes")}
    named = tuple(person for person in event.complained_of if person not in case.complained_of)
    return {
        **{name: value for name, value in given.items() if value is not None},
        "complained_of": (*case.complained_of, *named),
    }


def _reclassified(_case: Case, event: Reclassified, _recorded: Recorded) -> Changes:
    return {"kind": event.kind}


def _flagged(case: Case, event: FlagsChanged, _recorded: Recorded) -> Changes:
    kept = tuple(flag for flag in case.flags if flag not in event.removed)
    return {"flags": (*kept, *(flag for flag in event.added if flag not in kept))}


def _escalated(case: Case, event: CaseEscalated, _recorded: Recorded) -> Changes:
    if event.cause in ("notice", "recusal"):
        return {}
    told = case.escalated_to if event.to in case.escalated_to else (*case.escalated_to, event.to)
    return {"escalations": case.escalations + 1, "escalated_to": told}


def _linked(case: Case, event: CaseLinked, _recorded: Recorded) -> Changes:
    return {} if event.case in case.links else {"links": (*case.links, event.case)}


def _acknowledged(case: Case, event: AlertAcknowledged, recorded: Recorded) -> Changes:
    given = Acknowledgement(event.position, recorded.actor, recorded.recorded_at, recorded.position)
    return {"acknowledged": (*case.acknowledged, given)}


def _erasure_requested(_case: Case, event: ErasureRequested, _recorded: Recorded) -> Changes:
    return {"erasure": ErasureRequest(event.requested_by, event.reason)}


_CHANGES: dict[type[Event], Callable[[Case, Any, Recorded], Changes] | None] = {
    ApologyGiven: lambda _c, _e, _r: {"status": Status.APOLOGIZED},
    InvestigationCompleted: _investigated,
    ResolutionProposed: _proposed,
    ProposalApproved: _approved,
    ProposalRejected: lambda _c, _e, _r: {"status": Status.INVESTIGATED, "proposal": None},
    CustomerConfirmed: lambda _c, _e, _r: {"status": Status.CUSTOMER_CONFIRMED},
    CustomerDeclined: _declined,
    FollowedUp: _followed_up,
    FollowUpFailed: None,
    ReviewRecorded: None,
    ComplaintWithdrawn: _withdrawn,
    UnsatisfiedClosureRequested: None,
    UnsatisfiedClosureApproved: _closure_approved,
    ClosedUnsatisfied: _closed(Status.CLOSED_UNSATISFIED),
    CaseReopened: _reopened,
    MergedInto: _merged,
    CaseAbsorbed: lambda c, e, _r: {"absorbed": (*c.absorbed, e.case)},
    CallbackMade: _contacted,
    ContactAttempted: None,
    ContactRecorded: _contacted,
    CallbackAgreed: None,
    PromiseMade: _promised,
    PromiseKept: _kept,
    OwnerAssigned: lambda _c, e, _r: {"owner": e.owner},
    HandOffOffered: _offered,
    HandOffAccepted: _accepted,
    HandOffRefused: lambda _c, _e, _r: {"hand_off": None},
    ActionTaken: _acted,
    CountermeasurePlanned: _planned,
    CaseClassified: _classified,
    GradeRaised: lambda _c, e, _r: {"grade": e.grade},
    Reclassified: _reclassified,
    FlagsChanged: _flagged,
    CaseEscalated: _escalated,
    CaseLinked: _linked,
    LinkedToIncident: lambda _c, e, _r: {"incident": e.incident},
    IncidentOpened: None,
    IncidentClosed: _closed(Status.INCIDENT_CLOSED),
    ChildrenActed: None,
    LegalHoldPlaced: lambda _c, _e, _r: {"held": True},
    LegalHoldReleased: lambda _c, _e, _r: {"held": False},
    ErasureRequested: _erasure_requested,
    ErasureRejected: lambda _c, _e, _r: {"erasure": None},
    PersonalDataErased: lambda _c, _e, r: {"erasure": None, "erased_at": r.recorded_at},
    EntryCorrected: lambda c, _e, _r: {"corrections": c.corrections + 1},
    NoteAdded: None,
    AlertAcknowledged: _acknowledged,
    DeadlineExtended: None,
    DeadlineRetimed: None,
    ReminderIssued: None,
    DeadlineBreached: None,
}

_CHANGES_FACTS: frozenset[type[Event]] = frozenset(
    {InvestigationCompleted, CaseClassified, GradeRaised, Reclassified, FlagsChanged}
)

_CLASSIFIED = ("type", "cause", "product", "severity")

_NOTES: dict[type[Event], Callable[[Any], Any]] = {
    ComplaintReceived: lambda event: event.reply_by,
    CallbackAgreed: lambda event: event.at,
    ActionTaken: lambda event: (event.action, event.number),
    PromiseMade: lambda event: (event.number, event.due_at),
    PromiseKept: lambda event: event.number,
    CountermeasurePlanned: lambda event: (event.number, event.due_at),
    Reclassified: lambda event: event.kind == COMPLAINT,
    FlagsChanged: lambda event: event.earlier_case,
    CaseClassified: lambda event: tuple(name for name in _CLASSIFIED if getattr(event, name) is not None),
    CaseEscalated: lambda event: None if event.clock is None else (event.clock, event.generation, event.step),
    DeadlineExtended: lambda event: (event.clock, event.generation, event.due_at),
    DeadlineRetimed: lambda event: (event.clock, event.generation, event.due_at),
    ReminderIssued: lambda event: (event.clock, event.generation, event.step),
    DeadlineBreached: lambda event: (event.clock, event.generation),
}
