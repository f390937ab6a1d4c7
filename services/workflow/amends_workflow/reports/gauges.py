"""The measures to date as Prometheus gauges, in the process that leads; their labels are few and known."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Final

from prometheus_client import CollectorRegistry, Gauge

from amends_domain.measures.figures import Figures
from amends_domain.measures.pack import Pack

# More would be a burden to whoever stores them; the others are in `GET /v1/measures`.
_BRANCHES_MAX: Final = 100

_BY_BRANCH: Final[dict[str, tuple[str, Callable[[Figures], int | Decimal | None]]]] = {
    "complaints": ("Complaints of the month", lambda one: one.volumes.complaints),
    "records": ("Records received in the month", lambda one: one.volumes.records),
    "open_records": ("Records that are open", lambda one: one.flow.closing),
    "reopened": ("Reopenings of the month", lambda one: one.flow.reopened),
    "repeats": ("Complaints found to repeat an earlier one", lambda one: one.repeats.part),
    "escalations": ("Escalations of the month", lambda one: one.escalations.count),
    "mass_incidents": ("Mass incidents opened in the month", lambda one: one.mass_incidents.opened),
    "late_entries": ("Entries made late in the month", lambda one: one.late_entries.part),
    "score": ("Points that are left of the month's", lambda one: one.scorecard.score),
    "deadlines_met": ("Deadlines met in the month", lambda one: one.timeliness.kept.part),
    "deadlines_breached": ("Deadlines breached in the month", lambda one: _breached(one)),
}


class Gauges:
    """`amends_month_…`, by branch; deadlines by clock, answers and promises by what became of them."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._by_branch = {
            name: Gauge(f"amends_month_{name}", what, ["branch"], registry=registry)
            for name, (what, _) in _BY_BRANCH.items()
        }
        self._clocks = Gauge(
            "amends_month_clock_deadlines",
            "Deadlines of a clock that ended in the month",
            ["clock", "verdict"],
            registry=registry,
        )
        self._answers = Gauge(
            "amends_month_answers", "Customers' answers in the month", ["counts_as"], registry=registry
        )
        self._promises = Gauge("amends_month_promises", "Promises of the month", ["outcome"], registry=registry)
        self._reconciles = Gauge(
            "amends_month_reconciles",
            "1 when the totals of the month reconcile: 0 is a defect",
            ["month"],
            registry=registry,
        )

    def show(self, pack: Pack | None) -> None:
        """None: another process shows them."""
        for gauge in (*self._by_branch.values(), self._clocks, self._answers, self._promises, self._reconciles):
            gauge.clear()
        if pack is None:
            return
        self._reconciles.labels(pack.month).set(pack.reconciles)
        for one in pack.branches[:_BRANCHES_MAX]:
            self._show_branch(one)
        for clock in pack.total.timeliness.clocks:
            self._clocks.labels(clock.clock, "met").set(clock.kept.part)
            self._clocks.labels(clock.clock, "breached").set(clock.kept.whole - clock.kept.part)
        _set(self._answers, pack.total.satisfaction, ("unhappy", "neutral", "delighted"))
        _set(self._promises, pack.total.promises, ("kept", "broken", "dropped", "open"))

    def _show_branch(self, one: Figures) -> None:
        for name, (_, figure) in _BY_BRANCH.items():
            value = figure(one)
            if value is not None:
                self._by_branch[name].labels(one.branch or "").set(float(value))


def _breached(one: Figures) -> int:
    return one.timeliness.kept.whole - one.timeliness.kept.part


def _set(gauge: Gauge, figures: object, names: Iterable[str]) -> None:
    for name in names:
        gauge.labels(name).set(getattr(figures, name))
