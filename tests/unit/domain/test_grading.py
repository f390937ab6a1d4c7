"""Grades: what the source or the matter makes of a case, and what a person may."""

from __future__ import annotations

import pytest

from amends_domain.commands import ChangeFlags, Classify, Escalate, Receive
from amends_domain.events import CaseEscalated, ComplaintReceived, FlagsChanged, GradeRaised
from tests.support.lives import HANDLER, MONDAY, Life, actor, life, receive, received
from tests.support.policy_documents import build

AGENT = actor("agent")
RAISE = Classify(grade="major", reason="A journalist called.")


def given(**fields: object) -> Life:
    return life().happened(received(**fields))


@pytest.mark.parametrize(
    ("told", "grade"),
    [
        ({"channel": "media"}, "major"),
        ({"channel": "regulator"}, "major"),
        ({"channel": "head_office"}, "major"),
        ({"flags": ("severe",)}, "major"),
        ({"channel": "phone"}, "ordinary"),
        ({"channel": "branch", "flags": ("urgent", "vulnerable")}, "ordinary"),
    ],
)
def test_a_sensitive_source_or_a_severe_matter_makes_a_case_major(told: dict[str, object], grade: str) -> None:
    assert life().does(receive(**told), AGENT).told.grade == grade


def test_media_cases_notify_the_general_office_at_once_in_parallel_with_the_ladder() -> None:
    complaint, *notices = life().means(receive(channel="media"), AGENT)
    assert isinstance(complaint, ComplaintReceived)
    assert notices == [CaseEscalated("general_office", "notice"), CaseEscalated("marketing", "notice")]
    case = life().does(receive(channel="media"), AGENT)
    assert case.told.escalations == 0
    # The ladder is climbed all the same.
    breached = case.later(hours=24).fired()
    assert [m.note for m in breached.told.marks if m.type == CaseEscalated.TYPE] == [None, None, ("apology", 1, 2)]


def test_the_past_alarms_nobody() -> None:
    past = receive(channel="media", historical=True, occurred_at=MONDAY.replace(year=2024))
    assert len(life().means(past, AGENT)) == 1


def test_the_first_matching_rule_of_the_policy_wins() -> None:
    policy = build(
        grades=[
            {"grade": "ordinary", "when": {"branch": "north-street"}},
            {"grade": "major", "when": {"channel": "media"}, "notify": ["general_office"]},
        ]
    )
    assert [type(event) for event in life(policy).means(receive(channel="media"), AGENT)] == [ComplaintReceived]
    elsewhere = life(policy).does(receive(channel="media", branch="harbour"), AGENT)
    assert elsewhere.told.grade == "major"


def test_a_person_may_raise_a_grade_with_a_reason() -> None:
    assert given().means(RAISE, HANDLER) == (GradeRaised("major", "ordinary", reason="A journalist called."),)
    given().refuses(Classify(grade="major"), "reason-missing", HANDLER)


@pytest.mark.parametrize("lower", ["ordinary", "escalated"])
def test_nobody_lowers_a_major_grade(lower: str) -> None:
    given(grade="major").refuses(Classify(grade=lower, reason="It is nothing."), "grade-never-lowered")


def test_taking_a_flag_away_lowers_no_grade() -> None:
    case = life().does(receive(flags=("severe",)), AGENT).does(ChangeFlags(remove=("severe",)), HANDLER)
    assert case.told.grade == "major"


def test_what_becomes_known_later_raises_the_grade_by_the_policys_rule() -> None:
    assert given().means(ChangeFlags(("severe",)), HANDLER) == (
        FlagsChanged(("severe",)),
        GradeRaised("major", "ordinary", by_rule=True),
    )


def test_a_rule_that_raises_the_grade_later_notifies_at_once_as_well() -> None:
    policy = build(grades=[{"grade": "major", "when": {"type": "mis_selling"}, "notify": ["general_office"]}])
    case = life(policy).happened(received())
    assert case.means(Classify(type="mis_selling"), HANDLER)[1:] == (
        GradeRaised("major", "ordinary", by_rule=True),
        CaseEscalated("general_office", "notice"),
    )
    # Not again: the case has had that grade.
    known = case.does(Classify(type="mis_selling"), HANDLER)
    assert len(known.means(Classify(cause="special_terms"), HANDLER)) == 1


def test_escalated_when_the_level_that_has_it_cannot_settle_it() -> None:
    assert given().means(Escalate("I cannot settle it."), HANDLER) == (
        CaseEscalated("service_admin", "asked", reason="I cannot settle it."),
        GradeRaised("escalated", "ordinary", reason="I cannot settle it."),
    )


def test_escalating_a_major_case_leaves_it_major() -> None:
    assert [type(e) for e in given(grade="major").means(Escalate("…"), HANDLER)] == [CaseEscalated]


def test_an_escalation_goes_to_the_next_role_of_the_ladder_or_to_whoever_is_named() -> None:
    case = given()
    told = []
    for _ in range(5):
        outcome = case.means(Escalate("…"), HANDLER)[0]
        assert isinstance(outcome, CaseEscalated)
        told.append(outcome.to)
        case = case.happened(outcome)
    assert told == ["service_admin", "department_manager", "vice_president", "head_office", "head_office"]
    named = given().means(Escalate("…", to="vice_president"), HANDLER)[0]
    assert named == CaseEscalated("vice_president", "asked", reason="…")


def test_two_broken_clocks_climb_the_ladder_no_faster_than_one() -> None:
    broken = given().later(hours=24).fired().happened(CaseEscalated("service_admin", "deadline", "callback", 1, 3))
    assert broken.told.escalations == 2
    outcome = broken.means(Escalate("…"), HANDLER)[0]
    assert isinstance(outcome, CaseEscalated)
    assert outcome.to == "department_manager"


def test_without_a_ladder_somebody_is_named() -> None:
    bare = life(build(ladder=[])).happened(received())
    bare.refuses(Escalate("…"), "no-ladder", HANDLER)
    assert bare.does(Escalate("…", to="head_office"), HANDLER).told.grade == "escalated"


def test_a_step_of_the_ladder_leaves_the_grade_alone() -> None:
    assert given().later(days=30).fired().told.grade == "ordinary"


def test_a_command_of_the_api_grades_by_all_that_it_tells() -> None:
    policy = build(grades=[{"grade": "major", "when": {"product": ["card"], "severity": ["high"]}}])
    told: Receive = receive(product="card", severity="high")
    assert life(policy).does(told, AGENT).told.grade == "major"
    assert life(policy).does(receive(product="card"), AGENT).told.grade == "ordinary"


def test_a_customer_who_threatens_with_the_press_is_an_early_warning() -> None:
    warned = given().does(ChangeFlags(add=("media-threat",)))
    assert warned.case is not None
    assert warned.case.grade == "ordinary"
    assert given().decided(ChangeFlags(add=("media-threat",))) == (
        FlagsChanged(("media-threat",)),
        CaseEscalated("general_office", "notice"),
    )


def test_who_was_told_already_is_not_told_again() -> None:
    warned = given().does(ChangeFlags(add=("media-threat",)))
    assert warned.decided(ChangeFlags(add=("vulnerable",))) == (FlagsChanged(("vulnerable",)),)
