"""A mass incident: so many of one cause in a day that they are one matter, and are acted on as one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Final
from uuid import UUID

from amends_domain.commands import Act, Apologize, CloseIncident, Confirm, Investigate, Propose, Receive, RecordContact
from amends_domain.decide import Actor
from amends_platform.simulation import bank, words
from amends_platform.simulation.lives import matter_of
from amends_platform.simulation.pieces import apologise, follow_up
from amends_platform.simulation.telling import Scene, Step, Telling

COMPLAINTS: Final = 13
"""How many of one come in."""
WITH_CASES_FROM: Final = 150
"""Below so many cases a mass incident would be most of them."""
_HEAD: Final = Actor("dev-department_head", bank.HEAD, None)


def machines(scene: Scene, who: list[tuple[UUID, str]], day: date) -> Iterator[Step]:
    """Machines of several branches keep the notes that they counted: one morning, until it is found out.

    `who`: the cases, and whose they are.
    """
    at = scene.hours.working(scene.hours.on(day, time(9), time(9, 30)))
    found = scene.hours.working(at, 6.5)
    paid = scene.hours.working(found, 5)
    cause = "cash_jam"
    yield Step(found, cause, _HEAD, Investigate(_say(scene, "incident"), cause, at_fault=True))
    yield Step(found + timedelta(minutes=25), cause, _HEAD, Propose("apology", _say(scene, "offer")))
    yield Step(paid, cause, _HEAD, Act("refund_made"))
    yield Step(scene.hours.working(paid, 20), cause, _HEAD, CloseIncident(_say(scene, "incident_closed")))
    for number, (case_id, ref) in enumerate(who):
        came = at + timedelta(minutes=8 + 21 * number * scene.chance.uniform(0.8, 1))
        yield from _one(scene, case_id, ref, came, cause, "atm_card_or_cash", paid).steps


def banking(scene: Scene, who: list[tuple[UUID, str]], began_at: datetime) -> Iterator[Step]:
    """Mobile banking hangs. Nobody knows why yet."""
    for number, (case_id, ref) in enumerate(who):
        came = began_at + timedelta(minutes=4 + 13 * number * scene.chance.uniform(0.8, 1))
        yield from _one(scene, case_id, ref, came, "process_too_slow", "system_failure", None).steps


def _one(
    scene: Scene, case_id: UUID, ref: str, came: datetime, cause: str, complaint_type: str, paid: datetime | None
) -> Telling:
    branch = scene.branch()
    channel = scene.chance.choice(("phone", "phone", "app", "web"))
    t = Telling(scene, case_id, branch, came, channel)
    matter = matter_of(scene.chance, ref, branch.language, complaint_type)
    taker = t.staff(bank.AGENT)
    text = words.narrative(scene.chance, branch.language, branch.name, complaint_type, scene.town.samples)
    t.then(
        taker,
        Receive(
            channel=channel,
            narrative=text,
            branch=branch.name,
            customer_ref=ref,
            customer=matter.customer,
            type=complaint_type,
            cause=cause,
            product=matter.product,
            severity="medium",
            desired_outcomes=("immediate_action",),
        ),
    )
    t.minutes(3, 40)
    if paid is None:
        apologise(t, taker)
        return t
    t.then(taker, Apologize(t.channel, t.say("apology")))
    t.at = paid
    t.at += timedelta(minutes=t.chance.uniform(10, 100))
    t.then(t.handler, RecordContact("outbound", "phone", True, t.say("contact")))
    t.minutes(2, 8)
    t.then(taker, Confirm(t.channel, t.say("accept")))
    follow_up(t)
    return t


def _say(scene: Scene, occasion: str) -> str:
    return words.say(scene.chance, "en", occasion)
