"""Who does what through months and years, drawn from one seed: step by step, in the order of time.

A longer simulation begins as a shorter one does, and the same people come with the same matters under another policy.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from datetime import date, datetime, time
from itertools import count
from random import Random
from typing import Final

from amends_domain.calendars import first_instant
from amends_platform.simulation import outage
from amends_platform.simulation.arriving import DAY_OFF_SHARE, arrival, days, weight
from amends_platform.simulation.coming import Lately, life, newcomers
from amends_platform.simulation.telling import Step, Town

# A month, on average, in business days.
_BUSINESS_DAYS: Final = 30.44 * (5 + 2 * DAY_OFF_SHARE) / 7
_INCIDENT_DAY_SHARE: Final = 1 / 80


def begins_at(town: Town, first: date) -> datetime:
    """The first instant of the day, where the bank is."""
    return first_instant(datetime.combine(first, time(0)), town.policy.calendar.timezone)


def steps(town: Town, first: date, last: date, cases_a_month: float) -> Iterator[Step]:
    """Every step of those who come from the first day to the last: the earliest first, and beyond the last."""
    pending: list[tuple[datetime, int, Step]] = []
    order = count()
    for told in _lives(town, first, last, cases_a_month):
        # A life has nothing before its beginning, and lives come in the order in which they begin.
        began_at = _begins(told)
        while pending and pending[0][0] < began_at:
            yield heapq.heappop(pending)[2]
        for step in told:
            heapq.heappush(pending, (step.at, next(order), step))
    while pending:
        yield heapq.heappop(pending)[2]


def _lives(town: Town, first: date, last: date, cases_a_month: float) -> Iterator[Iterable[Step]]:
    numbers, lately = count(), Lately()
    for day in days(first, last):
        scene = town.scene(day)
        chance, hours = scene.chance, scene.hours
        came = _how_many(chance, cases_a_month / _BUSINESS_DAYS * weight(hours, day))
        arrivals = [each for each in (arrival(chance, hours, day) for _ in range(came)) if each is not None]
        may_be_incident = cases_a_month >= outage.WITH_CASES_FROM and hours.is_open(day)
        incident: list[Step] = []
        if may_be_incident and chance.random() < _INCIDENT_DAY_SHARE:
            who = newcomers(town, numbers, outage.COMPLAINTS)
            if chance.random() < 0.5:
                incident = list(outage.machines(scene, who, day))
            else:
                incident = list(outage.banking(scene, who, hours.on(day, time(9), time(9, 40))))
        lives = [life(town, next(numbers), at, channel, lately).steps for at, channel in sorted(arrivals)]
        # What is told of an incident lies apart in time: each step is put where it belongs.
        yield from sorted([*lives, *([step] for step in incident)], key=_begins)


def _begins(told: Iterable[Step]) -> datetime:
    return min(step.at for step in told)


def _how_many(chance: Random, mean: float) -> int:
    """Poisson: as many as come in a day where they come by themselves."""
    so_far, number = chance.expovariate(1.0), 0
    while so_far < mean:
        so_far += chance.expovariate(1.0)
        number += 1
    return number
