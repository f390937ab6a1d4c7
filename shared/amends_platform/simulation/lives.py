"""Whole lives: told until they are over, though the end of what is played may come before."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from random import Random
from typing import Final, NamedTuple
from uuid import UUID

from amends_domain.case import COMPLAINT, INQUIRY, Case
from amends_domain.commands import (
    Act,
    AddNote,
    Apologize,
    ChangeFlags,
    CloseUnsatisfied,
    Command,
    Confirm,
    Decline,
    Escalate,
    Extend,
    Hold,
    Investigate,
    KeepPromise,
    Link,
    MakePromise,
    Merge,
    Propose,
    Receive,
    RecordContact,
    Reopen,
    ResolveOnTheSpot,
    Withdraw,
)
from amends_domain.decide import Actor
from amends_platform.simulation import bank, words
from amends_platform.simulation.pieces import apologise, aside, call_back, follow_up, hand_on, investigate, offer
from amends_platform.simulation.telling import Telling

_WEEK: Final = timedelta(days=7)
_REOPENED_FOR: Final = ("recurrence", "broken-promise", "passed-around", "overdue", "new-facts")
_NOT_ON_THE_SPOT: Final = ("mis_selling", "atm_card_or_cash")


class Matter(NamedTuple):
    """What a customer comes with. `cause` is what will be found; `is_plain` when it is known from the beginning."""

    customer_ref: str
    customer: dict[str, str]
    type: str
    cause: str
    product: str
    severity: str
    flags: tuple[str, ...]
    is_plain: bool


def complaint(t: Telling, matter: Matter, channel: str, *, earlier: UUID | None = None) -> None:
    """A complaint, from its first word. `earlier` is one that the customer has raised before."""
    taker = _receive(t, COMPLAINT, matter, channel)
    if t.named and t.likely(0.3):
        # Staff who are complained of try to settle it themselves, and may not.
        t.minutes(20, 200)
        own = Actor(t.named[0], bank.HANDLER, t.branch.name)
        t.then(own, Withdraw(t.channel, t.say("withdrawn")), refused=True)
    if earlier is not None and t.likely(0.4):
        t.minutes(5, 40)
        t.then(t.handler, Merge(earlier, t.say("merged")))
        return
    if earlier is not None:
        t.minutes(5, 40)
        t.then(t.handler, Link(earlier, "same-customer"))
    is_simple = matter.type not in _NOT_ON_THE_SPOT and not t.named
    if is_simple and t.likely(0.2 if t.channel == "phone" else 0.7):
        _on_the_spot(t, taker, matter)
    else:
        apologise(t, taker)
        hand_on(t, taker)
        call_back(t, max(t.due_at, t.at + timedelta(hours=1)))
        _six_steps(t, matter)


def lately(t: Telling, matter: Matter, channel: str, now: datetime) -> None:
    """What has just come in, and is waited for within hours: there is something to do for whoever looks."""
    t.due_at = now + timedelta(minutes=t.chance.uniform(40, 600))
    taker = _receive(t, COMPLAINT, matter, channel, is_wished=True)
    t.at += timedelta(minutes=t.chance.uniform(2, 30))
    if t.likely(0.6):
        t.then(taker, Apologize(t.channel, t.say("apology")))
    if t.likely(0.6):
        t.then(taker, MakePromise(t.say("promise"), now + timedelta(minutes=t.chance.uniform(15, 400))))


def _receive(t: Telling, kind: str, matter: Matter, channel: str, *, is_wished: bool = False) -> Actor:
    """Who took it. It is entered late where a letter lay, or the day was long.

    `is_wished`: the customer wants to be called back by `t.due_at`; otherwise that is left to chance.
    """
    taker = t.staff(bank.HANDLER if channel == "branch" and t.likely(0.6) else bank.AGENT)
    about = matter.type if kind == COMPLAINT else kind
    wished = is_wished
    if not is_wished:
        wished = t.likely(0.55)
        t.due_at = t.scene.hours.working(t.at, t.chance.uniform(5, 26)) if wished else t.at + _WEEK
    occurred_at = None
    if channel == "letter" or t.likely(0.03):
        occurred_at = t.at - timedelta(hours=t.chance.uniform(2, 20))
        t.due_at = min(t.due_at, occurred_at + _WEEK)
    is_complaint = kind == COMPLAINT
    t.then(
        taker,
        Receive(
            channel=channel,
            narrative=words.narrative(t.chance, t.branch.language, t.branch.name, about, t.scene.town.samples),
            branch=t.branch.name,
            customer_ref=matter.customer_ref,
            customer=matter.customer,
            kind=kind,
            type=matter.type if is_complaint else None,
            cause=matter.cause if is_complaint and matter.is_plain else None,
            product=matter.product,
            severity=matter.severity if is_complaint else None,
            desired_outcomes=tuple(t.chance.sample(bank.WISHES, t.chance.randint(1, 2))) if is_complaint else (),
            complained_of=t.named,
            flags=matter.flags if is_complaint else (),
            reply_by=t.due_at if wished and is_complaint else None,
            occurred_at=occurred_at,
        ),
    )
    return taker


def _on_the_spot(t: Telling, taker: Actor, matter: Matter) -> None:
    t.minutes(6, 50)
    t.then(
        taker,
        ResolveOnTheSpot(
            Apologize(t.channel, t.say("apology")),
            Investigate(t.say("findings"), matter.cause, t.likely(0.7)),
            Propose("apology", t.say("offer")),
            Confirm(t.channel, t.say("accept")),
        ),
    )
    hand_on(t, taker)
    follow_up(t)


def _six_steps(t: Telling, matter: Matter) -> None:
    """From the call on: what was found, offered, agreed, done."""
    if t.likely(0.03):
        # Nobody looks at it for too long, until somebody above asks.
        t.trouble += 2
        t.working(60, 110)
        t.then(t.staff(bank.HEAD), Escalate(t.say("escalated")))
    if matter.type == "mis_selling" and t.likely(0.35):
        t.minutes(10, 200)
        t.then(t.handler, ChangeFlags(("complex",)))
        t.working(30, 70)
        if t.likely(0.4):
            t.then(t.staff(bank.HEAD), Extend("statutory", t.say("extended")))
    aside(t)
    t.working(1, 20)
    investigate(t, matter.cause)
    if matter.cause == "cash_jam":
        _refund(t)
    elif matter.cause == "card_retained":
        _card(t)
    if t.likely(0.03):
        t.then(t.handler, Withdraw(t.channel, t.say("withdrawn")))
        return
    t.working(0.3, 10)
    offer(t, matter.type)
    if t.likely(0.12):
        t.working(0.5, 12)
        t.then(t.handler, Decline(t.channel, t.say("decline")))
        t.trouble += 1
        if t.likely(0.25):
            _no_agreement(t)
            return
        t.working(2, 14)
        offer(t, matter.type, generous=True)
    t.working(0.2, 9)
    t.then(t.handler, Confirm(t.channel, t.say("accept")))
    follow_up(t)
    if t.likely(0.05):
        _once_more(t, matter)


def _refund(t: Telling) -> None:
    """Within five business days, and a call the same day."""
    late = t.likely(0.07)
    t.trouble += late
    t.working(*((30, 50) if late else (1, 14)))
    t.then(t.handler, Act("refund_made"))
    if t.likely(0.07):
        t.working(9, 14)
    else:
        t.at += timedelta(minutes=t.chance.uniform(2, 18))
    t.then(t.handler, RecordContact("outbound", "phone", True, t.say("contact")))


def _card(t: Telling) -> None:
    t.working(0.3, 6)
    t.then(t.handler, Act("customer_told"))
    if t.likely(0.85):
        t.working(2, 22)
        t.then(t.handler, Act("card_collected"))


def _no_agreement(t: Telling) -> None:
    """Two approvals close it against the customer's will; the owner stays liable."""
    t.working(3, 12)
    reason = t.say("closing")
    for role in (t.handler.role, bank.HEAD, bank.EXECUTIVE):
        by = t.handler if role == t.handler.role else t.staff(role)
        t.then(by, CloseUnsatisfied(reason))
        t.working(1, 10)


