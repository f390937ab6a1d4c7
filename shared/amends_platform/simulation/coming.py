"""Somebody comes: with a complaint or something else, for the first time or again. What becomes of it is their life."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice
from random import Random
from typing import Final, NamedTuple
from uuid import UUID, uuid5

from amends_domain.case import COMPLAINT, INQUIRY
from amends_platform.simulation import bank
from amends_platform.simulation.lives import Matter, complaint, held, inquiry, matter_of, named_staff, no_complaint
from amends_platform.simulation.telling import Telling, Town

_CASES: Final = UUID("a3a0a1f6-7c2e-5d5f-8f5c-6a1c0d7f5b11")
_REPEATS_SHARE: Final = 0.06
_AGAIN_WITHIN: Final = timedelta(days=5)
_AGAIN_AFTER: Final = timedelta(hours=4)


class Earlier(NamedTuple):
    """A complaint that was told before, whose customer may come again."""

    matter: Matter
    told: Telling
    at: datetime


class Lately:
    """The complaints of the last days, the earliest first."""

    def __init__(self) -> None:
        self._told: deque[Earlier] = deque()

    def remember(self, earlier: Earlier) -> None:
        self._told.append(earlier)

    def again(self, chance: Random, at: datetime) -> Earlier | None:
        """Somebody who has complained of the same lately, now and then."""
        while self._told and self._told[0].at <= at - _AGAIN_WITHIN:
            self._told.popleft()
        if chance.random() >= _REPEATS_SHARE:
            return None
        lately = [each for each in self._told if each.at < at - _AGAIN_AFTER]
        return chance.choice(lately) if lately else None


def case_id(town: Town, number: int) -> UUID:
    """The id of the case with this number."""
    return uuid5(_CASES, f"{town.seed}:{number}")


def customer_ref(number: int) -> str:
    """Whose the case with this number is, where nobody comes again."""
    return f"C-{100_000 + number}"


def newcomers(town: Town, numbers: Iterator[int], how_many: int) -> list[tuple[UUID, str]]:
    """The next cases, and whose they are, of customers who come for the first time."""
    return [(case_id(town, number), customer_ref(number)) for number in islice(numbers, how_many)]


def some_matter(chance: Random, number: int, branch: bank.Branch) -> Matter:
    """What the customer of the case with this number comes with."""
    weights = {name: weight for name, (weight, _, _) in bank.TYPES.items()}
    return matter_of(chance, customer_ref(number), branch.language, bank.one_of(chance, weights))


def life(town: Town, number: int, at: datetime, channel: str, lately: Lately) -> Telling:
    """The life of the case with this number, which comes in `at`: told to its end."""
    scene = town.scene(number)
    chance, branch = scene.chance, scene.branch()
    kind = bank.one_of(chance, bank.KINDS)
    before = lately.again(chance, at) if kind == COMPLAINT else None
    if before is not None:
        told = Telling(scene, case_id(town, number), before.told.branch, at, channel, before.told.named)
        complaint(told, before.matter, channel, earlier=before.told.case_id)
        return told
    matter = some_matter(chance, number, branch)
    named = named_staff(chance, branch, matter) if kind == COMPLAINT else ()
    told = Telling(scene, case_id(town, number), branch, at, channel, named)
    if kind == COMPLAINT:
        complaint(told, matter, channel)
        lately.remember(Earlier(matter, told, at))
        if matter.severity == "severe" and told.likely(0.4):
            held(told)
    elif kind == INQUIRY:
        inquiry(told, matter, channel)
    else:
        no_complaint(told, kind, matter, channel)
    return told
