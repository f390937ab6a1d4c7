"""How things are compared: in one run, on one server, in turns (A B A B …), by medians."""

from __future__ import annotations

import gc
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median, quantiles

Figures = Mapping[str, float]
"""What one contender did in one round, by the name of the column."""


@dataclass(frozen=True)
class Plan:
    """How much is measured. `seconds`: how long a contender runs in one round."""

    rounds: int
    seconds: float
    replay_cases: int


FULL = Plan(rounds=7, seconds=4.0, replay_cases=8_000)
QUICK = Plan(rounds=1, seconds=0.8, replay_cases=1_000)


@dataclass(frozen=True)
class Contender:
    """`run` does one round and tells its figures; every round has the same columns."""

    name: str
    run: Callable[[], Awaitable[Figures]]


@dataclass(frozen=True)
class Summary:
    """One figure over all rounds."""

    median: float
    least: float
    most: float

    @staticmethod
    def of(values: Sequence[float]) -> Summary:
        return Summary(median(values), min(values), max(values))


@dataclass(frozen=True)
class Aim:
    """What a figure of `ours` is to reach, or with `at_most` not to exceed.

    `found`: how many times that of `theirs` it is, of the medians, and the least and most of any one round; without
    `theirs` the figure itself.
    """

    ours: str
    theirs: str | None
    column: str
    aim: float
    found: Summary
    at_most: bool = False

    @property
    def is_met(self) -> bool:
        return self.found.median <= self.aim if self.at_most else self.found.median >= self.aim


@dataclass(frozen=True)
class Curve:
    """A line to be drawn: `column` of these rows, at the places of `at`; `against` says in words what those are."""

    name: str
    column: str
    against: str
    at: tuple[float, ...]
    rows: tuple[str, ...]


@dataclass(frozen=True)
class Outcome:
    """A finished benchmark. `rows`: by contender, by column. Drawn as `curves`, or without them as bars."""

    title: str
    about: str
    columns: tuple[str, ...]
    rows: Mapping[str, Mapping[str, Summary]]
    aims: tuple[Aim, ...]
    curves: tuple[Curve, ...] = ()

    def named(self, aim: Aim) -> str:
        """What is measured; and whose, where there are aims of several."""
        whose = f"{aim.ours}, " if len({each.ours for each in self.aims}) > 1 else ""
        return f"{self.title}, {whose}{aim.column}"


class Rounds:
    """The figures of all contenders, by contender, one for each round."""

    def __init__(self, by_contender: Mapping[str, Sequence[Figures]]) -> None:
        self.by_contender = by_contender

    def outcome(self, title: str, about: str, *aims: Aim, curves: Sequence[Curve] = ()) -> Outcome:
        columns = tuple(next(iter(self.by_contender.values()))[0])
        rows = {
            name: {column: Summary.of([figures[column] for figures in rounds]) for column in columns}
            for name, rounds in self.by_contender.items()
        }
        return Outcome(title, about, columns, rows, aims, tuple(curves))

    def ratio(self, ours: str, theirs: str, column: str, *, aim: float, at_most: bool = False) -> Aim:
        mine, others = self._figures(ours, column), self._figures(theirs, column)
        by_round = [one / other for one, other in zip(mine, others, strict=True)]
        found = Summary(median(mine) / median(others), min(by_round), max(by_round))
        return Aim(ours, theirs, column, aim, found, at_most)

    def figure(self, ours: str, column: str, *, aim: float, at_most: bool = False) -> Aim:
        return Aim(ours, None, column, aim, Summary.of(self._figures(ours, column)), at_most)

    def _figures(self, contender: str, column: str) -> list[float]:
        return [figures[column] for figures in self.by_contender[contender]]


async def take_turns(contenders: Sequence[Contender], rounds: int, on_step: Callable[[str], None]) -> Rounds:
    """Every contender once a round, in the same order. A first round warms everything up and is not counted.

    `on_step` is told what is about to run.
    """
    by_contender: dict[str, list[Figures]] = {contender.name: [] for contender in contenders}
    for number in range(rounds + 1):
        for contender in contenders:
            on_step(f"{contender.name}, {f'round {number} of {rounds}' if number else 'warming up'}")
            # The garbage of one round is not the business of the next.
            gc.collect()
            figures = await contender.run()
            if number:
                by_contender[contender.name].append(figures)
    return Rounds(by_contender)


def percentile(values: Sequence[float], percent: int) -> float:
    """The value that `percent` of the values do not exceed."""
    return quantiles(values, n=100, method="inclusive")[percent - 1]
