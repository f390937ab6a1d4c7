"""Years of complaint life on a virtual clock: the same for the same seed, by the rules, under any policy."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from dataclasses import asdict
from datetime import date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from amends_domain.case import Case
from amends_domain.clocks import obligations
from amends_domain.events import CaseEscalated, ComplaintReceived, DeadlineBreached, Recorded, ReminderIssued
from amends_domain.evolve import fold
from amends_domain.firings import firings
from amends_domain.policy import Policy
from amends_domain.runs import Verdict
from amends_platform.cli import app
from amends_platform.demo.samples import sample_complaints
from amends_platform.policy.files import built_in_policies, load_policy, pack_text
from amends_platform.simulation.bank import branches_of
from amends_platform.simulation.playing import simulate
from amends_platform.simulation.tally import Seen
from amends_platform.simulation.telling import Town
from amends_platform.simulation.world import Happening, World
from amends_platform.simulation.years import begins_at, steps

FIRST = date(2026, 1, 1)
# Of the demo's own, nearly everything is late: its clocks are of seconds.
POLICIES = [name for name in built_in_policies() if name != "demo"]


class Told(NamedTuple):
    """What was played of some weeks, and the cases as they were at the end."""

    until: datetime
    happened: list[Happening]
    world: World

    @property
    def recorded(self) -> dict[UUID, list[Recorded]]:
        """Each case's events, with positions counted on from 1 as a log would."""
        streams: defaultdict[UUID, list[Recorded]] = defaultdict(list)
        position = 0
        for each in self.happened:
            decided = each.decided
            for event in decided.events:
                position += 1
                stream = streams[decided.case_id]
                by, policy = decided.context.actor.id, decided.context.policy.hash
                stream.append(Recorded(position, len(stream) + 1, event, decided.occurred_at, each.at, policy, by))
        return streams


def town(policy: Policy, seed: int = 1, pace: float = 1.0) -> Town:
    return Town(policy, branches_of(policy), sample_complaints(), seed, pace)


def played(where: Town, weeks: int, cases: float) -> Told:
    last = FIRST + timedelta(weeks=weeks)
    until = begins_at(where, last)
    world = World("default", where)
    told = [each for each in world.play(steps(where, FIRST, last, cases), until) if isinstance(each, Happening)]
    return Told(until, told, world)


def seen(policy: Policy, *, months: int = 2, cases: float = 40, seed: int = 1, pace: float = 1.0) -> Seen:
    return simulate(town(policy, seed, pace), FIRST, months, cases, lambda _done, _total: None)


@pytest.fixture(scope="module")
def bank() -> Policy:
    return load_policy("bank-cn").policy


@pytest.fixture(scope="module")
def draft(tmp_path_factory: pytest.TempPathFactory) -> Policy:
    """The bank's, but that an apology is owed within four hours."""
    text = pack_text("bank-cn").replace("due: 24h, warn: [75%]", "due: 4h, warn: [75%]")
    return load_policy(written(tmp_path_factory.mktemp("draft"), text)).policy


def written(directory: Path, text: str) -> Path:
    path = directory / "policy.yaml"
    path.write_text(text, encoding="utf-8")
    return path


@settings(max_examples=8, deadline=None)
@given(st.sampled_from(POLICIES), st.integers(0, 2**32))
def test_every_step_of_a_clock_comes_once_when_it_is_due_and_none_is_left_out(name: str, seed: int) -> None:
    policy = load_policy(name).policy
    told = played(town(policy, seed), weeks=6, cases=25)
    issued: Counter[tuple[Any, ...]] = Counter()
    for each in told.happened:
        for event in each.decided.events:
            match event:
                case DeadlineBreached(clock=clock, generation=generation, due_at=due_at):
                    key: tuple[Any, ...] = (clock, generation, "breach")
                case ReminderIssued(clock=clock, generation=generation, step=step, fell_due_at=due_at):
                    key = (clock, generation, step)
                case CaseEscalated(
                    clock=str() as clock, generation=generation, step=step, fell_due_at=datetime() as due_at
                ):
                    key = (clock, generation, step)
                case _:
                    continue
            issued[each.case_id, *key] += 1
            assert due_at <= each.at
    assert set(issued.values()) <= {1}
    for case in told.world.cases:
        deadlines = obligations(case, {policy.hash: policy})
        # A timer is late by some milliseconds.
        assert [each for each in firings(case, deadlines) if each.at < told.until - timedelta(seconds=1)] == []
        for run in deadlines:
            is_told = (case.id, run.kind, run.generation, "breach") in issued
            assert is_told == (run.breach_recorded and run.status is Verdict.BREACHED)


