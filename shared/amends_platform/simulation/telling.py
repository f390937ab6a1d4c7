"""How a life is told: steps of people, one after the other, in their working time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import NamedTuple
from uuid import UUID

from amends_domain.case import Case
from amends_domain.commands import Command
from amends_domain.decide import Actor
from amends_domain.policy import Policy
from amends_platform.simulation import bank, words
from amends_platform.simulation.hours import Hours


class Step(NamedTuple):
    """`actor` gives `command` to the case `of`; a text is the cause of a mass incident, and means the open one.

    A function is asked for the command when its time has come, and may answer that there is none. `refused`: it will
    be, and is there to be seen in the audit trail. `occurred_at` is claimed where it is entered later.
    """

    at: datetime
    of: UUID | str
    actor: Actor
    command: Command | Callable[[Case], Command | None]
    occurred_at: datetime | None = None
    refused: bool = False


@dataclass(frozen=True)
class Town:
    """Where all lives are told: under which policy, at which branches.

    `pace` is how long people take over what they do, 1 as they usually do. `samples` are complaints to borrow words
    from. What every life is made of follows from `seed` and from nothing else: not from what other lives are.
    """

    policy: Policy
    branches: tuple[bank.Branch, ...]
    samples: words.Samples
    seed: int
    pace: float = 1.0

    def scene(self, name: object) -> Scene:
        """A life's own, by its name or number."""
        chance = Random(f"{self.seed}:{name}")
        return Scene(self, chance, Hours(self.policy.calendar, chance))


@dataclass(frozen=True)
class Scene:
    """What one life is told from. `chance` is its only source of variety."""

    town: Town
    chance: Random
    hours: Hours

    @property
    def policy(self) -> Policy:
        return self.town.policy

    def branch(self) -> bank.Branch:
        """One of the branches, by its share."""
        return bank.branch(self.chance, self.town.branches)


class Telling:
    """One case's story while it is told: `at` is when the next thing happens, `trouble` counts what went wrong.

    `due_at` is when the customer is called back at the latest; `named` are staff who are complained of.
    """

    def __init__(
        self,
        scene: Scene,
        case_id: UUID,
        branch: bank.Branch,
        at: datetime,
        channel: str,
        named: tuple[str, ...] = (),
    ) -> None:
        self.scene = scene
        self.chance = scene.chance
        self.case_id = case_id
        self.branch = branch
        self.channel = channel if channel in ("phone", "branch", "chat") else "phone"
        self.at = self.due_at = at
        self.named = named
        self.trouble = 0
        self.promises = 0
        self.measures = 0
        self.steps: list[Step] = []
        self.handler = self.staff(bank.HANDLER)

    def likely(self, share: float) -> bool:
        """True so often."""
        return self.chance.random() < share

    def say(self, occasion: str) -> str:
        """Something in the branch's language."""
        return words.say(self.chance, self.branch.language, occasion)

    def staff(self, role: str, *without: str) -> Actor:
        """Somebody of the branch whom the complaint does not name."""
        return bank.staff(self.chance, self.branch, role, *self.named, *without)

    def then(
        self,
        actor: Actor,
        command: Command | Callable[[Case], Command | None],
        *,
        occurred_at: datetime | None = None,
        refused: bool = False,
    ) -> None:
        """It happens now, or is entered now."""
        self.steps.append(Step(self.at, self.case_id, actor, command, occurred_at, refused))

    def minutes(self, least: float, most: float) -> None:
        """So many minutes pass, and then until somebody is on the telephone."""
        later = self.at + timedelta(minutes=self.chance.uniform(least, most) * self.scene.town.pace)
        self.at = self.scene.hours.telephone(later)

    def working(self, least: float, most: float) -> None:
        """So many hours of work pass."""
        self.at = self.scene.hours.working(self.at, self.chance.uniform(least, most) * self.scene.town.pace)
