"""What the command line says: times, sentences, alerts, and the demo's story."""

from __future__ import annotations

import dataclasses
import io
import time
import typing
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from rich.console import Console
from typer.testing import CliRunner

from amends_domain.access.judging import who_may
from amends_domain.event_codec import EVENT_TYPES, encode
from amends_domain.events import (
    ActionTaken,
    CaseClassified,
    CaseEscalated,
    ChildrenActed,
    ClosedUnsatisfied,
    CountermeasurePlanned,
    DeadlineExtended,
    Event,
    FlagsChanged,
    GradeRaised,
    HandOffAccepted,
    HandOffOffered,
    HandOffRefused,
    IncidentOpened,
    PromiseKept,
    PromiseMade,
    Reclassified,
    ReminderIssued,
)
from amends_platform import cli
from amends_platform.alerts import Alert
from amends_platform.cli.alert_lines import json_line, shown
from amends_platform.cli.instants import instant
from amends_platform.cli.tables import local_time, print_table
from amends_platform.clients import explain, failure_of
from amends_platform.demo.samples import sample_complaints
from amends_platform.demo.steps import Moment
from amends_platform.demo.story import story
from amends_platform.failures import WrongUsage
from amends_platform.words import words as words_of

ENGLISH = words_of("en")

NOW = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (0.4, "0 s"),
        (59, "59 s"),
        (60, "1 min"),
        (61, "1 min 1 s"),
        (3_600, "1 h"),
        (3_605, "1 h"),
        (7_260, "2 h 1 min"),
        (86_400, "1 d"),
        (183_600, "2 d 3 h"),
        (-90, "1 min 30 s"),
    ],
)
def test_a_length_of_time_is_told_in_its_two_largest_units(seconds: float, words: str) -> None:
    assert ENGLISH.length(seconds, short=True) == words


def test_a_time_is_read_as_it_is_written() -> None:
    assert instant("2026-03-02T10:00+08:00", "--as-of") == NOW
    assert instant("2026-03-02T10:00", "--as-of").utcoffset() is not None
    before = datetime.now(UTC)
    in_90_minutes, two_hours_ago = instant("90m", "--due-before"), instant("2h", "--since", ago=True)
    after = datetime.now(UTC)
    assert before <= in_90_minutes - timedelta(minutes=90) <= after
    assert before <= two_hours_ago + timedelta(hours=2) <= after
    with pytest.raises(WrongUsage, match="--as-of: expected a time"):
        instant("yesterday", "--as-of")


@pytest.mark.parametrize("text", ["999999d", "0001-01-01T00:00+14:00", "9999-12-31T23:59-12:00"])
def test_a_time_that_no_calendar_has_is_wrong_usage(text: str) -> None:
    with pytest.raises(WrongUsage, match="is outside of the calendar"):
        instant(text, "--as-of", ago=True)


def test_an_export_that_ends_before_it_begins_is_wrong_usage() -> None:
    error = CliRunner().invoke(cli.app, ["export", "--format", "xes", "--from", "1d", "--to", "2d"]).exception
    assert type(error) is WrongUsage
    assert str(error) == "--from: it is not before --to"