@settings(max_examples=5, deadline=None)
@given(st.sampled_from(POLICIES), st.integers(0, 2**32))
def test_its_events_folded_again_are_its_cases(name: str, seed: int) -> None:
    told = played(town(load_policy(name).policy, seed), weeks=5, cases=25)
    folded: dict[UUID, Case | None] = {
        case_id: fold(None, case_id, events) for case_id, events in told.recorded.items()
    }
    assert folded == {case.id: case for case in told.world.cases}
    assert all(before.at <= after.at for before, after in pairwise(told.happened))


def test_the_same_arguments_are_the_same_years_and_another_seed_is_others(bank: Policy) -> None:
    once, again, others = (seen(bank, months=1, seed=seed) for seed in (1, 1, 2))
    assert once == again != others


def test_a_longer_simulation_begins_as_a_shorter_one(bank: Policy) -> None:
    shorter, longer = played(town(bank), 2, 40), played(town(bank), 3, 40)
    assert longer.happened[: len(shorter.happened)] == shorter.happened


def test_totals_reconcile(bank: Policy) -> None:
    found = seen(bank, months=3)
    came = sum(each.records for each in found.months)
    closed = sum(each.closed for each in found.months)
    assert came == sum(each.records for each in found.branches)
    assert found.cases == came + sum(each.incidents for each in found.branches)
    # What was closed may be opened again, and closed again.
    assert came - closed <= found.months[-1].open == sum(each.open for each in found.branches)
    late = sum(each.breached for each in found.clocks if not each.is_customers)
    assert late == sum(each.breached for each in found.branches)
    assert late == sum(each.breached for each in found.months)
    assert 0 < found.load.by_itself < found.load.events
    assert found.load.busiest_second.events <= found.load.busiest_hour.events


def test_under_a_draft_the_same_people_come_and_only_what_it_changes_ends_otherwise(
    bank: Policy, draft: Policy
) -> None:
    assert _complaints(played(town(bank), 3, 60)) == _complaints(played(town(draft), 3, 60))
    was, would_be = ({each.clock: each for each in seen(policy).clocks} for policy in (bank, draft))
    assert {clock for clock in was if was[clock] != would_be[clock]} == {"apology"}
    assert was["apology"].breached < would_be["apology"].breached


def _complaints(told: Told) -> list[ComplaintReceived]:
    events = (event for each in told.happened for event in each.decided.events)
    return [event for event in events if isinstance(event, ComplaintReceived)]


def test_staff_who_take_longer_are_later(bank: Policy) -> None:
    usual, slow = (seen(bank, months=1, pace=pace) for pace in (1.0, 3.0))
    assert sum(each.breached for each in slow.branches) > 1.2 * sum(each.breached for each in usual.branches)
    assert [each.records for each in slow.months] == [each.records for each in usual.months]


def test_branches_are_those_with_quotas_and_months_above_them_are_counted(tmp_path: Path) -> None:
    quotas = "quotas: {harbour: {customers: 10, volume: 0}, hill: {customers: 1000, volume: 9000}}"
    path = written(tmp_path, f"{pack_text('bank-cn')}\n{quotas}\n")
    found = {each.branch: each for each in seen(load_policy(path).policy).branches}
    assert found.keys() <= {"harbour", "hill"}
    assert (found["hill"].months_over, found["hill"].records > 60) == (0, True)


def test_nobody_may_come() -> None:
    nobody = seen(load_policy("bank-cn").policy, cases=0)
    assert (nobody.cases, nobody.load.events, len(nobody.months)) == (0, 0, 2)


def test_a_program_is_told_all_of_it_as_json() -> None:
    arguments = ["simulate", "bank-cn", "--against", "uk-disp", "--years", "0.1", "--cases", "20", "--json"]
    answer = CliRunner().invoke(app, arguments)
    told = json.loads(answer.stdout)
    assert [each["policy"] for each in told["simulations"]] == ["bank-cn", "uk-disp"]
    one = seen(load_policy("bank-cn").policy, months=1, cases=20)
    assert told["simulations"][0]["branches"] == [asdict(each) for each in one.branches]


def test_a_person_is_shown_tables_of_branches_clocks_and_months() -> None:
    answer = CliRunner().invoke(app, ["simulate", "bank-cn", "--against", "uk-disp", "--years", "0.1", "--cases", "20"])
    for word in ("BRANCH", "CLOCK", "MONTH", "IN TIME uk-disp v1", "commands refused"):
        assert word in answer.stdout


@pytest.mark.parametrize("month", ["2026", "2026-13", "yesterday"])
def test_a_month_that_is_none_is_refused(month: str) -> None:
    answer = CliRunner().invoke(app, ["simulate", "--from", month])
    assert answer.exit_code != 0
    assert "expected a month after --from" in str(answer.exception)


@pytest.mark.parametrize("month", ["9999-12", "0001-01"])
def test_a_month_at_an_end_of_all_calendars_is_refused(month: str) -> None:
    answer = CliRunner().invoke(app, ["simulate", "--from", month])
    assert "expected a year after --from" in str(answer.exception)
