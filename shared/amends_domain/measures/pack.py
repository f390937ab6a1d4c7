"""The month-end pack: what it was made from, every figure, and whether its totals reconcile."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from amends_domain.case import ALL_BRANCHES
from amends_domain.measures.contribution import Sum
from amends_domain.measures.figures import Figures
from amends_domain.measures.figuring import figures
from amends_domain.measures.months import Month
from amends_domain.measures.reconciling import Reconciliation, over_branches, with_log, within
from amends_domain.measures.told import TREND_MONTHS, Span
from amends_domain.policy import Policy
from amends_domain.policy_measures import Terms


@dataclass(frozen=True)
class Judge:
    """A policy version; `in_force` for the one that the pack itself is made by."""

    name: str
    version: int
    hash: str
    in_force: bool


@dataclass(frozen=True)
class Covering:
    """The first signed checkpoint that covers the cut: the signed note, and what it says."""

    tree_size: int
    root_hash: str
    signed_at: datetime
    note: str


@dataclass(frozen=True)
class Pack:
    """A month's figures. `branch` None: of all, with each by itself in `branches`.

    `until` is the month's end, or for figures to date (`is_over` False) the time they stand at; `position` is the
    cut: the last that was recorded before. `checkpoint` None: nothing is signed here, or the month is not over.
    """

    month: str
    branch: str | None
    is_over: bool
    timezone: str
    begins_at: datetime
    until: datetime
    position: int
    policies: tuple[Judge, ...]
    checkpoint: Covering | None
    reconciles: bool
    reconciliations: tuple[Reconciliation, ...]
    total: Figures
    branches: tuple[Figures, ...]


@dataclass(frozen=True)
class Cut:
    """Of which month, and up to where the log is read."""

    month: Month
    policy: Policy
    until: datetime
    position: int
    is_over: bool


def span_of(cut: Cut) -> Span:
    """What the contributions are asked about."""
    zone = cut.policy.calendar.timezone
    return Span(
        tuple(month.begins(zone) for month in trend_of(cut.month)),
        cut.until if cut.is_over else None,
        Terms.of(cut.policy.sections),
        cut.policy,
    )


def trend_of(month: Month) -> list[Month]:
    return [month.plus(number) for number in range(1 - TREND_MONTHS, 1)]


def pack_of(
    total: Sum,
    cut: Cut,
    policies: Mapping[str, Policy],
    logged: Mapping[str, int],
    cases: int,
    checkpoint: Covering | None,
) -> Pack:
    """The pack of all branches. `logged` and `cases` are the database's own counts of events and cases."""
    terms, trend = Terms.of(cut.policy.sections), trend_of(cut.month)
    # A branch of which nothing came has its quota, and a score.
    names = sorted({*total.branches, *terms.quotas} - {ALL_BRANCHES})
    if ALL_BRANCHES in total.branches:
        names.append(ALL_BRANCHES)
    of_all = figures(total, None, terms, trend, cut.until)
    branches = tuple(figures(total, name, terms, trend, cut.until) for name in names)
    equations = (
        *within(of_all),
        *with_log(total, logged, cases),
        *over_branches(total),
        *(each for one in branches for each in within(one)),
    )
    hashes = {str(key[1]) for key in total.total if key[0] == "judged_by"}
    return Pack(
        month=str(cut.month),
        branch=None,
        is_over=cut.is_over,
        timezone=str(cut.policy.calendar.timezone),
        begins_at=cut.month.begins(cut.policy.calendar.timezone),
        until=cut.until,
        position=cut.position,
        policies=_judges(cut.policy, [policies[each] for each in hashes]),
        checkpoint=checkpoint,
        reconciles=all(each.holds for each in equations),
        reconciliations=equations,
        total=of_all,
        branches=branches,
    )


def of_branch(pack: Pack, branch: str, total: Sum, cut: Cut) -> Pack:
    """The same pack as one branch sees it: nothing in it tells of another."""
    own = next((one for one in pack.branches if one.branch == branch), None)
    if own is None:
        own = figures(total, branch, Terms.of(cut.policy.sections), trend_of(cut.month), cut.until)
    equations = tuple(within(own))
    return Pack(
        month=pack.month,
        branch=branch,
        is_over=pack.is_over,
        timezone=pack.timezone,
        begins_at=pack.begins_at,
        until=pack.until,
        position=pack.position,
        policies=pack.policies,
        checkpoint=pack.checkpoint,
        reconciles=all(each.holds for each in equations),
        reconciliations=equations,
        total=own,
        branches=(),
    )


def _judges(in_force: Policy, others: Sequence[Policy]) -> tuple[Judge, ...]:
    """The one in force first, then the others by name and version."""
    known: dict[str, Policy] = {each.hash: each for each in (*others, in_force)}
    ordered: Iterable[Policy] = sorted(
        known.values(), key=lambda each: (each.hash != in_force.hash, each.name, each.version, each.hash)
    )
    return tuple(Judge(each.name, each.version, each.hash, each.hash == in_force.hash) for each in ordered)
