"""What the rules of a policy answer, and what its hash depends on."""

from __future__ import annotations

import copy
import pickle
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amends_domain.policy import Authority, Policy, content_hash
from amends_domain.policy_rules import ROLES, AlwaysApprove
from tests.support.policy_documents import NO_HOLIDAYS, build, clock, document

# When and grades


@pytest.mark.parametrize(
    ("conditions", "facts", "matches"),
    [
        ({}, {}, True),
        ({"channel": "media"}, {"channel": "media"}, True),
        ({"channel": ["media", "regulator"]}, {"channel": "regulator"}, True),
        ({"channel": "media"}, {"channel": "phone"}, False),
        ({"type": "atm"}, {"type": None}, False),
        ({"type": "atm"}, {}, False),
        ({"flag": ["severe", "urgent"]}, {"flag": ("repeat", "urgent")}, True),
        ({"flag": "severe"}, {"flag": ()}, False),
        ({"type": "atm", "cause": "cash_jam"}, {"type": "atm", "cause": "cash_jam"}, True),
        ({"type": "atm", "cause": "cash_jam"}, {"type": "atm", "cause": "card"}, False),
    ],
)
def test_all_conditions_must_hold_and_each_holds_for_any_of_its_values(
    conditions: dict[str, Any], facts: dict[str, Any], matches: bool
) -> None:
    rule = build(**clock(when=conditions)).clocks[0]
    assert rule.when.matches(facts) is matches


def test_the_first_grade_that_matches_wins() -> None:
    policy = build()
    assert policy.grade_of({"channel": "media", "flag": ()}) == "major"
    assert policy.grade_of({"channel": "phone", "flag": ("severe",)}) == "major"
    assert policy.grade_of({"channel": "phone", "flag": ()}) == "ordinary"
    assert build(grades=None).grade_of({"channel": "media", "flag": ("severe",)}) == "ordinary"


# Warnings and due times

START = datetime(2026, 3, 2, 1, tzinfo=UTC)  # Monday, 09:00 in Shanghai


def warning_at(label: str, start: datetime, due: datetime) -> datetime:
    policy = build(**clock(warn=[label]))
    return policy.clocks[0].warnings[0].at(start, due, policy.calendar)


def test_a_percentage_is_of_the_span_from_start_to_due() -> None:
    assert warning_at("75%", START, START + timedelta(hours=24)) == START + timedelta(hours=18)
    assert warning_at("33.3%", START, START + timedelta(seconds=1)) == START + timedelta(milliseconds=333)


def test_a_warning_before_counts_back_from_the_due_time() -> None:
    due = datetime(2026, 3, 9, 9, 30, tzinfo=UTC)
    assert warning_at("24h before", START, due) == due - timedelta(hours=24)
    assert warning_at("1bd before", START, due) == datetime(2026, 3, 6, 9, 30, tzinfo=UTC)


def test_a_plain_duration_warns_that_long_after_the_start() -> None:
    assert warning_at("3bd", START, START + timedelta(days=7)) == datetime(2026, 3, 5, 9, 30, tzinfo=UTC)


@given(st.integers(2, 10**7), st.integers(1, 99))
def test_a_percentage_falls_within_the_span(span_s: int, percent: int) -> None:
    due = START + timedelta(seconds=span_s)
    assert START < warning_at(f"{percent}%", START, due) < due


@pytest.mark.parametrize(
    ("name", "flags", "due"),
    [
        ("apology", (), "2026-03-03T09:00"),
        ("callback", (), "2026-03-09T09:00"),
        ("cash_jam", (), "2026-03-09T17:30"),
        ("cash_jam", ("urgent",), "2026-03-02T17:30"),
        ("statutory", (), "2026-03-17T09:00"),
        ("statutory", ("complex", "repeat"), "2026-04-01T09:00"),
    ],
)
def test_flags_make_a_clock_urgent_or_extend_it(name: str, flags: tuple[str, ...], due: str) -> None:
    policy = build()
    rule = policy.clock(name)
    assert rule is not None
    due_time = rule.due_after(START, flags, policy.calendar)
    assert due_time is not None
    assert due_time.at == datetime.fromisoformat(due).replace(tzinfo=policy.calendar.timezone)


def test_a_promised_time_without_a_limit_is_due_only_once_it_is_promised() -> None:
    policy = build(**clock(due="agreed"))
    assert policy.clocks[0].due_after(START, (), policy.calendar) is None


# Authority

BANK = Authority(
    (("handler", Decimal(0)), ("supervisor", Decimal(500)), ("department_head", Decimal(5000)), ("executive", None)),
    (AlwaysApprove(frozenset({"mis_selling"}), "department_head"),),
)


