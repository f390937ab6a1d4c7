"""A policy: how its document is read, what its rules answer, and what its hash depends on."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amends_domain.documents import DocumentErrors, written
from amends_domain.durations import parse_duration
from amends_domain.policy import (
    Authority,
    ClockRule,
    ExtendByAgreement,
    ExtendTo,
    GradeRule,
    Policy,
    WarningRule,
    When,
    content_hash,
)
from amends_domain.policy_rules import ROLES, AlwaysApprove

NO_HOLIDAYS: Mapping[str, Any] = {
    "country": None,
    "source": None,
    "known_from": "2025-01-01",
    "known_through": "2026-12-31",
    "holidays": {},
    "working_days": {},
}


def document(**changes: Any) -> dict[str, Any]:
    """The policy that DOMAIN prints, as YAML gives it."""
    return {
        "policy": "bank-cn",
        "version": 3,
        "effective_from": date(2026, 1, 1),
        "timezone": "Asia/Shanghai",
        "calendar": {
            "country": "CN",
            "business_hours": "09:00-17:30",
            "workdays": ["mon", "tue", "wed", "thu", "fri"],
        },
        "grades": [
            {
                "grade": "major",
                "when": {"channel": ["media", "regulator", "head_office"]},
                "notify": ["general_office", "marketing"],
            },
            {"grade": "major", "when": {"flag": ["severe"]}},
            {"grade": "ordinary"},
        ],
        "clocks": {
            "apology": {"from": "complaint-received", "stop": ["apology-given"], "due": "24h", "warn": ["75%"]},
            "callback": {
                "from": "complaint-received",
                "stop": ["callback-made"],
                "due": "agreed",
                "at_most": "7d",
                "warn": ["24h before", "2h before"],
                "extend": {"requires": "customer-agreed", "before": "due", "at_most": "7d"},
            },
            "statutory": {
                "from": "complaint-received",
                "stop": ["customer-confirmed", "closed-unsatisfied"],
                "due": "15d",
                "extend": [
                    {"to": "30d", "requires": {"flag": "complex"}},
                    {"to": "60d", "requires": {"approval": "department_head"}},
                ],
            },
            "cash_jam": {
                "when": {"type": "atm", "cause": "cash_jam"},
                "from": "complaint-received",
                "stop": ["action:refund_made"],
                "due": "5bd",
                "warn": ["3bd"],
                "urgent": "same_day",
            },
            "follow_up": {"from": "customer-confirmed", "stop": ["followed-up"], "due": "3bd", "warn": ["1bd before"]},
        },
        "authority": {
            "handler": 0,
            "supervisor": 500,
            "department_head": 5000,
            "always_approve": {"type": ["mis_selling"], "by": "department_head"},
        },
        "ladder": [
            {"after": "0h", "to": "service_admin"},
            {"after": "1bd", "to": "department_manager"},
            {"after": "2bd", "to": "vice_president"},
        ],
        "mass": {"same": "cause", "count": 10, "within": "24h"},
        "repeat": {"same": ["customer", "type"], "within": "30d"},
        "survey": {"unhappy": "1-6", "neutral": "7-8", "delighted": "9-10"},
        "quotas": {"north-street": {"per_10k_customers": 25, "customers": 53000, "volume": 130}},
        **changes,
    }


def build(**changes: Any) -> Policy:
    return Policy.build(document(**changes), NO_HOLIDAYS)


def mistakes(doc: object) -> list[tuple[str, str]]:
    with pytest.raises(DocumentErrors) as refused:
        Policy.build(doc, NO_HOLIDAYS)
    return [(written(error.path), error.message) for error in refused.value.errors]


def test_the_policy_of_the_domain_description_reads_as_it_is_meant() -> None:
    policy = build()
    assert (policy.name, policy.version, policy.effective_from) == ("bank-cn", 3, date(2026, 1, 1))
    assert (policy.calendar.opens, policy.calendar.closes) == (time(9), time(17, 30))
    assert policy.clocks == (
        ClockRule(
            "apology",
            "complaint-received",
            frozenset({"apology-given"}),
            parse_duration("24h"),
            warnings=(WarningRule("75%", fraction=Fraction(3, 4)),),
        ),
        ClockRule(
            "callback",
            "complaint-received",
            frozenset({"callback-made"}),
            None,
            at_most=parse_duration("7d"),
            warnings=(
                WarningRule("24h before", before=parse_duration("24h")),
                WarningRule("2h before", before=parse_duration("2h")),
            ),
            extend=ExtendByAgreement("customer-agreed", True, parse_duration("7d")),
        ),
        ClockRule(
            "cash_jam",
            "complaint-received",
            frozenset({"action:refund_made"}),
            parse_duration("5bd"),
            warnings=(WarningRule("3bd", after=parse_duration("3bd")),),
            when=When((("cause", frozenset({"cash_jam"})), ("type", frozenset({"atm"})))),
            urgent=parse_duration("same_day"),
        ),
        ClockRule(
            "follow_up",
            "customer-confirmed",
            frozenset({"followed-up"}),
            parse_duration("3bd"),
            warnings=(WarningRule("1bd before", before=parse_duration("1bd")),),
        ),
        ClockRule(
            "statutory",
            "complaint-received",
            frozenset({"customer-confirmed", "closed-unsatisfied"}),
            parse_duration("15d"),
            extend=(
                ExtendTo(parse_duration("30d"), "complex", None),
                ExtendTo(parse_duration("60d"), None, "department_head"),
            ),
        ),
    )
    assert policy.grades[0] == GradeRule(
        "major",
        When((("channel", frozenset({"media", "regulator", "head_office"})),)),
        ("general_office", "marketing"),
    )
    assert policy.authority == Authority(
        (("handler", Decimal(0)), ("supervisor", Decimal(500)), ("department_head", Decimal(5000))),
        (AlwaysApprove(frozenset({"mis_selling"}), "department_head"),),
    )
    assert set(policy.sections) == {"ladder", "mass", "repeat", "survey", "quotas"}


def test_a_policy_needs_five_sections_and_the_others_are_empty_when_left_out() -> None:
    required = ("policy", "version", "effective_from", "timezone", "clocks")
    policy = Policy.build({key: document()[key] for key in required}, NO_HOLIDAYS)
    assert policy.grades == ()
    assert policy.authority == Authority()
    assert policy.sections == {}
    for key in required:
        assert (f"{key!r} is missing") in [message for _, message in mistakes({**document(), key: None})]


def test_clocks_are_found_by_the_event_that_starts_them() -> None:
    policy = build()
    assert {event: [rule.name for rule in rules] for event, rules in policy.clocks_from.items()} == {
        "complaint-received": ["apology", "callback", "cash_jam", "statutory"],
        "customer-confirmed": ["follow_up"],
    }
    apology = policy.clock("apology")
    assert apology is not None
    assert apology.name == "apology"
    assert policy.clock("promise") is None


CLOCK = {"from": "complaint-received", "stop": ["apology-given"], "due": "24h"}


def clock(**changes: Any) -> dict[str, Any]:
    return {"clocks": {"apology": {key: value for key, value in {**CLOCK, **changes}.items() if value is not ...}}}


@pytest.mark.parametrize(
    ("change", "path", "message"),
    [
        ({"clock": {}}, "clock", "unknown key 'clock': did you mean 'clocks'?"),
        ({"policy": "Bank CN"}, "policy", "expected a name such as bank-cn, not 'Bank CN'"),
        ({"version": 0}, "version", "expected a version: a whole number from 1, not the number 0"),
        ({"version": "3"}, "version", "expected a version: a whole number from 1, not '3'"),
        ({"version": True}, "version", "expected a version: a whole number from 1, not true"),
        ({"effective_from": "soon"}, "effective_from", "expected a date such as 2026-01-01, not 'soon'"),
        ({"effective_from": date(1999, 1, 1)}, "effective_from", "expected a date from 2000 to 2090, not the date"),
        ({"timezone": "Asia/Peking"}, "timezone", "unknown time zone 'Asia/Peking'"),
        ({"timezone": "../etc/passwd"}, "timezone", "unknown time zone"),
        ({"timezone": 8}, "timezone", "expected a time zone such as Asia/Shanghai, not the number 8"),
        (
            {"calendar": {"hours": "9-5"}},
            "calendar.hours",
            "unknown key 'hours': expected business_hours, country, workdays",
        ),
        ({"calendar": {"business_hours": "9-17"}}, "calendar.business_hours", 'such as "09:00-17:30", not'),
        ({"calendar": {"business_hours": "17:00-09:00"}}, "calendar.business_hours", "close after they open"),
        ({"calendar": {"workdays": []}}, "calendar.workdays", "at least one workday"),
        (
            {"calendar": {"workdays": ["mon", "tues"]}},
            "calendar.workdays[1]",
            "unknown day 'tues': did you mean 'tue'?",
        ),
        ({"grades": {"grade": "major"}}, "grades", "expected a list of grades, not a mapping"),
        ({"grades": [{"grade": "huge"}]}, "grades[0].grade", "unknown grade 'huge'"),
        ({"grades": [{"when": {"flag": "x"}}]}, "grades[0]", "'grade' is missing"),
        ({"grades": [{"grade": "major", "when": {"grade": "major"}}]}, "grades[0].when.grade", "unknown key 'grade'"),
        ({"grades": [{"grade": "major", "when": {"flag": []}}]}, "grades[0].when.flag", "not an empty list"),
        ({"clocks": ["apology"]}, "clocks", "expected clocks by name, not a list"),
        ({"clocks": {"follow.up": CLOCK}}, "clocks.follow.up", "expected a clock's name such as follow_up"),
        ({"clocks": {"apology": "24h"}}, "clocks.apology", "expected a clock: {from, stop, due, …}, not '24h'"),
        (clock(stop=...), "clocks.apology", "'stop' is missing"),
        (clock(due=...), "clocks.apology", "'due' is missing"),
        (clock(stop=[]), "clocks.apology.stop", "at least one event type or action:NAME that stops the clock"),
        (clock(stop="apology-given"), "clocks.apology.stop", "expected a list of event types and action:NAME"),
        (
            clock(stop=["apology-gave"]),
            "clocks.apology.stop[0]",
            "unknown event type 'apology-gave': did you mean 'apol",
        ),
        (clock(stop=["action:Refund made"]), "clocks.apology.stop[0]", "expected an action such as action:refund_made"),
        (clock(**{"from": "received"}), "clocks.apology.from", "unknown event type 'received'"),
        (clock(due="1 day"), "clocks.apology.due", "expected a duration such as 30s, 15m, 24h, 7d, 5bd or same_day"),
        (clock(due=24), "clocks.apology.due", "expected a duration such as 30s, 15m, 24h, 7d, 5bd or same_day"),
        (clock(due="-24h"), "clocks.apology.due", "a duration is never negative: '-24h'"),
        (clock(due="0h"), "clocks.apology.due", "expected a duration longer than nothing"),
        (clock(at_most="7d"), "clocks.apology.at_most", "at_most goes with `due: agreed` only"),
        (clock(due="agreed", urgent="1h"), "clocks.apology.urgent", "urgent replaces a fixed due time"),
        (clock(warn="75%"), "clocks.apology.warn", "expected a list of warnings"),
        (
            clock(warn=["120%"]),
            "clocks.apology.warn[0]",
            "expected a warning such as 75%, 24h before, 1bd before or 3bd",
        ),
        (clock(warn=["0%"]), "clocks.apology.warn[0]", "between 0% and 100%"),
        (clock(warn=["before 24h"]), "clocks.apology.warn[0]", "expected a warning such as"),
        (clock(warn=["same_day before"]), "clocks.apology.warn[0]", "expected a warning such as"),
        (clock(warn=["0h before"]), "clocks.apology.warn[0]", "expected a warning such as"),
        (clock(warn=["75%", "75%"]), "clocks.apology.warn[1]", "the warning '75%' is given twice"),
        (
            clock(when={"chanel": "media"}),
            "clocks.apology.when.chanel",
            "unknown key 'chanel': did you mean 'channel'?",
        ),
        (clock(when={"kind": "complain"}), "clocks.apology.when.kind", "unknown kind 'complain': did you mean 'compl"),
        (
            clock(when={"severity": 3}),
            "clocks.apology.when.severity",
            "a severity, or a list of them, not the number 3",
        ),
        (clock(extend={"requires": "luck", "at_most": "7d"}), "clocks.apology.extend.requires", "unknown requirement"),
        (clock(extend={"requires": "customer-agreed"}), "clocks.apology.extend", "'at_most' is missing"),
        (clock(extend=[{"to": "30d"}]), "clocks.apology.extend[0]", "'requires' is missing"),
        (clock(extend=[{"to": "30d", "requires": {}}]), "clocks.apology.extend[0].requires", "exactly one of flag and"),
        (
            clock(extend=[{"to": "30d", "requires": {"approval": "boss"}}]),
            "clocks.apology.extend[0].requires.approval",
            "unknown role 'boss'",
        ),
        (
            {"authority": {"supervisor": "a lot"}},
            "authority.supervisor",
            "expected an amount, or unlimited, not 'a lot'",
        ),
        ({"authority": {"supervisor": -1}}, "authority.supervisor", "expected an amount, or unlimited, not the number"),
        ({"authority": {"boss": 1}}, "authority.boss", "unknown key 'boss'"),
        ({"authority": {"supervisor": 9, "executive": 8}}, "authority.executive", "at least the limit of a supervisor"),
        (
            {"authority": {"supervisor": "unlimited", "executive": 8}},
            "authority.executive",
            "at least the limit of a supervisor",
        ),
        (
            {"authority": {"always_approve": {"type": "mis_selling", "by": "handler"}}},
            "authority.always_approve.by",
            "unknown role 'handler'",
        ),
        ({"ladder": [{"after": "1x", "to": "x"}]}, "ladder[0].after", "expected a duration"),
        ({"mass": {"same": "colour", "count": 10, "within": "1d"}}, "mass.same", "unknown property 'colour'"),
        ({"mass": {"same": "cause", "count": 1, "within": "1d"}}, "mass.count", "expected a count from 2"),
        ({"repeat": {"same": ["customer"]}}, "repeat", "'within' is missing"),
        ({"survey": {"unhappy": "1-6", "neutral": "6-8", "delighted": "9-10"}}, "survey", "each once"),
        ({"survey": {"unhappy": "0-6", "neutral": 7, "delighted": "8-10"}}, "survey.unhappy", "a part of the scale"),
        ({"quotas": {"north": {"volume": "many"}}}, "quotas.north.volume", "expected a whole number from 0"),
    ],
)
def test_a_bad_policy_is_refused_with_the_place_and_what_was_expected(
    change: dict[str, Any], path: str, message: str
) -> None:
    found = mistakes(document(**change))
    assert len(found) == 1, found
    assert found[0][0] == path
    assert message in found[0][1]


@pytest.mark.parametrize("nothing", [None, [], "bank-cn", 3])
def test_what_is_no_mapping_is_no_policy(nothing: object) -> None:
    [(path, message)] = mistakes(nothing)
    assert path == "the document"
    assert message.startswith("expected a policy: a mapping with policy, version, effective_from, timezone and clocks")


def test_all_mistakes_are_told_at_once() -> None:
    found = mistakes(document(version="x", timezone="Mars", clocks={"a": {**CLOCK, "due": "x", "warm": []}}))
    assert [path for path, _ in found] == ["version", "timezone", "clocks.a.warm", "clocks.a.due"]


def test_a_survey_part_of_one_answer_is_written_as_a_number() -> None:
    build(survey={"unhappy": "1-6", "neutral": 7, "delighted": "8-10"})


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
