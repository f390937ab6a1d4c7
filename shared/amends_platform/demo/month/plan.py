"""Who does what when: the lives of a month and more, drawn from one seed. Pure: the same seed and end, one plan."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from itertools import count
from typing import Final, NamedTuple

from amends_domain.policy import Policy
from amends_platform.simulation import bank, outage, words
from amends_platform.simulation.arriving import arrival, days, weight
from amends_platform.simulation.coming import Lately, case_id, life, newcomers, some_matter
from amends_platform.simulation.lives import lately as just_come
from amends_platform.simulation.telling import Scene, Step, Telling, Town
from amends_platform.simulation.years import begins_at

SEED: Final = 20_261
CASES: Final = 400

_DAY: Final = timedelta(days=1)
# Whenever it is now, a morning is over that was less than two days ago.
_A_MORNING_AGO: Final = timedelta(hours=13)
# So many have come in within the last hours.
_LATELY: Final = 9


class Plan(NamedTuple):
    """Every step, the earliest first, from the beginning of the last full month to `until`, and beyond."""

    town: Town
    first_day: date
    begins_at: datetime
    until: datetime
    steps: tuple[Step, ...]


def plan(policy: Policy, samples: words.Samples, until: datetime, *, seed: int = SEED, cases: int = CASES) -> Plan:
    """About so many cases, from the first day of the month before that of `until`."""
    town = Town(policy, bank.BRANCHES, samples, seed)
    scene = town.scene("month")
    today = scene.hours.day_of(until)
    first = (today.replace(day=1) - _DAY).replace(day=1)
    steps = sorted(_lives(scene, first, today, until, cases), key=lambda step: step.at)
    return Plan(town, first, begins_at(town, first), until, tuple(steps))


def _lives(scene: Scene, first: date, today: date, until: datetime, cases: int) -> Iterator[Step]:
    town, chance, numbers, lately = scene.town, scene.chance, count(), Lately()
    for at, channel in _arrivals(scene, first, today, until, cases):
        yield from life(town, next(numbers), at, channel, lately).steps
    for number in (next(numbers) for _ in range(min(_LATELY, cases // 20))):
        at, branch = until - timedelta(minutes=chance.uniform(5, 200)), scene.branch()
        t = Telling(town.scene(number), case_id(town, number), branch, at, "phone")
        just_come(t, some_matter(chance, number, branch), "phone", until)
        yield from t.steps
    if cases >= outage.WITH_CASES_FROM:
        who = newcomers(town, numbers, 2 * outage.COMPLAINTS)
        day = next(day for day in days(first + 14 * _DAY, today) if scene.hours.is_open(day))
        yield from outage.machines(scene, who[: outage.COMPLAINTS], day)
        began_at = scene.hours.on(scene.hours.day_of(until - _A_MORNING_AGO), time(9), time(9, 40))
        yield from outage.banking(scene, who[outage.COMPLAINTS :], began_at)


def _arrivals(scene: Scene, first: date, today: date, until: datetime, cases: int) -> list[tuple[datetime, str]]:
    """When people come, and how, in order."""
    every = list(days(first, today))
    weights = [weight(scene.hours, day) for day in every]
    arrivals: list[tuple[datetime, str]] = []
    while len(arrivals) < cases:
        come = arrival(scene.chance, scene.hours, scene.chance.choices(every, weights)[0])
        if come is not None and come[0] < until:
            arrivals.append(come)
    return sorted(arrivals)
