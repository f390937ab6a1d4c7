"""The register of service standards: result, target, and how it went in the months before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

from amends_domain.measures.figures import StandardFigures, TrendPoint, rounded, share
from amends_domain.measures.months import Month
from amends_domain.measures.told import Key
from amends_domain.policy_measures import Standard


def standards_of(
    counts: Mapping[Key, int], standards: Sequence[Standard], trend: Sequence[Month]
) -> tuple[StandardFigures, ...]:
    """In the order of the policy. Shape of `counts`: (standard, number of the month, what) to how many."""
    return tuple(_standard(counts, standard, trend) for standard in standards)


def _standard(counts: Mapping[Key, int], standard: Standard, trend: Sequence[Month]) -> StandardFigures:
    points = tuple(_point(counts, standard, number, month) for number, month in enumerate(trend))
    percent = points[-1].percent
    is_kept = None if percent is None else Fraction(100 * points[-1].good, points[-1].measured) >= standard.target
    return StandardFigures(standard.name, dict(standard.titles), standard.kind, standard.target, is_kept, points)


def _point(counts: Mapping[Key, int], standard: Standard, number: int, month: Month) -> TrendPoint:
    def count(what: str) -> int:
        return counts.get((standard.name, number, what), 0)

    if standard.within is None:
        measured = count("of")
        # More may be spoilt than there was: then none is good, and not fewer than none.
        good = max(0, measured - count("spoilt"))
        return TrendPoint(str(month), good, measured, share(good, measured).percent, None)
    good = count("good")
    measured = good + count("bad")
    mean = rounded(Fraction(count("microseconds"), 1_000_000 * measured)) if measured else None
    return TrendPoint(str(month), good, measured, share(good, measured).percent, mean)
