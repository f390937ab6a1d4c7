"""Every figure of a month is what plain loops over the raw events count, and the parts of each total make it."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from functools import cache
from random import Random
from typing import Any

import pytest

from amends_domain.measures.contribution import Contribution, RunningSum, Sum, contribution
from amends_domain.measures.figures import Figures, IndexFigures, Part, Share
from amends_domain.measures.months import Month
from amends_domain.measures.pack import Cut, Pack, pack_of, span_of
from amends_domain.measures.told import tell
from tests.support.by_hand import count
from tests.support.months import ZONE, made_up

SEEDS = (14, 15)
MONTHS = (Month(2026, 9), Month(2026, 10))


def cut_of(seed: int, month: Month) -> Cut:
    end = month.ends(ZONE)
    log = made_up(seed)
    position = max(row.recorded.position for row in log.rows if row.recorded.recorded_at < end)
    return Cut(month, log.policies[month == MONTHS[1]], end, position, is_over=True)


@cache
def contributions(seed: int, month: Month) -> tuple[Contribution, ...]:
    log, cut = made_up(seed), cut_of(seed, month)
    policies = {policy.hash: policy for policy in log.policies}
    cases = log.known_on(cut.until)
    return tuple(contribution(tell(case_id, told, policies), span_of(cut)) for case_id, told in cases.items())


def pack_from(seed: int, month: Month, some: Iterable[Contribution]) -> Pack:
    total = Sum()
    for each in some:
        total.add(each)
    cut, log = cut_of(seed, month), made_up(seed)
    logged: dict[str, int] = {}
    for row in log.rows:
        if month.begins(ZONE) <= row.recorded.recorded_at < cut.until:
            logged[row.recorded.event.TYPE] = logged.get(row.recorded.event.TYPE, 0) + 1
    policies = {policy.hash: policy for policy in log.policies}
    return pack_of(total, cut, policies, logged, len(log.known_on(cut.until)), None)


@cache
def pack(seed: int, month: Month) -> Pack:
    return pack_from(seed, month, contributions(seed, month))


def counted(parts: Iterable[Part]) -> dict[str, int]:
    return {part.name: part.count for part in parts if part.count}


def of(share: Share) -> tuple[int, int, Decimal | None]:
    return share.part, share.whole, share.percent


def flat(index: IndexFigures) -> dict[str, Decimal | None]:
    values = {index.name: index.value}
    for part in index.parts:
        values |= flat(part)
    return values


def told(one: Figures) -> dict[str, Any]:
    """The figures, called as they are when they are counted by hand."""
    volumes, flow, satisfaction, promises = one.volumes, one.flow, one.satisfaction, one.promises
    per_10k, card, recovery, index = volumes.per_10k_customers, one.scorecard, one.recovery, one.satisfaction_index
    assert index is not None
    return {
        "records": volumes.records,
        "received": counted(volumes.received),
        "turned": volumes.turned_into_complaints,
        "complaints": volumes.complaints,
        "quota": None if volumes.against_quota is None else of(volumes.against_quota),
        "per_10k": None if per_10k is None else (per_10k.complaints, per_10k.customers, per_10k.rate, per_10k.cap),
        "of_cap": None if per_10k is None else per_10k.of_cap,
        "types": counted(volumes.types),
        "causes": counted(volumes.causes),
        "channels": counted(volumes.channels),
        "grades": counted(volumes.grades),
        "imported": volumes.imported,
        "opening": flow.opening,
        "closing": flow.closing,
        "states": counted(flow.states),
        "closed": counted(flow.closed),
        "reopened": counted(one.reopened.reasons),
        "reopen_rate": one.reopened.rate.percent,
        "clocks": {clock.clock: of(clock.kept) for clock in one.timeliness.clocks},
        "timeliness": one.timeliness.kept.percent,
        "answers": satisfaction.answers,
        "unhappy": satisfaction.unhappy,
        "neutral": satisfaction.neutral,
        "delighted": satisfaction.delighted,
        "satisfied": satisfaction.satisfied.percent,
        "unsatisfied": satisfaction.unsatisfied.percent,
        "mean": satisfaction.mean,
        "on_the_spot": of(one.on_the_spot),
        "repeats": of(one.repeats),
        "escalations": counted(one.escalations.parts),
        "notices": one.notices,
        "incidents": (one.mass_incidents.opened, one.mass_incidents.automatic, one.mass_incidents.linked_cases),
        "promises": (
            *(promises.before, promises.made, promises.kept),
            *(promises.broken, promises.dropped, promises.open),
        ),
        "promises_kept": promises.rate.percent,
        "hand_offs": (one.hand_offs.accepted, one.hand_offs.refused, one.hand_offs.cases),
        "per_case": one.hand_offs.per_case,
        "late": of(one.late_entries),
        "stays": {stay.state: (stay.count, stay.median_seconds, stay.p90_seconds) for stay in one.stays},
        "cause_rows": {
            row.cause: (row.complaints, row.before, row.planned, row.done, row.late, row.open) for row in one.causes
        },
        "score": (card.escalations, card.mass_incidents, card.deducted, card.score),
        "recovery": (recovery.unresolved, recovery.resolved, recovery.resolved_quickly, recovery.other_kinds),
        "expected": recovery.expected_percent,
        "index": {name: value for name, value in flat(index).items() if name != "unasked"},
        "standards": {
            each.name: [(point.good, point.measured, point.mean_seconds) for point in each.trend]
            for each in one.standards
        },
        "recurrence": [
            (each.branch, each.cause, each.number, each.done_at, each.before, each.after) for each in one.recurrence
        ],
        "discussed": [(each.rule, str(each.case_id)) for each in one.discussed],
    }


@pytest.mark.parametrize("month", MONTHS, ids=str)
@pytest.mark.parametrize("seed", SEEDS)
def test_every_figure_of_every_branch_is_what_is_counted_by_hand(seed: int, month: Month) -> None:
    made = pack(seed, month)
    end = month.ends(ZONE)
    raw = [row.raw for row in made_up(seed).rows if row.recorded.recorded_at < end]
    by_hand = count(raw, month.begins(ZONE), end)
    assert {one.branch for one in made.branches} == by_hand.keys() - {None}
    for one in (made.total, *made.branches):
        figures, expected = told(one), by_hand[one.branch]
        assert figures.keys() == expected.keys()
        for name, value in expected.items():
            assert figures[name] == value, (one.branch, name)


@pytest.mark.parametrize("month", MONTHS, ids=str)
@pytest.mark.parametrize("seed", SEEDS)
def test_every_total_is_the_sum_of_its_parts(seed: int, month: Month) -> None:
    made = pack(seed, month)
    assert [each for each in made.reconciliations if not each.holds] == []
    assert made.reconciles


def test_the_made_up_months_have_everything_in_them() -> None:
    months = [pack(seed, month).total for seed in SEEDS for month in MONTHS]
    for ended in ("followed-up", "withdrawn", "closed-unsatisfied", "merged"):
        assert any(counted(one.flow.closed).get(ended) for one in months), ended
    assert {state for one in months for state in counted(one.flow.states)} >= {
        *("received", "apologized", "investigated", "proposed", "customer-confirmed", "followed-up"),
    }
    for figure in ("imported", "turned_into_complaints"):
        assert any(getattr(one.volumes, figure) for one in months), figure
    for figure in ("before", "made", "kept", "broken", "dropped", "open"):
        assert any(getattr(one.promises, figure) for one in months), figure
    for figure in ("before", "planned", "done", "late", "open"):
        assert any(getattr(row, figure) for one in months for row in one.causes), figure
    for figure in ("unresolved", "resolved", "resolved_quickly", "other_kinds"):
        assert any(getattr(one.recovery, figure) for one in months), figure
    assert any(one.late_entries.part and one.on_the_spot.part and one.repeats.part for one in months)
    assert any(one.recurrence for one in months)
    assert any(one.mass_incidents.automatic for one in months)


def test_contributions_add_up_in_any_order_and_can_be_taken_back() -> None:
    seed, month = SEEDS[0], MONTHS[1]
    some = list(contributions(seed, month))
    Random(1).shuffle(some)
    assert pack_from(seed, month, some) == pack(seed, month)
    total, rest = RunningSum(), Sum()
    for each in some:
        total.add(each)
    for each in some[:40]:
        total.take_back(each)
    for each in some[40:]:
        rest.add(each)
    assert total.total == rest.total
    assert {name: counts for name, counts in total.branches.items() if counts} == rest.branches
    assert total.notable(None) == rest.notable(None)
