"""Pieces of which lives are told: each does one thing to a case, most often in time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from amends_domain.case import Case
from amends_domain.commands import (
    AcceptHandOff,
    Act,
    AddNote,
    Apologize,
    Approve,
    Assign,
    Command,
    Correct,
    Countermeasure,
    FollowUp,
    HandOver,
    Investigate,
    KeepPromise,
    PromiseToCustomer,
    Propose,
    RecordContact,
    RefuseHandOff,
    Reject,
    Review,
)
from amends_domain.decide import Actor
from amends_domain.decisions.actions import CORRECTIVE_ACTION_DONE
from amends_domain.events import NoteAdded
from amends_domain.policy_measures import indicators_of
from amends_platform.simulation.bank import AGENT, HANDLER, SUPERVISOR
from amends_platform.simulation.telling import Telling

CURRENCY: Final = "CNY"
_DEPARTMENTS: Final = ("card_centre", "wealth_management", "it_operations")
_SATISFIED: Final = ((9, 8, 10, 9, 8, 7, 10, 6), (7, 8, 6, 9, 5, 7), (5, 3, 6, 7, 2, 4))


def apologise(t: Telling, by: Actor) -> None:
    """Within a day; one in forty is forgotten for longer."""
    if t.likely(0.025):
        t.trouble += 1
        t.minutes(25 * 60, 44 * 60)
    elif t.likely(0.12):
        t.minutes(4 * 60, 16 * 60)
    else:
        t.minutes(4, 150)
    t.then(by, Apologize(t.channel, t.say("apology")))


def hand_on(t: Telling, taker: Actor) -> None:
    """Whoever took the call gives the case to a handler: assigned by a leader, or handed off and accepted."""
    if taker.role != AGENT:
        t.handler = taker
    elif t.likely(0.3):
        _hand_off(t, taker)
    else:
        t.working(0.1, 3)
        t.then(t.staff(SUPERVISOR), Assign(t.handler.id))


def _hand_off(t: Telling, taker: Actor) -> None:
    t.minutes(5, 90)
    if t.likely(0.2):
        department = t.chance.choice(_DEPARTMENTS)
        t.then(taker, HandOver(to_department=department, reason=t.say("handed")))
    else:
        t.then(taker, HandOver(to_person=t.handler.id, reason=t.say("handed")))
    late = t.likely(0.06)
    t.trouble += late
    t.working(*((17, 24) if late else (0.3, 6)))
    if t.likely(0.15):
        t.then(t.handler, RefuseHandOff(t.say("refused_hand_off")))
        t.handler = t.staff(HANDLER, t.handler.id)
        t.working(0.3, 3)
        t.then(t.staff(SUPERVISOR), Assign(t.handler.id))
    else:
        t.then(t.handler, AcceptHandOff())


def call_back(t: Telling, due_at: datetime) -> None:
    """The call that is owed by `due_at`: after an attempt, put off with the customer's consent, or too late."""
    in_hand = max(due_at - t.at, timedelta())
    if t.likely(0.08):
        t.at = t.scene.hours.working(t.at, 0.5)
        t.then(t.handler, _called(t, reached=False, occasion="attempt"))
    if t.likely(0.06):
        t.at = t.scene.hours.telephone(t.at + in_hand * 0.3)
        due_at = t.scene.hours.working(max(due_at, t.at) + timedelta(days=1), t.chance.uniform(1, 14))
        if t.at < due_at - timedelta(hours=4):
            moved = _called(t, reached=True, occasion="delay", reason_explained=True, agreed_callback_at=due_at)
            t.then(t.handler, moved)
        in_hand = max(due_at - t.at, timedelta())
    if t.likely(0.03):
        t.trouble += 1
        t.at = t.scene.hours.working(max(due_at, t.at), t.chance.uniform(0.5, 12))
    else:
        share = t.chance.uniform(0.05, 0.85) * t.scene.town.pace
        soon = t.scene.hours.working(t.at + min(in_hand, timedelta(days=3)) * share)
        is_pressed = share < 1 and due_at > t.at + timedelta(minutes=8)
        t.at = min(soon, due_at - timedelta(minutes=4)) if is_pressed else soon
    promise = None
    if t.likely(0.28):
        t.promises += 1
        promise = PromiseToCustomer(t.say("promise"), t.scene.hours.working(t.at, t.chance.uniform(1.5, 20)))
    # One in twenty is written down only hours later.
    spoken_at = t.at if t.likely(0.05) else None
    if spoken_at is not None:
        t.working(1.5, 6)
    t.then(t.handler, _called(t, reached=True, occasion="contact", promise=promise), occurred_at=spoken_at)
    if promise is not None:
        _promised(t, t.promises, promise.due_at)


def _called(
    t: Telling,
    *,
    reached: bool,
    occasion: str,
    reason_explained: bool = False,
    agreed_callback_at: datetime | None = None,
    promise: PromiseToCustomer | None = None,
) -> RecordContact:
    return RecordContact("outbound", "phone", reached, t.say(occasion), reason_explained, agreed_callback_at, promise)