def _once_more(t: Telling, matter: Matter) -> None:
    t.working(8, 40)
    t.trouble += 1
    t.then(t.staff(bank.AGENT), Reopen(t.chance.choice(_REOPENED_FOR), t.say("reopened")))
    t.minutes(5, 120)
    t.then(t.handler, Apologize("phone", t.say("apology")))
    t.working(1, 8)
    t.then(t.handler, RecordContact("outbound", "phone", True, t.say("contact")))
    t.working(2, 10)
    investigate(t, matter.cause)
    t.working(1, 6)
    offer(t, matter.type, generous=True)
    t.working(0.5, 6)
    t.then(t.handler, Confirm("phone", t.say("accept")))
    follow_up(t, best=8)


def inquiry(t: Telling, matter: Matter, channel: str) -> None:
    """A question. The answer is promised; where the promise is broken it is a complaint from then on, by itself."""
    taker = _receive(t, INQUIRY, matter, channel)
    t.minutes(2, 12)
    due_at = t.scene.hours.working(t.at, t.chance.uniform(2, 14))
    t.then(taker, MakePromise(t.say("promise"), due_at))
    if t.likely(0.82):
        t.at += (due_at - t.at) * t.chance.uniform(0.2, 0.95)
        t.then(taker, KeepPromise(1))
        t.minutes(2, 20)
        t.then(taker, Withdraw(t.channel, t.say("answered")))
        return
    t.trouble += 1
    t.at = t.scene.hours.working(due_at, t.chance.uniform(1, 8))
    t.then(taker, KeepPromise(1))
    t.then(taker, _if_complaint(Apologize("phone", t.say("apology"))))
    hand_on(t, taker)
    t.working(1, 6)
    t.then(t.handler, RecordContact("outbound", "phone", True, t.say("contact")))
    t.working(1, 10)
    t.then(t.handler, _if_complaint(Investigate(t.say("findings"), "first_inquiry_duty_not_met", at_fault=True)))
    t.working(0.5, 5)
    t.then(t.handler, _if_complaint(Propose("apology", t.say("offer"))))
    t.working(0.5, 5)
    t.then(t.handler, _if_complaint(Confirm("phone", t.say("accept"))))
    follow_up(t, best=7)


