"""Two lives in which everything happens once, a complaint's and an incident's, and what is published of them."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import orjson

from amends_domain.case import Case
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
from amends_domain.evolve import evolve
from amends_domain.reference import reference_of
from amends_notifier.checkpoint_messages import payload_of as checkpoint_payload_of
from amends_notifier.messages import payload_of
from amends_platform.evidence.notes import Signer
from amends_platform.evidence.tree_head import SignedCheckpoint, TreeHead
from amends_store.records import StoredEvent

_BEGAN: Final = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
_CASE, _EARLIER, _LATER, _INCIDENT = (UUID(f"019cac60-9a00-7000-8000-00000000000{n}") for n in (1, 2, 3, 4))
_FIRST_POSITIONS: Final = {_CASE: 1_041, _EARLIER: 212, _LATER: 1_530, _INCIDENT: 1_602}


def _after(**time: float) -> datetime:
    return _BEGAN + timedelta(**time)


def _reference(case_id: UUID) -> str:
    return reference_of(_FIRST_POSITIONS[case_id])


_KEY: Final = UUID("019cac60-9a00-7000-8000-00000000000a")
_ASKED_FOR: Final = "asked for by the customer, Art. 17 GDPR"
_AGENT, _HANDLER, _HEAD, _EXECUTIVE = "dev-agent", "dev-handler", "dev-department_head", "dev-executive"

COMPLAINT: Final[tuple[Event, ...]] = (
    ComplaintReceived(
        channel="phone",
        branch="north-street",
        customer_ref="C-10482",
        owner=_AGENT,
        kind="inquiry",
        type="atm_card_or_cash",
        cause="cash_jam",
        product="debit_card",
        severity="high",
        desired_outcomes=("immediate_action",),
        flags=("urgent",),
        reply_by=_after(hours=8),
    ),
    PromiseMade(1, _after(hours=1), promised_by=_AGENT),
    CallbackAgreed(at=_after(hours=5)),
    DeadlineBreached("promise", 1, _after(hours=1), late_by_ms=34),
    Reclassified("complaint", "inquiry", broken_promise=1, late_by_ms=34),
    CaseEscalated("service_admin", "deadline", "promise", 1, 2, _after(hours=1), _after(hours=1), 41),
    PromiseKept(1),
    ReminderIssued("apology", 1, 0, "75%", _after(hours=25), _after(hours=19), late_by_ms=12),
    AlertAcknowledged(8, _FIRST_POSITIONS[_CASE] + 7, "reminder", "apology"),
    ApologyGiven(by_channel="phone"),
    ContactAttempted("outbound", "phone", reached=False),
    ContactRecorded("inbound", "phone", reached=True, reason_explained=True),
    CallbackAgreed(at=_after(hours=27), extension=True),
    CallbackMade("outbound", "phone", reached=True),
    NoteAdded(),
    CaseClassified(product="current_account"),
    FlagsChanged(added=("severe",)),
    GradeRaised("major", "ordinary", by_rule=True),
    CaseEscalated(to="general_office", cause="notice"),
    FlagsChanged(added=("repeat",), earlier_case=str(_EARLIER), late_by_ms=18),
    CaseLinked(str(_EARLIER), _reference(_EARLIER), relation="same-matter"),
    CaseAbsorbed(str(_LATER), _reference(_LATER)),
    LinkedToIncident(str(_INCIDENT), automatic=True, late_by_ms=18),
    OwnerAssigned(_HANDLER, _AGENT),
    HandOffOffered(_HANDLER, to_department="card_services"),
    HandOffRefused(_HEAD),
    HandOffOffered(_HANDLER, to_department="card_services"),
    HandOffAccepted(_HEAD, _HANDLER),
    InvestigationCompleted("cash_jam", at_fault=True),
    CountermeasurePlanned(1, _HEAD, _after(days=14)),
    DeadlineExtended("statutory", 1, _after(days=60), _after(days=30), _HEAD),
    DeadlineRetimed("follow_up", 1, _after(days=9), _after(days=8)),
    ResolutionProposed("refund", "400.00", "EUR", _HANDLER, approval_by="department_head"),
    ProposalRejected(_HEAD),
    ResolutionProposed("refund", "400.00", "EUR", _HANDLER, approval_by="department_head"),
    ProposalApproved(_HEAD),
    CustomerDeclined(by_channel="phone"),
    UnsatisfiedClosureRequested(_HANDLER),
    UnsatisfiedClosureApproved(_HEAD, "department_head"),
    UnsatisfiedClosureApproved(_EXECUTIVE, "executive"),
    ClosedUnsatisfied((_HEAD, _EXECUTIVE), liable=_HEAD),
    CaseReopened("new-facts", cycle=2),
    ApologyGiven(by_channel="phone"),
    InvestigationCompleted("cash_jam", at_fault=True),
    ResolutionProposed("refund", "400.00", "EUR", _HEAD),
    CustomerConfirmed(by_channel="phone"),
    ActionTaken("refund_made"),
    ActionTaken("corrective_action_done", number=1),
    FollowUpFailed(satisfaction=4),
    FollowedUp(satisfaction=8),
    ReviewRecorded(),
    EntryCorrected(corrects=11, position=_FIRST_POSITIONS[_CASE] + 10),
    LegalHoldPlaced(),
    LegalHoldReleased(),
    ErasureRequested(_HANDLER, _ASKED_FOR),
    ErasureRejected(_HEAD),
    ErasureRequested(_HANDLER, _ASKED_FOR),
    PersonalDataErased(str(_KEY), _HANDLER, _HEAD, _ASKED_FOR),
    CaseReopened("recurrence", cycle=3),
    ComplaintWithdrawn(by_channel="phone"),
    CaseReopened("new-facts", cycle=4),
    MergedInto(str(_EARLIER), _reference(_EARLIER)),
)

INCIDENT: Final[tuple[Event, ...]] = (
    IncidentOpened("Cash jams", "cause", "cash_jam", "*", "policy", automatic=True, late_by_ms=18),
    ChildrenActed("apologize", applied=11, refused=1),
    IncidentClosed(),
)


def examples() -> dict[type[Event], list[dict[str, Any]]]:
    """The payloads of both lives by event type, as JSON values: of each type the first two that are different."""
    found: dict[type[Event], list[dict[str, Any]]] = defaultdict(list)
    for case_id, life in ((_CASE, COMPLAINT), (_INCIDENT, INCIDENT)):
        for event, payload in zip(life, _payloads(case_id, life), strict=True):
            if len(found[type(event)]) < 2 and not any(_same(payload, other) for other in found[type(event)]):
                found[type(event)].append(payload)
    return dict(found)


def checkpoint_example() -> dict[str, Any]:
    """The payload of a signed checkpoint, as JSON values."""
    signer = Signer("amends/default", bytes(32))
    head = TreeHead(signer.name, 1, hashlib.sha256(b"\0").digest())
    signed = SignedCheckpoint(head.tree_size, head.root_hash, _BEGAN, signer.sign(head.text()))
    return checkpoint_payload_of(signed).model_dump(mode="json")


def _payloads(case_id: UUID, life: Sequence[Event]) -> list[dict[str, Any]]:
    case: Case | None = None
    payloads = []
    at = _BEGAN
    for version, event in enumerate(life, 1):
        at = max(at + timedelta(minutes=5), _fired_at(event))
        position = _FIRST_POSITIONS[case_id] + version - 1
        case = evolve(case, case_id, Recorded(position, version, event, at, at, None, _AGENT))
        row = StoredEvent(
            position, case_id, version, case_id, event.TYPE, 1, at, at, "default", _AGENT, case_id, None, None,
            "{}", None, None, bytes(32),
        )  # fmt: skip
        payloads.append(orjson.loads(orjson.dumps(payload_of(row, event, case), option=orjson.OPT_UTC_Z)))
    return payloads


def _fired_at(event: Event) -> datetime:
    """When the timer wrote it; long ago for whatever a person did."""
    fell_due_at = event.due_at if isinstance(event, DeadlineBreached) else getattr(event, "fell_due_at", None)
    return _BEGAN if fell_due_at is None else fell_due_at + timedelta(milliseconds=getattr(event, "late_by_ms", 0))


def _same(payload: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether they differ only in when and where."""
    told = {"position", "version", "occurred_at", "state", "owner", "grade"}
    return all(payload[name] == other[name] for name in payload.keys() - told)
