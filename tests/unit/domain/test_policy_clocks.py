"""Ladders, extensions, promises and customers' own time: what a policy's clocks are, and what each of them answers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amends_domain.durations import parse_duration
from amends_domain.event_codec import EVENT_TYPES
from amends_domain.policy import CORRECTIVE_ACTION, PROMISE, ClockRule, ExtendTo, Given, LadderStep, Playbook, Policy
from tests.support.policy_documents import CLOCK, NO_HOLIDAYS, build, clock, document

START = datetime(2026, 3, 2, 1, tzinfo=UTC)  # Monday, 09:00 in Shanghai


def rule(policy: Policy, name: str) -> ClockRule:
    found = policy.clock(name)
    assert found is not None
    return found


def steps(policy: Policy, name: str) -> list[tuple[str, str]]:
    return [(step.label, step.to) for step in rule(policy, name).ladder]


# The ladder


def at(text: str) -> datetime:
    return datetime.fromisoformat(text + "+08:00")


@pytest.mark.parametrize(
    ("step", "due", "told"),
    [
        ({"after": "0h"}, "2026-03-06T17:30", "2026-03-06T17:30"),
        ({"after": "0d"}, "2026-03-06T17:30", "2026-03-06T17:30"),
        ({"after": "1bd"}, "2026-03-06T17:30", "2026-03-09T17:30"),
        ({"after": "2bd"}, "2026-03-06T09:00", "2026-03-10T17:30"),
        ({"after": "same_day"}, "2026-03-06T09:00", "2026-03-06T17:30"),
        ({"after": "3s"}, "2026-03-06T09:00", "2026-03-06T09:00:03"),
        ({"before": "1bd"}, "2026-03-09T17:30", "2026-03-06T17:30"),
        ({"before": "3d"}, "2026-03-09T17:30", "2026-03-06T17:30"),
        ({"before": "2h"}, "2026-03-09T17:30", "2026-03-09T15:30"),
    ],
)
def test_a_step_of_the_ladder_is_counted_from_the_due_time_in_business_time(
    step: dict[str, str], due: str, told: str
) -> None:
    policy = build(ladder=[{**step, "to": "service_admin"}])
    [each] = rule(policy, "apology").ladder
    assert each.at(at(due), policy.calendar) == at(told)
    assert each.at(at(due), policy.calendar).tzinfo is UTC


def test_a_step_says_how_the_policy_writes_it() -> None:
    policy = build(ladder=[{"before": "1bd", "to": "a"}, {"after": "0h", "to": "b"}])
    assert steps(policy, "apology") == [("1bd before", "a"), ("0h after", "b")]


def test_a_step_for_some_clocks_and_grades_is_on_the_ladders_of_those_clocks_only() -> None:
    policy = build(
        ladder=[
            {"after": "0h", "to": "service_admin"},
            {"after": "1bd", "to": "vice_president", "when": {"clock": ["statutory", "promise"], "grade": "major"}},
        ]
    )
    assert steps(policy, "apology") == [("0h after", "service_admin")]
    for name in ("statutory", PROMISE):
        assert steps(policy, name) == [("0h after", "service_admin"), ("1bd after", "vice_president")]
    everyone, major = rule(policy, "statutory").ladder
    assert everyone.grades == frozenset()
    assert major.grades == {"major"}


def test_the_same_role_may_be_told_at_the_same_time_of_other_grades_or_other_clocks() -> None:
    for split in ({"grade": "major"}, {"grade": "ordinary"}), ({"clock": "apology"}, {"clock": "callback"}):
        build(ladder=[{"after": "0h", "to": "service_admin", "when": when} for when in split])


def test_a_clocks_own_ladder_replaces_the_policys_and_an_empty_one_tells_nobody() -> None:
    own = clock(ladder=[{"after": "1bd", "to": "cashier", "when": {"grade": ["major", "escalated"]}}])
    assert rule(build(**own), "apology").ladder == (
        LadderStep("1bd after", None, parse_duration("1bd"), "cashier", frozenset({"major", "escalated"})),
    )
    assert steps(build(**clock(ladder=[])), "apology") == []


def test_nobody_is_told_when_the_customers_own_time_runs_out() -> None:
    policy = build(**clock(owed_by="customer"))
    assert rule(policy, "apology").owed_by == "customer"
    assert steps(policy, "apology") == []
    assert steps(build(**clock()), "apology") != []
    assert rule(build(**clock()), "apology").owed_by == "organisation"


# Starts, due times, extensions


def test_an_action_may_start_a_clock() -> None:
    policy = build(**clock(**{"from": "action:customer_told"}))
    assert [each.name for each in policy.clocks_from["action:customer_told"]] == ["apology"]


def test_every_event_but_those_of_clocks_themselves_may_start_or_stop_a_clock() -> None:
    for event in EVENT_TYPES - {"reminder-issued", "deadline-breached", "alert-acknowledged"}:
        build(**clock(**{"from": event, "stop": [event]}))


def test_every_policy_has_a_clock_for_promises_and_one_for_corrective_actions() -> None:
    policy = build(clocks={})
    assert policy.clocks_from["promise-made"] == (rule(policy, PROMISE),)
    assert policy.clocks_from["countermeasure-planned"] == (rule(policy, CORRECTIVE_ACTION),)
    for name, stop in ((PROMISE, "promise-kept"), (CORRECTIVE_ACTION, "action:corrective_action_done")):
        each = rule(policy, name)
        assert (each.due, each.stop, each.is_promised, each.is_agreed) == (
            Given.PROMISED,
            frozenset({stop}),
            True,
            False,
        )
        assert [step.to for step in each.ladder] == ["service_admin", "department_manager", "vice_president"]


def test_a_policy_may_warn_of_promises_in_its_own_way() -> None:
    promise = {"from": "promise-made", "stop": ["promise-kept"], "due": "promised", "warn": ["75%"], "ladder": []}
    policy = build(clocks={"promise": promise})
    assert [warning.label for warning in rule(policy, PROMISE).warnings] == ["75%"]
    assert [each.name for each in policy.clocks] == [CORRECTIVE_ACTION, PROMISE]


def test_what_was_promised_is_due_when_the_event_says_and_not_by_the_policy() -> None:
    policy = build()
    assert rule(policy, PROMISE).due_after(START, (), policy.calendar) is None


def test_an_extension_by_flag_action_or_approval() -> None:
    policy = build(
        **clock(
            extend=[
                {"to": "2d", "requires": {"flag": "complex"}},
                {"to": "3d", "requires": {"action": "holding_reply_sent"}},
                {"to": "4d", "requires": {"approval": "department_head"}},
            ]
        )
    )
    assert rule(policy, "apology").extend == (
        ExtendTo(parse_duration("2d"), flag="complex"),
        ExtendTo(parse_duration("3d"), action="holding_reply_sent"),
        ExtendTo(parse_duration("4d"), approval="department_head"),
    )


def test_extensions_are_taken_in_order_so_that_a_later_flag_alone_extends_nothing() -> None:
    policy = build(
        **clock(
            extend=[{"to": "2d", "requires": {"flag": "complex"}}, {"to": "3d", "requires": {"flag": "very_complex"}}]
        )
    )

    def due(*flags: str) -> timedelta:
        time = rule(policy, "apology").due_after(START, flags, policy.calendar)
        assert time is not None
        return time.at - START

    assert due() == timedelta(days=1)
    assert due("complex") == timedelta(days=2)
    assert due("complex", "very_complex") == timedelta(days=3)
    assert due("very_complex") == timedelta(days=1)


@given(st.lists(st.integers(1, 400), min_size=1, max_size=5, unique=True), st.sampled_from(["d", "bd", "h"]))
def test_extensions_are_good_in_rising_order_and_in_no_other(amounts: list[int], unit: str) -> None:
    extend = [{"to": f"{amount}{unit}", "requires": {"flag": "complex"}} for amount in amounts]
    doc = document(**clock(due="1s", extend=extend))
    if amounts == sorted(amounts):
        Policy.build(doc, NO_HOLIDAYS)
    else:
        with pytest.raises(ValueError, match="expected longer than the extension before it"):
            Policy.build(doc, NO_HOLIDAYS)


def test_where_a_rule_comes_from_is_kept_with_its_clock() -> None:
    assert rule(build(**clock(source="DISP 1.6.2R")), "apology").source == "DISP 1.6.2R"
    assert rule(build(**clock()), "apology").source is None


# What is left out


def test_what_a_policy_leaves_out_has_the_values_of_the_desk() -> None:
    policy = build(mass=None, repeat=None, ladder=None)
    assert (policy.mass, policy.repeat, policy.heads, policy.playbooks) == (None, None, {}, {})
    assert policy.closure_approvals == ("department_head", "executive")
    assert policy.late_entry == parse_duration("1h")
    assert all(each.ladder == () for each in policy.clocks)


def test_what_a_policy_says_replaces_them() -> None:
    playbook = {"first_words": "Sorry.", "ask": ["When?"], "avoid": ["Why?"], "times": "Soon."}
    said: dict[str, Any] = {
        "authority": {"close_unsatisfied": ["executive", "executive"]},
        "late_entry": "2bd",
        "heads": {"north-street": "s-1"},
        "playbooks": {"waiting_time": {"en": playbook, "zh-Hant": playbook}},
        "repeat": {"same": "customer", "within": "7d"},
    }
    policy = build(**said)
    assert policy.closure_approvals == ("executive", "executive")
    assert policy.late_entry == parse_duration("2bd")
    assert policy.heads == {"north-street": "s-1"}
    assert policy.playbooks["waiting_time"]["zh-Hant"] == Playbook("Sorry.", ("When?",), ("Why?",), "Soon.")
    assert policy.repeat is not None
    assert policy.repeat.same == ("customer",)


# Packs


def pack(**changes: Any) -> dict[str, Any]:
    return {
        "policy": "pack",
        "version": 1,
        "effective_from": document()["effective_from"],
        "timezone": "Europe/London",
        "clocks": {"pack_reply": {**CLOCK, "due": "1bd"}},
        **changes,
    }


def with_packs(held: dict[str, dict[str, Any]], **changes: Any) -> Policy:
    packs = {name: {"document": each, "calendar": NO_HOLIDAYS} for name, each in held.items()}
    return Policy.build(document(include=list(held), **changes), {**NO_HOLIDAYS, "packs": packs})


def test_an_included_clock_counts_by_the_packs_calendar() -> None:
    policy = with_packs({"pack": pack()})
    reply = rule(policy, "pack_reply")
    assert reply.pack == "pack"
    assert str(policy.calendar_of(reply).timezone) == "Europe/London"
    assert policy.calendar_of(rule(policy, "apology")) is policy.calendar
    due = reply.due_after(START, (), policy.calendar_of(reply))
    assert due is not None
    assert due.at == datetime(2026, 3, 4, tzinfo=UTC)  # the end of Tuesday in London


def test_a_pack_that_was_not_kept_is_an_unknown_pack() -> None:
    with pytest.raises(ValueError, match=r"include\[0\]: unknown pack 'pack'"):
        Policy.build(document(include=["pack"]), NO_HOLIDAYS)


def test_a_pack_that_includes_others_cannot_be_included() -> None:
    with pytest.raises(ValueError, match="unknown pack 'other'"):
        with_packs({"pack": pack(include=["other"])})


def test_without_packs_the_hash_is_what_it_was_before_there_were_any() -> None:
    assert Policy.build(document(), {**NO_HOLIDAYS, "packs": {}}).hash == build().hash
