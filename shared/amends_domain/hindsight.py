"""Hindsight: of what is known of a case, what had happened by an instant.

An event has two times. When it was recorded says since when it is known; when it occurred says when it happened. What
was known is a beginning of the stream. What had happened is a selection of it, still in the order of the log, which
is the only order that nobody can claim: so at the end of time hindsight is what is known, whatever was entered late.

Nothing is judged anew. A deadline is judged by recorded time (see `clocks`); hindsight only says what of that had
happened by then, so it neither acquits nor accuses anybody.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from amends_domain.case import Case
from amends_domain.clocks import obligations
from amends_domain.events import (
    ActionTaken,
    AlertAcknowledged,
    ApologyGiven,
    CallbackAgreed,
    CaseEscalated,
    CaseReopened,
    ClosedUnsatisfied,
    ComplaintWithdrawn,
    CountermeasurePlanned,
    CustomerConfirmed,
    CustomerDeclined,
    DeadlineBreached,
    EntryCorrected,
    ErasureRejected,
    ErasureRequested,
    Event,
    FollowedUp,
    FollowUpFailed,
    HandOffAccepted,
    HandOffOffered,
    HandOffRefused,
    IncidentClosed,
    InvestigationCompleted,
    LegalHoldPlaced,
    LegalHoldReleased,
    MergedInto,
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
from amends_domain.evolve import fold
from amends_domain.policy import Policy
from amends_domain.runs import Deadline, Verdict

# The steps of a life, each of which is only possible after the one before.
_STEPS = (
    ApologyGiven,
    InvestigationCompleted,
    ResolutionProposed,
    ProposalApproved,
    ProposalRejected,
    CustomerConfirmed,
    CustomerDeclined,
    FollowedUp,
    FollowUpFailed,
    ReviewRecorded,
    ComplaintWithdrawn,
    UnsatisfiedClosureRequested,
    UnsatisfiedClosureApproved,
    ClosedUnsatisfied,
    CaseReopened,
    MergedInto,
    Reclassified,
    IncidentClosed,
)
_STEP = "step"
# What an event answers: the last of that type before it.
_ANSWERS: Mapping[type[Event], type[Event]] = {
    HandOffAccepted: HandOffOffered,
    HandOffRefused: HandOffOffered,
    LegalHoldReleased: LegalHoldPlaced,
    ErasureRejected: ErasureRequested,
    PersonalDataErased: ErasureRequested,
}

Clock = tuple[str, int | None]


class Hindsight(NamedTuple):
    """A case as it was at an instant, by what is known now. Versions in `deadlines` are those of the case as it is
    known; `case.version` counts the events that had happened. `not_yet` are the versions of those that had not."""

    case: Case
    deadlines: tuple[Deadline, ...]
    not_yet: tuple[int, ...]


def in_hindsight(
    case_id: UUID, events: Sequence[Recorded], deadlines: Sequence[Deadline], valid_at: datetime
) -> Hindsight | None:
    """The case as it was at `valid_at`; None when it had not begun. `events` are all that is known of it, from its
    first, and `deadlines` what follows from them."""
    times = happened_at(events, deadlines)
    happened = [event for event, at in zip(events, times, strict=True) if at <= valid_at]
    case = fold(None, case_id, (event._replace(version=number) for number, event in enumerate(happened, 1)))
    if case is None:
        return None
    return Hindsight(
        case,
        tuple(_by_then(deadlines, times, [event.event for event in happened], valid_at)),
        tuple(event.version for event, at in zip(events, times, strict=True) if at > valid_at),
    )


def as_it_was(
    known: Case, events: Sequence[Recorded], policies: Mapping[str, Policy], valid_at: datetime | None
) -> Hindsight | None:
    """`in_hindsight`, or the case as it is `known` where no time is asked for. Raises UnknownPolicy."""
    deadlines = obligations(known, policies)
    if valid_at is None:
        return Hindsight(known, deadlines, ())
    return in_hindsight(known.id, events, deadlines, valid_at)


def happened_at(events: Sequence[Recorded], deadlines: Sequence[Deadline]) -> tuple[datetime, ...]:
    """When each event happened: when it occurred, though never before what it rests on.

    A correction counts from the entry that it corrects: in hindsight that entry was wrong from the beginning.
    """
    runs = {(deadline.kind, deadline.generation): deadline for deadline in deadlines}
    latest: dict[object, int] = {}
    times: list[datetime] = []
    for recorded in events:
        event = recorded.event
        if isinstance(event, EntryCorrected):
            times.append(times[event.corrects - 1])
        else:
            rests_on = [version for version in _rests_on(event, latest, runs) if version < recorded.version]
            times.append(max([recorded.occurred_at, *(times[version - 1] for version in rests_on)]))
        for name in _named(recorded):
            latest[name] = recorded.version
    return tuple(times)


def _rests_on(event: Event, latest: Mapping[object, int], runs: Mapping[tuple[str, int], Deadline]) -> Iterator[int]:
    """The versions of the events without which this one could not have happened, whatever time it claims."""
    yield 1
    before: object = None
    match event:
        case PromiseKept(number=number):
            before = (PromiseMade.TYPE, number)
        case ActionTaken(number=int(number)):
            before = (CountermeasurePlanned.TYPE, number)
        case CallbackAgreed(contact_position=int(position)) | AlertAcknowledged(position=position):
            before = position
        case ReminderIssued() | DeadlineBreached() | CaseEscalated(clock=str()):
            run = runs.get((event.clock or "", event.generation or 0))
            if run is not None:
                yield from (run.started_by, run.called_for_by)
        case _ if isinstance(event, _STEPS):
            before = _STEP
        case _ if type(event) in _ANSWERS:
            before = _ANSWERS[type(event)].TYPE
    if before in latest:
        yield latest[before]


def _named(recorded: Recorded) -> Iterator[object]:
    """By what later events refer to this one."""
    event = recorded.event
    yield recorded.position
    yield event.TYPE
    if isinstance(event, PromiseMade | CountermeasurePlanned):
        yield (event.TYPE, event.number)
    if isinstance(event, _STEPS):
        yield _STEP


def _by_then(
    deadlines: Sequence[Deadline], times: Sequence[datetime], happened: Sequence[Event], valid_at: datetime
) -> Iterator[Deadline]:
    """The runs that had begun, each as far as it had come. One clock never runs twice at a time."""
    issued = {
        (event.clock, event.generation, event.step)
        for event in happened
        if isinstance(event, ReminderIssued | CaseEscalated)
    }
    breaches = {(event.clock, event.generation) for event in happened if isinstance(event, DeadlineBreached)}
    is_free: dict[Clock, bool] = {}
    for run in deadlines:
        clock = run.kind, run.number
        has_begun = max(times[run.started_by - 1], times[run.called_for_by - 1]) <= valid_at
        if not has_begun or not is_free.get(clock, True):
            is_free[clock] = False
            continue
        then = _as_far_as(run, run.ended_by is not None and times[run.ended_by - 1] <= valid_at, valid_at)
        is_free[clock] = then.ended_by is not None
        yield then._replace(
            breach_recorded=run.breach_recorded and (run.kind, run.generation) in breaches,
            issued=frozenset(step for step in run.issued if (run.kind, run.generation, step) in issued),
        )


def _as_far_as(run: Deadline, has_ended: bool, valid_at: datetime) -> Deadline:
    """A breach happens at the due time: until then the clock ran, also where what stopped it was entered too late."""
    is_broken = run.status is Verdict.BREACHED and run.due_at <= valid_at
    if has_ended and (is_broken or run.status is not Verdict.BREACHED):
        return run
    return run._replace(status=Verdict.BREACHED if is_broken else Verdict.PENDING, ended_at=None, ended_by=None)
