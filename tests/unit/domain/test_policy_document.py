"""How a policy's document is read: what each section means, and how each mistake is told."""

from __future__ import annotations

from datetime import date, time
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from amends_domain.documents import DocumentErrors, written
from amends_domain.durations import parse_duration
from amends_domain.policy import (
    Authority,
    ClockRule,
    ExtendByAgreement,
    ExtendTo,
    Given,
    GradeRule,
    LadderStep,
    MassRule,
    Policy,
    RepeatRule,
    WarningRule,
    When,
)
from amends_domain.policy_rules import AlwaysApprove
from tests.support.policy_documents import CLOCK, NO_HOLIDAYS, build, clock, document


def mistakes(doc: object) -> list[tuple[str, str]]:
    with pytest.raises(DocumentErrors) as refused:
        Policy.build(doc, NO_HOLIDAYS)
    return [(written(error.path), error.message) for error in refused.value.errors]


def test_the_policy_of_the_domain_description_reads_as_it_is_meant() -> None:
    policy = build()
    assert (policy.name, policy.version, policy.effective_from) == ("bank-cn", 3, date(2026, 1, 1))
    assert (policy.calendar.opens, policy.calendar.closes) == (time(9), time(17, 30))
    ladder = (
        LadderStep("0h after", None, parse_duration("0h"), "service_admin"),
        LadderStep("1bd after", None, parse_duration("1bd"), "department_manager"),
        LadderStep("2bd after", None, parse_duration("2bd"), "vice_president"),
    )
    promised: dict[str, Any] = {"ladder": ladder, "due": Given.PROMISED}
    assert policy.clocks == (
        ClockRule(
            "apology",
            "complaint-received",
            frozenset({"apology-given"}),
            parse_duration("24h"),
            warnings=(WarningRule("75%", fraction=Fraction(3, 4)),),
            ladder=ladder,
        ),
        ClockRule(
            "callback",
            "complaint-received",
            frozenset({"callback-made"}),
            Given.AGREED,
            at_most=parse_duration("7d"),
            warnings=(
                WarningRule("24h before", before=parse_duration("24h")),
                WarningRule("2h before", before=parse_duration("2h")),
            ),
            extend=ExtendByAgreement("customer-agreed", True, parse_duration("7d")),
            ladder=ladder,
        ),
        ClockRule(
            "cash_jam",
            "complaint-received",
            frozenset({"action:refund_made"}),
            parse_duration("5bd"),
            warnings=(WarningRule("3bd", after=parse_duration("3bd")),),
            when=When((("cause", frozenset({"cash_jam"})), ("type", frozenset({"atm"})))),
            urgent=parse_duration("same_day"),
            ladder=ladder,
        ),
        ClockRule(
            "corrective_action",
            "countermeasure-planned",
            frozenset({"action:corrective_action_done"}),
            **promised,
        ),
        ClockRule(
            "follow_up",
            "customer-confirmed",
            frozenset({"followed-up"}),
            parse_duration("3bd"),
            warnings=(WarningRule("1bd before", before=parse_duration("1bd")),),
            ladder=ladder,
        ),
        ClockRule("promise", "promise-made", frozenset({"promise-kept"}), **promised),
        ClockRule(
            "statutory",
            "complaint-received",
            frozenset({"customer-confirmed", "closed-unsatisfied"}),
            parse_duration("15d"),
            extend=(
                ExtendTo(parse_duration("30d"), "complex", None),
                ExtendTo(parse_duration("60d"), None, "department_head"),
            ),
            ladder=ladder,
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
    assert policy.mass == MassRule("cause", 10, parse_duration("24h"))
    assert policy.repeat == RepeatRule(("customer", "type"), parse_duration("30d"))
    assert set(policy.sections) == {"survey", "quotas"}


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
        "promise-made": ["promise"],
        "countermeasure-planned": ["corrective_action"],
    }
    apology = policy.clock("apology")
    assert apology is not None
    assert apology.name == "apology"
    assert policy.clock("refund") is None


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
            "unknown key 'hours': expected business_hours, country, subdivision, workdays",
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
        (clock(due=""), "clocks.apology.due", "expected a duration such as 30s, 15m, 24h, 7d, 5bd or same_day, not ''"),
        (clock(**{"from": " "}), "clocks.apology.from", "expected an event type or action:NAME, not ' '"),
        ({"timezone": ""}, "timezone", "expected a time zone such as Asia/Shanghai, not ''"),
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
        (
            clock(due="agreed", extend={"requires": "luck", "at_most": "7d"}),
            "clocks.apology.extend.requires",
            "unknown requirement",
        ),
        (clock(due="agreed", extend={"requires": "customer-agreed"}), "clocks.apology.extend", "'at_most' is missing"),
        (clock(extend=[{"to": "30d"}]), "clocks.apology.extend[0]", "'requires' is missing"),
        (clock(extend=[{"to": "30d", "requires": {}}]), "clocks.apology.extend[0].requires", "exactly one of flag, ap"),
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
    assert [path for path, _ in found] == ["clocks.a.warm", "clocks.a.due", "version", "timezone"]


def test_a_survey_part_of_one_answer_is_written_as_a_number() -> None:
    build(survey={"unhappy": "1-6", "neutral": 7, "delighted": "8-10"})
