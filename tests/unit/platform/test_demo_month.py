"""The month that a demo invents: the same for the same seed, believable, and by the rules of the desk."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import pytest

from amends_domain.case import COMPLAINT, KINDS, Case, Status
from amends_domain.clocks import obligations
from amends_domain.commands import Receive
from amends_domain.events import CaseEscalated, CustomerConfirmed, DeadlineBreached, Event, FollowedUp, ReminderIssued
from amends_domain.firings import firings
from amends_domain.late_entries import late_entries
from amends_domain.policy import Policy
from amends_domain.policy_measures import indicators_of
from amends_domain.runs import Verdict
from amends_platform.demo.month.plan import SEED, Plan, plan
from amends_platform.demo.samples import sample_complaints
from amends_platform.policy.files import load_policy
from amends_platform.simulation.bank import BRANCHES, CHANNELS, TYPES, policy_text
from amends_platform.simulation.world import Happening, Refused, World

UNTIL = datetime(2026, 11, 20, 7, tzinfo=UTC)


class Played(NamedTuple):
    """A plan, what happened by it, and the cases as they are then."""

    plan: Plan
    happened: list[Happening]
    refused: list[Refused]
    cases: list[Case]

    @property
    def events(self) -> list[Event]:
        return [event for each in self.happened for event in each.decided.events]


@pytest.fixture(scope="module")
def policy(tmp_path_factory: pytest.TempPathFactory) -> Policy:
    path = tmp_path_factory.mktemp("bank") / "bank-cn.yaml"
    path.write_text(policy_text(), encoding="utf-8")
    return load_policy(Path(path)).policy


def played(policy: Policy, *, until: datetime = UNTIL, seed: int = SEED, cases: int) -> Played:
    told = plan(policy, sample_complaints(), until, seed=seed, cases=cases)
    world = World("default", told.town)
    both = list(world.play(told.steps, told.until))
    return Played(
        told,
        [each for each in both if isinstance(each, Happening)],
        [each for each in both if isinstance(each, Refused)],
        world.cases,
    )


@pytest.fixture(scope="module")
def month(policy: Policy) -> Played:
    return played(policy, cases=400)


def _told(of: Played) -> list[tuple[datetime, object, tuple[Event, ...], str]]:
    return [(each.at, each.decided.case_id, each.decided.events, each.customer_ref) for each in of.happened]


def test_the_same_seed_and_end_are_the_same_month_and_another_seed_is_another(policy: Policy) -> None:
    first, again, other = (played(policy, cases=20, seed=seed) for seed in (1, 1, 2))
    assert _told(first) == _told(again)
    assert _told(first) != _told(other)


def test_every_state_kind_type_channel_and_branch_is_there(month: Played) -> None:
    assert {case.status for case in month.cases} == set(Status)
    assert {case.kind for case in month.cases} >= set(KINDS)
    assert {case.type for case in month.cases if case.type is not None} == TYPES.keys()
    assert {case.channel for case in month.cases} >= CHANNELS.keys() - {"media"}
    assert {case.branch for case in month.cases} >= {branch.name for branch in BRANCHES}


def test_what_happens_at_a_desk_happens(month: Played) -> None:
    types = {event.TYPE for event in month.events}
    assert types >= {
        *("reminder-issued", "deadline-breached", "case-escalated", "deadline-extended", "callback-agreed"),
        *(
            "hand-off-offered",
            "hand-off-accepted",
            "hand-off-refused",
            "owner-assigned",
            "promise-made",
            "promise-kept",
        ),
        *("customer-declined", "proposal-approved", "proposal-rejected", "case-reopened", "merged-into", "case-linked"),
        *("incident-opened", "linked-to-incident", "children-acted", "incident-closed", "reclassified", "grade-raised"),
        *(
            "alert-acknowledged",
            "review-recorded",
            "follow-up-failed",
            "entry-corrected",
            "note-added",
            "legal-hold-placed",
        ),
    }
    assert any(isinstance(event, CustomerConfirmed) and event.on_the_spot for event in month.events)
    assert any("repeat" in case.flags for case in month.cases)
    assert any(case.grade == "major" for case in month.cases)


def test_most_customers_who_are_followed_up_answer_what_the_satisfaction_index_asks(
    month: Played, policy: Policy
) -> None:
    followed_up = [event for event in month.events if isinstance(event, FollowedUp)]
    answers = [event.answers for event in followed_up if event.answers]
    assert len(followed_up) > len(answers) > len(followed_up) / 2
    assert {name for each in answers for name in each} == indicators_of(policy.sections)


def test_most_is_in_time_and_some_is_late(month: Played, policy: Policy) -> None:
    counted: Counter[str] = Counter()
    for case in month.cases:
        counted.update(each.status.value for each in obligations(case, {policy.hash: policy}) if not each.is_customers)
    assert 0.85 < counted["met"] / (counted["met"] + counted["breached"]) < 0.97
    answers = [case.satisfaction for case in month.cases if case.satisfaction is not None]
    assert 0.1 < sum(answer <= 6 for answer in answers) / len(answers) < 0.4
    late = sum(len(late_entries(case, {policy.hash: policy})) for case in month.cases)
    assert 0 < late < len(month.events) / 50
    complaints = [case for case in month.cases if case.kind == COMPLAINT]
    assert 0.05 < sum(case.is_open for case in complaints) / len(complaints) < 0.35


def test_time_runs_forward_and_ends_where_it_was_told_to(month: Played) -> None:
    assert all(before.at <= after.at for before, after in pairwise(month.happened))
    assert month.plan.begins_at <= month.happened[0].at
    assert month.happened[-1].at <= UNTIL
    received = [step for step in month.plan.steps if isinstance(step.command, Receive)]
    assert len(received) > 400


def test_nothing_that_has_fallen_due_is_left_out(month: Played, policy: Policy) -> None:
    for case in month.cases:
        owed = firings(case, obligations(case, {policy.hash: policy}))
        # A timer is late by some milliseconds.
        assert [each for each in owed if each.at < month.happened[-1].at] == []
        for deadline in obligations(case, {policy.hash: policy}):
            assert deadline.status is not Verdict.BREACHED or deadline.breach_recorded


def test_what_clocks_say_is_said_when_it_is_due(month: Played) -> None:
    for each in month.happened:
        for event in each.decided.events:
            match event:
                case DeadlineBreached():
                    due_at = event.due_at
                case ReminderIssued():
                    due_at = event.fell_due_at
                case CaseEscalated(fell_due_at=datetime() as due_at):
                    pass
                case _:
                    continue
            assert each.decided.occurred_at == due_at <= each.at


@pytest.mark.parametrize("until", [datetime(2026, 3, 1, 1, tzinfo=UTC), datetime(2026, 10, 8, 20, tzinfo=UTC)])
def test_it_can_be_any_day(policy: Policy, until: datetime) -> None:
    whole = played(policy, until=until, cases=150)
    unforeseen = [each for each in whole.refused if not each.step.refused]
    assert len(unforeseen) < len(whole.happened) / 100
    assert all(each.rejection.code == "recused" for each in whole.refused if each.step.refused)
