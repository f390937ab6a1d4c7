"""Who does what when: the lives of a month and more, drawn from one seed. Pure: the same seed and end, one plan."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from itertools import count
from random import Random
from typing import Final, NamedTuple
from uuid import UUID, uuid5

from amends_domain.calendars import first_instant
from amends_domain.case import COMPLAINT, INQUIRY
from amends_domain.policy import Policy
from amends_platform.demo.month import bank, outage, words
from amends_platform.demo.month.hours import Hours
from amends_platform.demo.month.lives import (
    Matter,
    complaint,
    held,
    inquiry,
    lately,
    matter_of,
    named_staff,
    no_complaint,
)
from amends_platform.demo.month.telling import Scene, Step, Telling

SEED: Final = 20_261
CASES: Final = 400

_CASES: Final = UUID("a3a0a1f6-7c2e-5d5f-8f5c-6a1c0d7f5b11")
_DAY: Final = timedelta(days=1)
# Whenever it is now, a morning is over that was less than two days ago.
_A_MORNING_AGO: Final = timedelta(hours=13)
# Days off bring fewer complaints, and none at a counter.
_DAY_OFF_SHARE: Final = 0.35
_AT_COUNTERS: Final = ("branch", "letter", "head_office")
_REPEATS_SHARE: Final = 0.06
# So many have come in within the last hours.
_LATELY: Final = 9
# Below so many cases a mass incident would be most of them.
_WITH_INCIDENTS_FROM: Final = 150


class Plan(NamedTuple):
    """Every step, the earliest first, from the beginning of the last full month to `until`, and beyond."""

    first_day: date
    begins_at: datetime
    until: datetime
    steps: tuple[Step, ...]


class _Earlier(NamedTuple):
    """A complaint that was told before, whose customer may come again."""

    matter: Matter
    told: Telling


def plan(policy: Policy, samples: words.Samples, until: datetime, *, seed: int = SEED, cases: int = CASES) -> Plan:
    """About so many cases, from the first day of the month before that of `until`."""
    chance = Random(seed)
    scene = Scene(chance, Hours(policy.calendar, chance), policy, samples)
    today = scene.hours.day_of(until)
    first = (today.replace(day=1) - _DAY).replace(day=1)
    begins_at = first_instant(datetime.combine(first, time(0)), policy.calendar.timezone)
    steps = sorted(_lives(scene, first, today, until, cases, seed), key=lambda step: step.at)
    return Plan(first, begins_at, until, tuple(steps))


def _lives(scene: Scene, first: date, today: date, until: datetime, cases: int, seed: int) -> Iterator[Step]:
    chance = scene.chance
    ids = (uuid5(_CASES, f"{seed}:{number}") for number in count())
    refs = iter(f"C-1{number:04}" for number in chance.sample(range(1_000, 10_000 + 20 * cases), 2 * cases + 100))
    earlier: list[_Earlier] = []
    for at, channel in _arrivals(scene, first, today, until, cases):
        branch, kind = bank.branch(chance), bank.one_of(chance, bank.KINDS)
        before = _somebody_again(chance, earlier, at) if kind == COMPLAINT else None
        if before is not None:
            t = Telling(scene, next(ids), before.told.branch, at, channel, before.told.named)
            complaint(t, before.matter, channel, earlier=before.told.case_id)
            yield from t.steps
            continue
        matter = _some_matter(chance, next(refs), branch)
        named = named_staff(chance, branch, matter) if kind == COMPLAINT else ()
        t = Telling(scene, next(ids), branch, at, channel, named)
        if kind == COMPLAINT:
            complaint(t, matter, channel)
            earlier.append(_Earlier(matter, t))
            if matter.severity == "severe" and t.likely(0.4):
                held(t)
        elif kind == INQUIRY:
            inquiry(t, matter, channel)
        else:
            no_complaint(t, kind, matter, channel)
        yield from t.steps
    for _ in range(min(_LATELY, cases // 20)):
        at, branch = until - timedelta(minutes=chance.uniform(5, 200)), bank.branch(chance)
        t = Telling(scene, next(ids), branch, at, "phone")
        lately(t, _some_matter(chance, next(refs), branch), "phone", until)
        yield from t.steps
    if cases >= _WITH_INCIDENTS_FROM:
        who = [(next(ids), next(refs)) for _ in range(2 * outage.COMPLAINTS)]
        day = next(day for day in _days(first + 14 * _DAY, today) if scene.hours.is_open(day))
        yield from outage.machines(scene, who[: outage.COMPLAINTS], day)
        began_at = scene.hours.on(scene.hours.day_of(until - _A_MORNING_AGO), time(9), time(9, 40))
        yield from outage.banking(scene, who[outage.COMPLAINTS :], began_at)


def _some_matter(chance: Random, customer_ref: str, branch: bank.Branch) -> Matter:
    weights = {name: weight for name, (weight, _, _) in bank.TYPES.items()}
    return matter_of(chance, customer_ref, branch.language, bank.one_of(chance, weights))


def _arrivals(scene: Scene, first: date, today: date, until: datetime, cases: int) -> list[tuple[datetime, str]]:
    """When complaints come in, and how, in order."""
    chance, hours = scene.chance, scene.hours
    days = list(_days(first, today))
    weights = [1.0 if hours.is_open(day) else _DAY_OFF_SHARE for day in days]
    arrivals: list[tuple[datetime, str]] = []
    while len(arrivals) < cases:
        day = chance.choices(days, weights)[0]
        channel = bank.one_of(chance, bank.CHANNELS)
        if channel in _AT_COUNTERS:
            if not hours.is_open(day):
                continue
            at = hours.on(day, time(9, 5), time(17, 15))
        else:
            at = hours.on(day, time(8, 10), time(20, 50))
        if at < until:
            arrivals.append((at, channel))
    return sorted(arrivals)


def _somebody_again(chance: Random, earlier: list[_Earlier], at: datetime) -> _Earlier | None:
    """Somebody who has complained of the same lately, now and then."""
    if not earlier or chance.random() >= _REPEATS_SHARE:
        return None
    lately = [each for each in earlier if at - 5 * _DAY < each.told.steps[0].at < at - timedelta(hours=4)]
    return chance.choice(lately) if lately else None


def _days(first: date, last: date) -> Iterator[date]:
    while first <= last:
        yield first
        first += _DAY
