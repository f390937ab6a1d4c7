"""What `amends show` lists of a case: read from the workflow's answer, whose shape is checked beside."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from rich.text import Text

from amends_platform.cli.case_page import print_case
from amends_platform.cli.facts import clock_name, facts, playbook
from amends_platform.cli.tables import _Tame, local_time, output
from amends_platform.words import words as words_of
from amends_workflow.shapes import CaseAnswer

ENGLISH, CHINESE = words_of("en"), words_of("zh")
NOW = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
LATER = (NOW + timedelta(hours=1)).isoformat()
THEN = local_time(LATER)
OTHER = {"id": str(UUID(int=2)), "reference": "TY96-6X8K"}
BOOK = {"first_words": "I am sorry.", "ask": ["When?"], "avoid": ["Excuses"], "times": "Within a day."}
NEWER = {
    "hand_offs",
    "hand_off",
    "escalations",
    "corrections",
    "held",
    "erasure_requested_by",
    "erased_at",
    "late_entries",
    "promises",
    "countermeasures",
    "desired_outcomes",
    "complained_of",
    "repeat_of",
    "incident",
    "incident_of",
    "children",
    "merged_into",
    "absorbed",
    "links",
    "playbook",
    "as_of",
    "valid_at",
    "not_yet",
}
"""What an older workflow does not answer."""


def answer(**changed: Any) -> dict[str, Any]:
    """A case as the workflow answers it, of which it says nothing but what is changed."""
    case = {
        "id": str(UUID(int=1)),
        "reference": "K7M2-P9QX",
        "state": "received",
        "version": 1,
        "position": 1,
        "grade": "ordinary",
        "owner": "a-agent",
        "branch": "north-street",
        "cycle": 1,
        "kind": "complaint",
        "channel": "phone",
        "type": None,
        "cause": None,
        "product": None,
        "severity": None,
        "customer_ref": "C-1",
        "external_ref": None,
        "flags": [],
        "reply_by": None,
        "historical": False,
        "satisfaction": None,
        "proposal": None,
        "received_at": NOW.isoformat(),
        "recorded_at": NOW.isoformat(),
        "updated_at": NOW.isoformat(),
        "deadlines": [],
        "allowed": ["apologize"],
        "hand_offs": 0,
        "hand_off": None,
        "escalations": 0,
        "corrections": 0,
        "held": False,
        "erasure_requested_by": None,
        "erased_at": None,
        "late_entries": 0,
        "promises": [],
        "countermeasures": [],
        "desired_outcomes": [],
        "complained_of": None,
        "repeat_of": None,
        "incident": None,
        "incident_of": None,
        "children": None,
        "merged_into": None,
        "absorbed": [],
        "links": [],
        "playbook": None,
        "as_of": None,
        "valid_at": None,
        "not_yet": [],
    } | changed
    CaseAnswer.model_validate(case)
    return case


def promise(number: int, status: str, *, is_open: bool) -> dict[str, Any]:
    return {
        "number": number,
        "due_at": LATER,
        "status": status,
        "open": is_open,
        "promised_by": "a-handler" if is_open else None,
    }


@pytest.mark.parametrize(
    ("changed", "name", "words"),
    [
        ({"type": "atm", "severity": "high"}, "kind", "complaint · atm · high"),
        (
            {"hand_off": {"offered_by": "a", "to_person": None, "to_department": "cards"}},
            "hand-off",
            "offered to the department cards by a, not accepted yet",
        ),
        ({"hand_off": {"offered_by": "a", "to_person": "b", "to_department": None}}, "hand-off", None),
        (
            {"promises": [promise(1, "kept", is_open=False), promise(2, "open", is_open=True)]},
            "promised",
            f"2 for {THEN}, by a-handler",
        ),
        (
            {"promises": [promise(1, "broken", is_open=True)]},
            "promised",
            f"1 for {THEN} (broken), by a-handler",
        ),
        (
            {"countermeasures": [{"number": 1, "due_at": LATER, "owner": "a-head"}]},
            "to change",
            f"1 by {THEN}, a-head",
        ),
        ({"held": True}, "held", "legal hold: nothing of the customer's may be erased"),
        ({"erasure_requested_by": "a-handler"}, "erasure", "asked for by a-handler, not answered yet"),
        ({"erased_at": LATER}, "erasure", f"personal data erased {THEN}"),
        ({"incident": OTHER | {"title": "Cash jams"}}, "incident", "TY96-6X8K, Cash jams"),
        ({"merged_into": OTHER}, "merged", "it goes on as TY96-6X8K"),
        ({"absorbed": [OTHER]}, "merged", "TY96-6X8K goes on here"),
        ({"links": [OTHER]}, "linked to", "TY96-6X8K"),
        ({"repeat_of": OTHER, "flags": ["repeat"]}, "repeats", "TY96-6X8K"),
        ({"complained_of": ["S-1", "S-2"]}, "names", "S-1, S-2"),
        ({"desired_outcomes": ["respect"]}, "wants", "respect"),
        (
            {"hand_offs": 2, "escalations": 1, "late_entries": 1, "corrections": 3},
            "counted",
            "2 hand-offs, 1 escalation, 1 late entry, 3 corrections",
        ),
    ],
)
def test_what_there_is_to_say_of_a_case_is_said_in_a_few_words(
    changed: dict[str, Any], name: str, words: str | None
) -> None:
    told = dict(facts(ENGLISH, answer(**changed)))
    assert told[name] == words if words is not None else name in told


def test_of_what_is_not_there_nothing_is_said() -> None:
    assert {name for name, _ in facts(ENGLISH, answer())} == {"kind", "owner", "customer", "received"}


def test_an_incident_is_told_by_what_its_cases_share_and_how_many_they_are() -> None:
    of = {"title": "Cash jams", "same": "cause", "value": "cash_jam", "automatic": True}
    incident = answer(kind="incident", channel="incident", branch="*", incident_of=of, children=12)
    told = dict(facts(ENGLISH, incident))
    assert told["incident"] == "Cash jams: 12 cases whose cause is cash_jam, opened by the policy"
    assert told["owner"] == "a-agent, all branches"
    assert told["opened"] == local_time(NOW.isoformat())
    assert "customer" not in told


def test_an_older_workflow_says_less_and_nothing_fails() -> None:
    older = {name: value for name, value in answer().items() if name not in NEWER}
    assert {name for name, _ in facts(ENGLISH, older)} == {"kind", "owner", "customer", "received"}
    assert playbook(older, "en") is None


def test_a_playbook_is_shown_in_the_language_of_the_terminal_else_in_english() -> None:
    case = answer(playbook={"en": BOOK, "zh": BOOK | {"first_words": "抱歉"}})
    assert [(playbook(case, language) or {})["first_words"] for language in ("zh", "en", "nl")] == [
        "抱歉",
        "I am sorry.",
        "I am sorry.",
    ]


def test_a_clock_of_promises_has_their_number_and_the_customers_own_says_so() -> None:
    assert clock_name(ENGLISH, {"kind": "promise", "number": 2, "owed_by": "organisation"}) == "promise 2"
    assert clock_name(ENGLISH, {"kind": "retained_card", "number": None, "owed_by": "customer"}) == (
        "retained_card (the customer's)"
    )
    assert clock_name(ENGLISH, {"kind": "apology"}) == "apology"


def test_the_first_words_are_shown_while_the_case_is_open(capsys: pytest.CaptureFixture[str]) -> None:
    print_case(output(), ENGLISH, answer(playbook={"en": BOOK}), [], None, None)
    shown = capsys.readouterr().out
    assert all(words in shown for words in ("say first", "I am sorry.", "on times", "Within a day."))
    print_case(output(), ENGLISH, answer(playbook={"en": BOOK}, state="withdrawn"), [], None, None)
    assert "I am sorry." not in capsys.readouterr().out


def test_what_happened_on_a_merged_case_says_on_which(capsys: pytest.CaptureFixture[str]) -> None:
    def happened(reference: str) -> dict[str, Any]:
        at = NOW.isoformat()
        told = {"type": "note-added", "data": {}, "actor": "a-agent", "occurred_at": at, "recorded_at": at}
        return told | {"reference": reference}

    print_case(output(), ENGLISH, answer(absorbed=[OTHER]), [happened("TY96-6X8K"), happened("K7M2-P9QX")], None, None)
    notes = [line for line in capsys.readouterr().out.splitlines() if "Note" in line]
    assert ["TY96-6X8K" in line for line in notes] == [True, False]
    assert all("K7M2-P9QX" not in line for line in notes)


def test_what_a_customer_wrote_tells_the_terminal_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    at, words = NOW.isoformat(), "It\x1b]0;mine\x07 was\x1b[2J\x9b2J\x7f\tme\nand you"
    told = {"type": "note-added", "data": {}, "actor": "a-agent", "occurred_at": at, "recorded_at": at}
    print_case(output(), ENGLISH, answer(), [told | {"personal": {"text": words}}], None, None)
    shown = capsys.readouterr().out
    assert "It\ufffd]0;mine was\ufffd[2J" in shown
    assert {character for character in shown if not character.isprintable()} <= {"\n", "\t"}
    screen = io.StringIO()
    _Tame(file=screen, force_terminal=True, color_system="standard").print(Text(words, "red"))
    assert screen.getvalue().startswith("\x1b[31mIt\ufffd")


def test_a_case_is_shown_in_chinese_with_the_terms_and_not_the_codes(capsys: pytest.CaptureFixture[str]) -> None:
    case = answer(
        state="proposed",
        flags=["urgent"],
        deadlines=[deadline("statutory")],
        playbook={"en": BOOK, "zh": BOOK | {"first_words": "抱歉"}},
        allowed=["approve", "note"],
    )
    print_case(output(), CHINESE, case, [], NOW, None)
    shown = capsys.readouterr().out
    for words in (
        "已提方案",
        "一般",
        "责任人",
        "紧急",
        "抱歉",
        "法定处理决定",
        "计时中",
        "还有1小时",
        "批准方案、添加备注",
    ):
        assert words in shown
    assert "proposed" not in shown


def deadline(clock: str) -> dict[str, Any]:
    return {
        "kind": clock,
        "number": None,
        "generation": 1,
        "cycle": 1,
        "status": "pending",
        "owed_by": "organisation",
        "started_at": NOW.isoformat(),
        "due_at": LATER,
        "ended_at": None,
        "provisional": False,
        "breached_at": None,
        "pack": None,
        "policy": {"name": "bank-cn", "version": 4, "hash": "00"},
    }