def _promised(t: Telling, number: int, due_at: datetime) -> None:
    """Most are kept in time, some late, few never."""
    goes_on_at = t.at
    if t.likely(0.03):
        t.trouble += 1
        return
    if t.likely(0.07):
        t.trouble += 1
        t.at = t.scene.hours.working(due_at, t.chance.uniform(0.5, 12))
    else:
        t.at = max(t.at + timedelta(minutes=2), t.at + (due_at - t.at) * t.chance.uniform(0.3, 0.95))
    t.then(t.handler, KeepPromise(number))
    t.at = goes_on_at


def investigate(t: Telling, cause: str) -> None:
    """What happened, and what shall change because of it."""
    measures: list[Countermeasure] = []
    if t.likely(0.3):
        t.measures += 1
        due_at = t.scene.hours.working(t.at, t.chance.uniform(40, 130))
        measures.append(Countermeasure(t.say("measure"), t.handler.id, due_at))
        _measure(t, t.measures, due_at)
    elif t.likely(0.4):
        measures.append(Countermeasure(t.say("measure")))
    t.then(t.handler, Investigate(t.say("findings"), cause, t.likely(0.78), tuple(measures)))


def _measure(t: Telling, number: int, due_at: datetime) -> None:
    goes_on_at = t.at
    if t.likely(0.88):
        t.at += (due_at - t.at) * t.chance.uniform(0.3, 0.97)
    elif t.likely(0.6):
        t.at = t.scene.hours.working(due_at, t.chance.uniform(2, 30))
    else:
        return
    t.then(t.handler, Act(CORRECTIVE_ACTION_DONE, number=number))
    t.at = goes_on_at


def offer(t: Telling, complaint_type: str, *, generous: bool = False) -> None:
    """A proposal, and the approval where it takes one."""
    amount: Decimal | None = None
    if generous or t.likely(0.8 if complaint_type in ("atm_card_or_cash", "mis_selling") else 0.25):
        amount = Decimal(t.chance.choice((50, 80, 100, 200, 300, 400, 800, 1_200, 3_000)) * (2 if generous else 1))
    by = t.handler
    proposal = (
        Propose("apology", t.say("offer")) if amount is None else Propose("refund", t.say("offer"), amount, CURRENCY)
    )
    t.then(by, proposal)
    needed = t.scene.policy.authority.approval_needed(by.role, amount, complaint_type)
    if needed is None:
        return
    t.working(0.3, 7)
    if t.likely(0.1):
        t.then(t.staff(needed), Reject(t.say("reject")))
        t.working(1, 8)
        t.then(by, proposal)
        t.working(0.3, 5)
    t.then(t.staff(needed), Approve(t.say("approve")))


def follow_up(t: Telling, *, best: int = 10) -> None:
    """Was it carried out, and is the customer content? Due within three business days; then our own review."""
    if t.likely(0.05):
        t.working(3, 10)
        t.then(t.handler, FollowUp(executed=False, text=t.say("not_done")))
    late = t.likely(0.045)
    t.trouble += late
    t.working(*((30, 44) if late else (3, 20)))
    t.then(t.handler, RecordContact("outbound", "phone", True, t.say("contact")))
    t.minutes(1, 5)
    satisfaction = min(best, t.chance.choice(_SATISFIED[min(t.trouble, len(_SATISFIED) - 1)]))
    answers = _answers(t, satisfaction, is_late=late)
    t.then(t.handler, FollowUp(True, satisfaction, t.say("follow_up"), answers))
    if t.likely(0.55):
        t.working(0.2, 9)
        t.then(t.handler, Review(t.say("review")))


def aside(t: Telling) -> None:
    """What happens on the way and changes nothing: a note, a customer who asks, a slip that is put right."""
    if t.likely(0.15):
        t.minutes(5, 300)
        t.then(t.handler, AddNote(t.say("note")))
        if t.likely(0.12):
            t.minutes(5, 60)
            t.then(t.handler, _corrected_note(t.say("correction")))
    if t.likely(0.1):
        t.minutes(30, 600)
        t.then(t.staff(AGENT), RecordContact("inbound", "phone", True, t.say("inbound")))


def _corrected_note(text: str) -> Callable[[Case], Command]:
    """The correction of the case's last note."""
    return lambda case: Correct(next(m.position for m in reversed(case.marks) if m.type == NoteAdded.TYPE), text)


def _answers(t: Telling, satisfaction: int, *, is_late: bool) -> dict[str, int] | None:
    """What two customers of three say when they are asked more than the one number: most, that nobody explained."""
    number = t.case_id.int
    if number % 3 == 0:
        return None
    less = {"explained": 1 + number % 2, "fair": 1, "speed": 3 if is_late else number % 2}
    asked = sorted(indicators_of(t.scene.policy.sections))
    return {name: max(1, satisfaction - less.get(name, 0)) for name in asked} or None
