"""What single measures mean, on cases that are told for it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction

import pytest

from amends_domain.commands import Classify, CloseUnsatisfied, Confirm, Decline, FollowUp, MakePromise, Propose
from amends_domain.events import CaseReopened, IncidentOpened
from amends_domain.measures.contribution import Sum, contribution
from amends_domain.measures.figures import Figures, rounded, share
from amends_domain.measures.months import BadMonth, Month
from amends_domain.measures.pack import Cut, Pack, pack_of, span_of
from amends_domain.measures.told import tell
from amends_domain.policy import Policy
from tests.support.lives import APOLOGY, FINDING, HEAD, ON_THE_SPOT, Life, actor, life, receive
from tests.support.policy_documents import build, document

MARCH = Month(2026, 3)
ANSWERED = {"manner": {"weight": 60, "of": {"listened": 3, "explained": 2}}, "speed": 40}


def packed(*lives: Life, policy: Policy | None = None, month: Month = MARCH) -> Pack:
    """The pack of a month that is over, from what had been recorded by then."""
    by = policy or lives[0].policy
    end = month.ends(by.calendar.timezone)
    cut = Cut(month, by, end, 1, is_over=True)
    total = Sum()
    for told in lives:
        before = [one for one in told.recorded if one.recorded_at < end]
        if before:
            total.add(contribution(tell(told.case_id, before, told.policies), span_of(cut)))
    policies = {each.hash: each for told in lives for each in told.policies.values()} | {by.hash: by}
    return pack_of(total, cut, policies, {}, len(lives), None)


def measured(*lives: Life, policy: Policy | None = None, month: Month = MARCH) -> Figures:
    """The figures of all branches together."""
    return packed(*lives, policy=policy, month=month).total


def complaints(count: int, **fields: str) -> Iterable[Life]:
    return (life(build()).does(receive(**fields)) for _ in range(count))


def confirmed(told: Life) -> Life:
    return told.does(APOLOGY).does(FINDING).does(Propose("apology", "A letter.")).does(Confirm("phone"))


def test_volume_is_held_against_the_quota_of_the_branch() -> None:
    figures = measured(*complaints(13), policy=build(quotas={"north-street": {"volume": 7}}))
    assert figures.volumes.against_quota == share(13, 7)
    assert share(2417, 1300).percent == Decimal("185.92")


def test_complaints_per_ten_thousand_customers_are_held_against_the_cap() -> None:
    policy = build(quotas={"north-street": {"per_10k_customers": 25, "customers": 2000}})
    [branch] = packed(*complaints(9), policy=policy).branches
    per_10k = branch.volumes.per_10k_customers
    assert per_10k is not None
    assert (per_10k.rate, per_10k.cap, per_10k.of_cap) == (Decimal("45.00"), Decimal(25), Decimal("180.00"))


def test_a_deadline_belongs_to_the_month_it_was_due_in_however_late_its_timer_was() -> None:
    late_in_march = datetime(2026, 3, 30, 12, 0, tzinfo=UTC)
    told = life(build(), at=late_in_march).does(receive()).later(days=9).fired()
    assert "deadline-breached" not in [
        one.event.TYPE for one in told.recorded if one.recorded_at < MARCH.ends(told.policy.calendar.timezone)
    ]
    march, april = (measured(told, month=month).timeliness.clocks for month in (MARCH, Month(2026, 4)))
    assert [(each.clock, each.kept) for each in march] == [("apology", share(0, 1))]
    assert [each.clock for each in april] == ["callback", "statutory"]


def test_a_clock_that_is_called_for_only_later_belongs_to_the_month_in_which_that_was_known() -> None:
    began = datetime(2026, 3, 16, 2, 0, tzinfo=UTC)
    matter = Classify(type="atm", cause="cash_jam")
    told = life(build(), at=began).does(receive()).later(days=20).does(matter).later(days=1).fired()
    assert "cash_jam" not in [clock.clock for clock in measured(told).timeliness.clocks]
    assert "cash_jam" in [clock.clock for clock in measured(told, month=Month(2026, 4)).timeliness.clocks]


def test_the_customers_own_clocks_are_nobodys_merit_and_nobodys_fault() -> None:
    clocks = {**document()["clocks"], "apology": {**document()["clocks"]["apology"], "owed_by": "customer"}}
    told = life(build(clocks=clocks)).does(receive()).later(days=3).fired()
    assert [each.clock for each in measured(told).timeliness.clocks] == ["callback", "statutory"]


def test_a_promise_that_is_kept_too_late_stays_broken() -> None:
    told = life(build()).does(receive())
    promised = told.does(MakePromise("By noon.", told.now.replace(hour=6))).later(days=1).fired()
    assert (measured(promised).promises.broken, measured(promised).promises.open) == (1, 0)


def test_a_complaint_that_is_resolved_quickly_is_worth_the_most() -> None:
    quickly = confirmed(life(build()).does(receive())).does(FollowUp(True, 9))
    on_the_spot = life(build()).does(receive()).does(ON_THE_SPOT).later(days=12).does(FollowUp(True, 9))
    slowly = confirmed(life(build()).does(receive()).later(days=12)).does(FollowUp(True, 7))
    offered = life(build()).does(receive()).does(APOLOGY).does(FINDING).does(Propose("apology", "A letter."))
    declined = offered.does(Decline("phone", "No."))
    unresolved = declined.does(CloseUnsatisfied("…"), HEAD).does(CloseUnsatisfied("…"), actor("executive"))
    recovery = measured(quickly, on_the_spot, slowly, unresolved).recovery
    assert (recovery.unresolved, recovery.resolved, recovery.resolved_quickly) == (1, 1, 2)
    assert recovery.expected_percent == Decimal("59.25")
    assert recovery.without_complaint_percent == Decimal("9.00")


def test_points_are_deducted_for_escalations_and_incidents_and_never_below_nothing() -> None:
    neglected = life(build()).does(receive()).later(days=20).fired()
    incident = life(build()).happened(IncidentOpened("A bad day", "cause", "x", "north-street", "s-1"))
    made = packed(neglected, incident)
    [card] = (branch.scorecard for branch in made.branches)
    assert card.escalations == 9
    assert (card.deducted, card.score) == (9 * Decimal("0.6") + Decimal("0.5"), Decimal("94.1"))
    assert made.total.scorecard.score is None
    strict = packed(neglected, incident, policy=build(scorecard={"start": 10, "escalation": 3})).branches[0].scorecard
    assert (strict.start, strict.deducted, strict.score) == (Decimal(10), Decimal("27.5"), Decimal(0))


def test_the_satisfaction_index_rolls_up_by_weight_and_says_what_pulls_it_down() -> None:
    policy = build(satisfaction_index=ANSWERED)
    told = confirmed(life(policy).does(receive()))
    followed_up = told.does(FollowUp(True, 9, answers={"listened": 5, "explained": 10, "speed": 9}))
    index = measured(followed_up).satisfaction_index
    assert index is not None
    manner, speed = index.parts
    assert (manner.value, speed.value, index.value) == (Decimal("7.00"), Decimal("9.00"), Decimal("7.80"))
    assert (manner.pulls_down, speed.pulls_down) == (Decimal("0.48"), Decimal(0))
    assert manner.parts[0].pulls_down == rounded(Fraction(60, 100) * Fraction(3, 5) * Fraction(28, 10))


def test_what_nobody_was_asked_weighs_nothing_in_the_index() -> None:
    told = confirmed(life(build(satisfaction_index=ANSWERED)).does(receive()))
    index = measured(told.does(FollowUp(True, 9, answers={"speed": 4}))).satisfaction_index
    assert index is not None
    assert (index.value, index.parts[0].value) == (Decimal("4.00"), None)


def test_history_that_was_imported_counts_from_its_reopening_on() -> None:
    told = life(build()).does(receive(historical=True))
    closed = confirmed(told).does(FollowUp(True, 3))
    assert measured(closed).volumes.imported == 1
    assert measured(closed).flow.received == 0
    assert sum(measured(closed).satisfaction.answers) == 0
    again = measured(closed.happened(CaseReopened("recurrence", 2)))
    assert (again.flow.opening, again.flow.reopened, again.flow.closing) == (0, 1, 1)
    assert again.volumes.complaints == 0


def test_nothing_counted_from_is_no_rate_and_not_none_in_a_hundred() -> None:
    figures = measured(life(build(), at=datetime(2026, 5, 4, tzinfo=UTC)).does(receive()))
    assert figures.satisfaction.satisfied == share(0, 0)
    assert share(0, 0).percent is None
    assert figures.recovery.expected_percent is None


@pytest.mark.parametrize(
    ("value", "written"),
    [(Fraction(1, 8), "0.13"), (Fraction(-1, 8), "-0.13"), (Fraction(2, 3), "0.67"), (Fraction(1005, 1000), "1.01")],
)
def test_halves_are_rounded_away_from_zero(value: Fraction, written: str) -> None:
    assert rounded(value) == Decimal(written)


def test_a_month_begins_at_midnight_of_its_zone_also_where_clocks_change() -> None:
    policy = build(timezone="Europe/London", calendar={})
    zone = policy.calendar.timezone
    assert Month(2026, 3).ends(zone) == datetime(2026, 3, 31, 23, 0, tzinfo=UTC)
    assert Month(2026, 10).ends(zone) == datetime(2026, 11, 1, 0, 0, tzinfo=UTC)
    assert Month.parse("2026-12").plus(1) == Month(2027, 1)


@pytest.mark.parametrize("text", ["2026-13", "2026-1", "1999-12", "2091-01", "october", "2026-10-01", ""])
def test_what_is_no_month_is_told_what_one_looks_like(text: str) -> None:
    with pytest.raises(BadMonth, match="2026-10"):
        Month.parse(text)