@pytest.mark.parametrize(
    ("role", "amount", "complaint_type", "needed"),
    [
        ("handler", None, "atm", None),
        ("handler", "0", "atm", None),
        ("handler", "0.01", "atm", "supervisor"),
        ("handler", "500", "atm", "supervisor"),
        ("handler", "500.01", "atm", "department_head"),
        ("handler", "5000.01", "atm", "executive"),
        ("supervisor", "500", "atm", None),
        ("supervisor", "501", None, "department_head"),
        ("executive", "1000000", "atm", None),
        ("agent", "1", "atm", "supervisor"),
        ("handler", None, "mis_selling", "department_head"),
        ("handler", "100", "mis_selling", "department_head"),
        ("handler", "6000", "mis_selling", "executive"),
        ("department_head", "100", "mis_selling", "department_head"),
        ("executive", None, "mis_selling", "department_head"),
    ],
)
def test_approval_goes_to_the_lowest_role_that_may_grant_it(
    role: str, amount: str | None, complaint_type: str | None, needed: str | None
) -> None:
    assert BANK.approval_needed(role, amount and Decimal(amount), complaint_type) == needed  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("role", "amount", "complaint_type", "may"),
    [
        ("supervisor", "500", "atm", True),
        ("supervisor", "501", "atm", False),
        ("department_head", "501", "atm", True),
        ("executive", "9999999", "atm", True),
        ("supervisor", "1", "mis_selling", False),
        ("department_head", "1", "mis_selling", True),
        ("agent", None, "atm", False),
        ("auditor", None, "atm", False),
    ],
)
def test_who_may_approve(role: str, amount: str | None, complaint_type: str, may: bool) -> None:
    assert BANK.may_approve(role, amount and Decimal(amount), complaint_type) is may  # type: ignore[arg-type]


def test_without_limits_nothing_needs_approval() -> None:
    assert Authority().approval_needed("handler", Decimal(10**9), "mis_selling") is None
    assert Authority().may_approve("supervisor", Decimal(10**9), "mis_selling")


def test_a_role_that_is_not_listed_may_offer_nothing() -> None:
    limits = Authority((("supervisor", Decimal(500)),))
    assert limits.approval_needed("handler", Decimal(1), None) == "supervisor"
    assert not limits.may_approve("department_head", Decimal(1), None)
    assert limits.approval_needed("executive", Decimal(1), None) == "supervisor"


def test_what_nobody_listed_may_grant_goes_to_the_executive() -> None:
    limits = Authority((("supervisor", Decimal(500)),))
    assert limits.approval_needed("handler", Decimal(501), None) == "executive"
    assert limits.may_approve("executive", Decimal(501), None)


def test_an_executive_with_a_limit_of_its_own_grants_no_more() -> None:
    limits = Authority((("executive", Decimal(500)),))
    assert limits.approval_needed("handler", Decimal(501), None) == "executive"
    assert not limits.may_approve("executive", Decimal(501), None)


@given(
    st.sampled_from(["agent", *ROLES]),
    st.none() | st.decimals(0, 10_000, places=2),
    st.sampled_from([None, "atm", "mis_selling"]),
)
def test_who_is_asked_for_approval_may_give_it_and_nobody_lower(
    role: str, amount: Decimal | None, complaint_type: str | None
) -> None:
    needed = BANK.approval_needed(role, amount, complaint_type)
    if needed is not None:
        able = [each for each in ROLES if BANK.may_approve(each, amount, complaint_type)]
        assert able[0] == needed


# The hash


def test_the_hash_is_the_same_for_the_same_content_in_another_order() -> None:
    shuffled = {key: copy.deepcopy(value) for key, value in reversed(document().items())}
    shuffled["clocks"] = dict(reversed(shuffled["clocks"].items()))
    other = Policy.build(shuffled, NO_HOLIDAYS)
    assert other == build()
    assert other.hash == build().hash


def test_the_hash_changes_with_any_value_and_with_any_day() -> None:
    one = build().hash
    assert build(version=4).hash != one
    assert build(ladder=None).hash != one
    for days in (
        {"holidays": {"2026-05-01": "Labour Day"}},
        {"working_days": {"2026-05-09": "make-up working day"}},
        {"known_through": "2027-12-31"},
    ):
        assert Policy.build(document(), {**NO_HOLIDAYS, **days}).hash != one


def test_the_hash_does_not_depend_on_which_release_of_the_data_gave_the_same_days() -> None:
    assert Policy.build(document(), {**NO_HOLIDAYS, "source": "holidays 9"}).hash == build().hash


def test_an_amount_hashes_by_its_value_and_not_by_its_digits() -> None:
    hashes = {content_hash({"a": amount}, NO_HOLIDAYS) for amount in (500, Decimal("500.0"), Decimal("5E+2"))}
    assert len(hashes) == 1
    assert content_hash({"a": Decimal("500.5")}, NO_HOLIDAYS) not in hashes


def test_the_hash_of_a_document_never_changes_between_releases() -> None:
    # The hash is in the log. If this fails, every stored policy has lost its name: change the code, not the number.
    assert build().hash == "ca6ccd7e847a9d9aca744b40c8c8a470e05e1656bb3945c2a4558380b2533980"


def test_a_policy_can_be_hashed_compared_and_sent_to_another_process() -> None:
    policy = build()
    assert pickle.loads(pickle.dumps(policy)) == policy
    assert {policy: 1}[build()] == 1