def _if_complaint(command: Command) -> Callable[[Case], Command | None]:
    return lambda case: command if case.kind == COMPLAINT else None


def no_complaint(t: Telling, kind: str, matter: Matter, channel: str) -> None:
    """A suggestion or praise: passed on, and answered."""
    taker = _receive(t, kind, matter, channel)
    t.minutes(5, 300)
    t.then(taker, AddNote(t.say("note")))
    if t.likely(0.85):
        t.working(1, 16)
        t.then(taker, Withdraw(t.channel, t.say("answered")))


def held(t: Telling) -> None:
    """Soon after it came in a lawyer writes: nothing of this customer's may be erased."""
    t.at = t.steps[0].at
    t.minutes(60, 900)
    t.then(t.staff(bank.HEAD), Hold(t.say("hold")))


def matter_of(chance: Random, customer_ref: str, language: str, complaint_type: str) -> Matter:
    """A matter of this type, otherwise left to chance."""
    _, products, causes = bank.TYPES[complaint_type]
    severity = bank.one_of(chance, bank.SEVERITIES)
    flags = [
        *(["severe"] if severity == "severe" else []),
        *(
            flag
            for flag, share in (("vulnerable", 0.1), ("urgent", 0.08), ("media-threat", 0.02))
            if chance.random() < share
        ),
    ]
    cause = chance.choice(causes)
    is_plain = complaint_type == "atm_card_or_cash" or chance.random() < 0.35
    return Matter(
        customer_ref,
        words.customer(chance, language),
        complaint_type,
        cause,
        chance.choice(products),
        severity,
        tuple(flags),
        is_plain,
    )


def named_staff(chance: Random, branch: bank.Branch, matter: Matter) -> tuple[str, ...]:
    """Whom the complaint names, if anybody: somebody of the branch."""
    share = {"staff_mistake_or_attitude": 0.35, "mis_selling": 0.25}.get(matter.type, 0.0)
    return (f"S-{branch.staff}{chance.choice(('02', '12'))}",) if chance.random() < share else ()