def test_a_replay_as_of_a_day_is_of_a_day_ago(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[datetime] = []

    async def report(replayed: Any, **_: Any) -> None:
        asked.append(replayed.at)
        raise WrongUsage("That is all.")

    monkeypatch.setattr(cli.replay, "_report", report)
    CliRunner().invoke(cli.app, ["replay", "--as-of", "1d"])
    assert asked[0] < datetime.now(UTC) - timedelta(hours=23)


def event_types() -> list[type[Event]]:
    def concrete(cls: type[Event]) -> list[type[Event]]:
        own = [cls] if "TYPE" in cls.__dict__ else []
        return own + [leaf for child in cls.__subclasses__() for leaf in concrete(child)]

    return concrete(Event)


def answered(cls: type[Event], *, late: timedelta = timedelta()) -> dict[str, Any]:
    """An event with something in every field, as the workflow answers it."""
    hints = typing.get_type_hints(cls)
    fields = [field for field in dataclasses.fields(cls) if not field.metadata.get("personal")]  # type: ignore[arg-type]
    event = cls(**{field.name: _something(str(hints[field.name])) for field in fields})
    clear, _ = encode(event)
    return {
        "type": cls.TYPE,
        "data": clear,
        "actor": "a-agent",
        "occurred_at": (NOW - late).isoformat(),
        "recorded_at": NOW.isoformat(),
    }


def _something(hint: str) -> Any:
    if "datetime" in hint:
        return NOW
    if "tuple" in hint:
        return ()
    if "bool" in hint:
        return False
    return 3 if "int" in hint else "such"


@pytest.mark.parametrize("cls", event_types(), ids=lambda cls: cls.TYPE)
def test_every_event_has_a_sentence_of_its_own(cls: type[Event]) -> None:
    said = ENGLISH.sentence(answered(cls), local_time)
    assert said[0].isupper()
    assert said != cls.TYPE.replace("-", " ")
    assert words_of("zh").sentence(answered(cls), local_time) != said


def test_all_events_are_told_of() -> None:
    assert {cls.TYPE for cls in event_types()} == EVENT_TYPES


def test_an_event_of_a_newer_release_is_told_by_its_type() -> None:
    event = {"type": "case-framed", "data": {}, "occurred_at": NOW.isoformat(), "recorded_at": NOW.isoformat()}
    assert ENGLISH.sentence(event, local_time) == "case framed"


@pytest.fixture
def in_utc() -> Iterator[None]:
    """This machine's zone is UTC for a while."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TZ", "UTC")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.parametrize(
    ("event", "said"),
    [
        (PromiseMade(2, NOW, "a-agent"), "Promise 2 to the customer, for 2026-03-02 02:00:00"),
        (
            PromiseMade(2, NOW, "a-agent", from_case="1"),
            "Promise 2 to the customer, for 2026-03-02 02:00:00, taken over from a merged case, where a-agent made it",
        ),
        (PromiseKept(2), "Promise 2 kept"),
        (
            CountermeasurePlanned(1, "a-head", NOW),
            "Countermeasure 1: a-head carries it out by 2026-03-02 02:00:00",
        ),
        (ActionTaken("refund_made"), "Done: refund made"),
        (ActionTaken("corrective_action_done", 2), "Done: corrective action done, countermeasure 2"),
        (HandOffOffered("a", "b"), "Hand-off to b offered; until it is accepted the owner stays"),
        (
            HandOffOffered("a", None, "cards"),
            "Hand-off to the department cards offered; until it is accepted the owner stays",
        ),
        (HandOffAccepted("b", "a"), "Hand-off accepted: owner is now b, before a"),
        (HandOffRefused("b"), "Hand-off refused by b: the owner stays"),
        (CaseClassified(type="atm", complained_of=("S-1",)), "Classified: type atm; names S-1"),
        (GradeRaised("major", "ordinary"), "Grade raised from ordinary to major"),
        (
            GradeRaised("major", "ordinary", by_rule=True),
            "Grade raised from ordinary to major, by a rule of the policy",
        ),
        (Reclassified("complaint", "inquiry", 1), "The inquiry is now a complaint: promise 1 was broken"),
        (Reclassified("inquiry", "complaint"), "The complaint is now an inquiry"),
        (FlagsChanged(("urgent",), ("complex",)), "Flagged urgent; no longer complex"),
        (FlagsChanged(removed=("complex",)), "No longer complex"),
        (
            FlagsChanged(("repeat",), earlier_case="1"),
            "Flagged repeat: the customer has complained of the like before",
        ),
        (
            CaseEscalated("vice_president", "deadline", "apology", 1, 2, NOW, NOW),
            "Escalated to the vice president: apology was due 2026-03-02 02:00:00 and is not met",
        ),
        (
            CaseEscalated("team_leader", "deadline", "apology", 1, 2, NOW, NOW - timedelta(hours=1)),
            "Escalated to the team leader: apology is due 2026-03-02 02:00:00 and is not met",
        ),
        (CaseEscalated("general_office", "notice"), "The general office is told at once"),
        (CaseEscalated("head_of_unit", "recusal"), "The head of unit is told: staff of the unit are complained of"),
        (CaseEscalated("head_office", "asked"), "Escalated to the head office"),
        (
            ClosedUnsatisfied(("a", "b"), "c"),
            "Closed with the customer unsatisfied, approved by a and b; c stays answerable",
        ),
        (
            IncidentOpened("Cash jams", "cause", "cash_jam", "*", "policy", automatic=True),
            "Incident opened: Cash jams (cause cash jam, all branches), by the policy, because so many came",
        ),
        (
            ChildrenActed("apologize", 11, 1),
            "Given to the incident's cases: apologise, done by 11, refused by 1",
        ),
        (
            DeadlineExtended("statutory", 1, NOW + timedelta(days=30), NOW, "a-head"),
            "Longer term for statutory decision, from 2026-03-02 02:00:00 to 2026-04-01 02:00:00, approved by a-head",
        ),
        (
            ReminderIssued("retained_card", 1, 0, "1bd before", NOW, NOW, owed_by="customer"),
            "Reminder for the customer: retained card (1 business day before), due 2026-03-02 02:00:00",
        ),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Event) else "",
)
@pytest.mark.usefixtures("in_utc")
def test_an_event_is_told_by_who_did_what_and_until_when(event: Event, said: str) -> None:
    clear, _ = encode(event)
    told = {"type": event.TYPE, "data": clear, "occurred_at": NOW.isoformat(), "recorded_at": NOW.isoformat()}
    assert ENGLISH.sentence(told, local_time) == said


def test_an_entry_made_late_says_so_and_one_from_the_past_does_not() -> None:
    by_type = {cls.TYPE: cls for cls in event_types()}
    assert "entered 3 d later" in ENGLISH.sentence(
        answered(by_type["apology-given"], late=timedelta(days=3)), local_time
    )
    past = answered(by_type["complaint-received"], late=timedelta(days=3))
    past["data"]["historical"] = True
    assert "later" not in ENGLISH.sentence(past, local_time)
    assert "case from the past" in ENGLISH.sentence(past, local_time)


def test_words_are_quoted_and_what_is_gone_is_told() -> None:
    personal = {"narrative": "Lost.", "customer": {"name": "Ms. Chen", "published": {"a": 1}}, "countermeasures": ["A"]}
    assert list(ENGLISH.quoted({"personal": personal})) == ["name Ms. Chen", "Lost.", "- A"]
    assert list(ENGLISH.quoted({"personal": None, "personal_missing": "erased"})) == ["[erased: its key is destroyed]"]
    assert list(ENGLISH.quoted({})) == []


def alert(kind: str, name: str = "apology", *, due_in_seconds: float | None, **told: Any) -> Alert:
    payload = {
        "reference": "K7M2-P9QX",
        "state": "received",
        "grade": "major",
        "branch": "north-street",
        "owner": "a-agent",
        "due_at": None if due_in_seconds is None else (NOW + timedelta(seconds=due_in_seconds)).isoformat(),
    }
    return Alert(kind, name, "1", NOW, payload | told)


def test_an_alert_is_one_line_for_people_and_one_for_programs() -> None:
    reminder = shown(ENGLISH, alert("reminder", due_in_seconds=90)).plain
    assert all(part in reminder for part in ("reminder", "apology", "K7M2-P9QX", "due in 1 min 30 s", "owner a-agent"))
    assert "passed" in shown(ENGLISH, alert("breach", due_in_seconds=-1)).plain
    assert json_line(alert("breach", due_in_seconds=-1)).count("\n") == 0


def test_a_breach_that_was_learnt_on_another_day_says_on_which_it_was() -> None:
    due_at = (NOW - timedelta(days=2)).astimezone()
    assert f"passed {due_at:%Y-%m-%d %H:%M}" in shown(ENGLISH, alert("breach", due_in_seconds=-172_800)).plain


def test_an_escalation_is_one_line_that_says_to_whom_and_why() -> None:
    step = shown(
        ENGLISH, alert("escalation", "vice_president", due_in_seconds=-4, cause="deadline", clock="apology")
    ).plain
    assert "escalation  vice_president" in step
    assert "apology was due 4 s ago" in step
    early = shown(
        ENGLISH, alert("escalation", "team_leader", due_in_seconds=60, cause="deadline", clock="apology")
    ).plain
    assert "apology due in 1 min" in early
    for cause, words in (("notice", "at once"), ("recusal", "are complained of"), ("asked", "asked for")):
        assert words in shown(ENGLISH, alert("escalation", "general_office", due_in_seconds=None, cause=cause)).plain


def test_a_reminder_for_the_customer_says_so() -> None:
    assert "the customer's own time" in shown(ENGLISH, alert("reminder", due_in_seconds=60, owed_by="customer")).plain


def test_an_alert_is_told_in_chinese_too() -> None:
    line = shown(
        words_of("zh"), alert("escalation", "vice_president", due_in_seconds=-4, cause="deadline", clock="apology")
    )
    assert "升级        分管领导           K7M2-P9QX  已受理              致歉4秒前到期" in line.plain
    assert line.plain.endswith("重大，north-street，责任人a-agent")


def test_a_refusal_is_one_line_with_what_is_allowed_instead() -> None:
    body = b'{"type": "urn:amends:problem:illegal-state", "detail": "The case\\nis closed.", "allowed": ["reopen"]}'
    assert explain(409, body) == "The case is closed. Allowed now: reopen."
    assert explain(422, b'{"detail": "/channel: Field required"}') == "/channel: Field required"
    assert explain(500, b"<html>") == "The answer does not say why."
    nowhere = failure_of(404, b'{"type": "urn:amends:problem:not-found", "detail": "Nothing matches the given URI."}')
    assert str(nowhere) == "Nothing is called so there. Is the name right, and the address?"
    absent = failure_of(404, b'{"type": "urn:amends:problem:no-such-case", "detail": "There is no such case."}')
    assert str(absent) == "There is no such case."


def test_a_table_is_cut_at_the_edge_of_a_terminal_and_nowhere_else(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [("K7M2-P9QX", "城西支行", "x" * 60), ("TY96-6X8K", "north", "y")]
    screen = io.StringIO()
    print_table(Console(file=screen, width=40, force_terminal=True, color_system=None), ("CASE", "BRANCH", "X"), rows)
    assert all(len(line) <= 40 for line in screen.getvalue().splitlines())
    print_table(Console(file=io.StringIO()), ("CASE", "BRANCH", "X"), rows)
    header, first, second = capsys.readouterr().out.splitlines()
    assert "x" * 60 in first
    # Chinese characters are two columns wide.
    assert header.index("X") == second.index("y") == first.index("x") + 4


# the demo's story


def test_every_sample_has_a_part_and_every_part_a_sample() -> None:
    samples = sample_complaints()
    parts = story(samples)
    assert sorted(part.sample for part in parts) == sorted(samples)
    assert sum(1 for part in parts if part.told) < len(parts)


def test_steps_of_the_story_come_in_order_and_by_people_who_may() -> None:
    commands = {
        "apology": "apologize",
        "contacts": "contact",
        "investigation": "investigate",
        "proposals": "propose",
        "handoffs": "hand-off",
        "handoffs/acceptance": "accept",
        "promises": "promise",
        "promises/1/kept": "keep-promise",
        "actions": "act",
    }
    for part in story(sample_complaints()):
        seconds = [step.seconds for step in part.steps]
        assert seconds == sorted(seconds)
        for step in part.steps:
            assert step.role in who_may(commands.get(step.path, "apologize")), step
            body = step.body(Moment(NOW, None)) if callable(step.body) else step.body
            assert body or step.path in ("handoffs/acceptance", "promises/1/kept")


def test_a_story_begins_before_a_minute_is_over() -> None:
    assert max(part.seconds + part.steps[-1].seconds for part in story(sample_complaints())) < 60
