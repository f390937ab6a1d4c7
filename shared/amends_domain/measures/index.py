"""The satisfaction index: answers to indicators, rolled up by their weights, and what pulls the whole down."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from amends_domain.measures.figures import IndexFigures, rounded
from amends_domain.measures.told import Key
from amends_domain.policy_measures import Indicator


class _Rolled(NamedTuple):
    """A part of the tree: how many answers are below it, and what they come to; None where there are none."""

    of: Indicator
    answers: int
    value: Fraction | None
    parts: tuple[_Rolled, ...]


def index_of(counts: Mapping[Key, int], root: Indicator) -> IndexFigures:
    """Shape of `counts`: (indicator, answer) to how many. What nobody was asked weighs nothing."""
    rolled = _rolled(counts, root)
    return _figures(rolled, rolled.value, Fraction(1))


def _rolled(counts: Mapping[Key, int], of: Indicator) -> _Rolled:
    if not of.parts:
        given = [(answer, counts.get((of.name, answer), 0)) for answer in range(1, 11)]
        answers = sum(count for _, count in given)
        value = Fraction(sum(answer * count for answer, count in given), answers) if answers else None
        return _Rolled(of, answers, value, ())
    parts = tuple(_rolled(counts, part) for part in of.parts)
    asked = [(Fraction(part.of.weight), part.value) for part in parts if part.value is not None]
    weight = sum((weight for weight, _ in asked), Fraction(0))
    value = sum((weight * each for weight, each in asked), Fraction(0)) / weight if asked else None
    return _Rolled(of, sum(part.answers for part in parts), value, parts)


def _figures(rolled: _Rolled, whole: Fraction | None, weight: Fraction) -> IndexFigures:
    """`weight` is its share of the whole tree."""
    below = Fraction(0)
    if whole is not None and rolled.value is not None:
        below = max(Fraction(0), weight * (whole - rolled.value))
    asked = sum((Fraction(part.of.weight) for part in rolled.parts if part.value is not None), Fraction(0))
    return IndexFigures(
        name=rolled.of.name,
        titles=dict(rolled.of.titles),
        weight=rolled.of.weight,
        answers=rolled.answers,
        value=None if rolled.value is None else rounded(rolled.value),
        pulls_down=rounded(below) if below else Decimal(0),
        parts=tuple(
            _figures(part, whole, Fraction(0) if part.value is None else weight * Fraction(part.of.weight) / asked)
            for part in rolled.parts
        ),
    )
