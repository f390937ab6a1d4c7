"""A simulation from its beginning to its end: months or years in seconds."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

from amends_domain.measures.months import Month
from amends_platform.simulation.arriving import days
from amends_platform.simulation.tally import Seen, Tally
from amends_platform.simulation.telling import Town
from amends_platform.simulation.world import World
from amends_platform.simulation.years import begins_at, steps

_DAY = timedelta(days=1)
_TENANT = "simulated"

OnProgress = Callable[[int, int], None]


def simulate(town: Town, first: date, months: int, cases_a_month: float, on_progress: OnProgress) -> Seen:
    """Play so many months from the first of one on: the same for the same arguments, wherever and whenever.

    `on_progress` hears how many days are over, of how many.
    """
    every = [_months_later(first, number) for number in range(months)]
    end = _months_later(first, months)
    total = (end - first).days
    world, tally, done = World(_TENANT, town), Tally(town.policy), 0
    until = begins_at(town, end) - timedelta(microseconds=1)
    for what in world.play(steps(town, first, end - _DAY, cases_a_month), until):
        tally.take(what, world.case(what.case_id))
        day = (what.at.astimezone(town.policy.calendar.timezone).date() - first).days
        if day != done:
            done = day
            on_progress(done, total)
    on_progress(total, total)
    business_days = sum(town.policy.calendar.is_business_day(day) for day in days(first, end - _DAY))
    return tally.seen(world.cases, every, business_days)


def _months_later(first: date, number: int) -> date:
    month = Month(first.year, first.month).plus(number)
    return date(month.year, month.number, 1)
