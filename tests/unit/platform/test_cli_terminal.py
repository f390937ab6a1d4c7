"""The queue, a case and alerts at a terminal: readable at 80 columns, without colours, and in a pipe."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from rich.console import Console
from typer.testing import CliRunner

from amends_platform.alerts import ACKNOWLEDGED, Alert
from amends_platform.cli import app, audit, signs
from amends_platform.cli.alert_lines import shown
from amends_platform.cli.alert_tally import Tally
from amends_platform.cli.queue import print_queue, queue_lines
from amends_platform.cli.rail import rail
from amends_platform.failures import WrongUsage
from amends_platform.words import words as words_of

ENGLISH, CHINESE = words_of("en"), words_of("zh")
NOW = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)


def terminal(width: int, *, encoding: str = "utf-8") -> Console:
    screen = io.TextIOWrapper(io.BytesIO(), encoding=encoding, write_through=True)
    return Console(file=screen, width=width, force_terminal=True, color_system=None, highlight=False, soft_wrap=True)


def written(console: Console) -> list[str]:
    assert isinstance(console.file, io.TextIOWrapper)
    console.file.seek(0)
    return console.file.read().splitlines()


def item(reference: str, hours: float | None, **fields: Any) -> dict[str, Any]:
    due_at = None if hours is None else (NOW + timedelta(hours=hours)).isoformat()
    return {
        "reference": reference,
        "state": "customer-confirmed",
        "grade": "ordinary",
        "owner": "dev-handler",
        "branch": "north-street",
        "flags": ["vulnerable", "media-threat"],
        "breached": False,
        "next_due_at": due_at,
        "next_due_clock": None if hours is None else "corrective_action",
        **fields,
    }


QUEUE = [
    item("AAAA-AAAA", -1.5),
    item("BBBB-BBBB", 1),
    item("CCCC-CCCC", 30, breached=True),
    item("DDDD-DDDD", 30),
    item("EEEE-EEEE", None, breached=True, branch="城西支行"),
]


def test_a_sign_says_what_the_colour_says() -> None:
    console = terminal(160)
    print_queue(console, ENGLISH, QUEUE, NOW, is_more=False)
    lines = written(console)
    assert [line[11:14].rstrip() for line in lines[1:6]] == ["!!", "!", "x", "", "x"]
    assert "corrective_action 1 h 30 min ago" in lines[1]
    assert lines[6:] == ["5 cases", "!! overdue; ! due within 2 hours; x a deadline was broken"]


@pytest.mark.parametrize("width", [60, 80, 100, 120])
def test_a_narrow_terminal_leaves_columns_out_and_says_which(width: int) -> None:
    console = terminal(width)
    print_queue(console, ENGLISH, QUEUE, NOW, is_more=False)
    lines = written(console)
    assert all(len(line) <= width for line in lines)
    assert lines[0].startswith("CASE       NEXT DEADLINE")
    assert ("FLAGS" in lines[0]) != ("also shows FLAGS" in " ".join(lines))


def test_a_pipe_gets_every_column_uncut(capsys: pytest.CaptureFixture[str]) -> None:
    print_queue(Console(file=io.StringIO()), ENGLISH, QUEUE, NOW, is_more=True)
    table = capsys.readouterr().out.splitlines()
    assert table[0].split() == ["CASE", "NEXT", "DEADLINE", "STATE", "GRADE", "OWNER", "BRANCH", "FLAGS"]
    assert all(line.endswith("vulnerable, media-threat") for line in table[1:])


def test_a_screen_of_the_queue_is_no_higher_than_the_terminal() -> None:
    lines = list(queue_lines(ENGLISH, QUEUE * 20, (80, 24), is_more=True))
    assert len(lines) <= 23
    assert lines[-2].plain.startswith("100 cases, and more")


def test_watching_the_queue_takes_a_terminal() -> None:
    given = ["cases", "--watch", "--url", "http://127.0.0.1:1", "--key", "amends_any"]
    error = CliRunner().invoke(app, given).exception
    assert type(error) is WrongUsage
    assert str(error).startswith("--watch: it takes a terminal")


def case(state: str, kind: str = "complaint") -> dict[str, Any]:
    return {"kind": kind, "state": state}


def events(*types: str) -> list[dict[str, Any]]:
    return [{"type": each} for each in types]


def railed(console: Console, state: str, *types: str) -> str:
    stops = rail(console, ENGLISH, case(state), events(*types))
    assert stops is not None
    return stops.plain


def test_the_rail_shows_the_six_steps_and_where_the_case_stands() -> None:
    assert railed(terminal(80), "investigated") == (
        "✓ received  ✓ apologized  ● investigated  · proposed  · customer-confirmed  · followed-up"
    )
    assert "✓ followed-up" in railed(terminal(80), "followed-up")


def test_the_rail_of_a_case_that_ended_elsewhere_shows_how_far_it_came_in_its_last_cycle() -> None:
    first = ("complaint-received", "apology-given", "investigation-completed", "complaint-withdrawn")
    assert railed(terminal(80), "withdrawn", *first) == "✓ received  ✓ apologized  ✓ investigated  ✗ withdrawn"
    again = (*first, "case-reopened", "apology-given", "complaint-withdrawn")
    assert railed(terminal(80), "withdrawn", *again) == "✓ received  ✓ apologized  ✗ withdrawn"


def test_an_inquiry_has_no_rail() -> None:
    assert rail(terminal(80), ENGLISH, case("received", "inquiry"), []) is None


def test_a_terminal_that_cannot_show_marks_gets_letters(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TERM", raising=False)
    assert railed(terminal(80, encoding="ascii"), "apologized").startswith("+ received  * apologized  . investigated")
    assert signs.marks(terminal(80), {"TERM": "dumb"}) == signs.marks(terminal(80, encoding="ascii"), {})


def alert(kind: str, version: int, **payload: Any) -> Alert:
    name = ACKNOWLEDGED if kind == "event" else "apology"
    told = {"case_id": "1", "version": version, "reference": "K7M2-P9QX", "clock": "apology", "due_at": NOW.isoformat()}
    return Alert(kind, name, f"id-{version}", NOW, told | payload)


def test_alerts_are_counted_until_somebody_acknowledges_them() -> None:
    tally = Tally()
    for each in (alert("reminder", 2), alert("breach", 3), alert("breach", 4)):
        tally.take(each)
    assert tally.line(ENGLISH).plain.startswith("1 reminder · 2 breaches · 0 escalations · 3 not acknowledged")
    tally.take(alert("event", 5, acknowledges=3, alert="breach"))
    assert "2 not acknowledged" in tally.line(ENGLISH).plain
    assert tally.line(CHINESE).plain.startswith("提醒1条")


def test_an_acknowledgement_is_a_line_of_its_own() -> None:
    line = shown(ENGLISH, alert("event", 5, acknowledges=3, alert="breach")).plain
    assert "seen        apology            K7M2-P9QX  somebody has acknowledged the breach" in line


def test_what_a_reading_was_for_is_not_what_there_is_no_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    read = {"read_at": NOW.isoformat(), "person": "dev-auditor", "role": "auditor", "customer_ref": "C-10482"}
    told = {**read, "reference": "5MAY-X6NW", "answer": "events", "purpose": "customer-request"}
    monkeypatch.setattr(audit, "_asked", lambda *_: ([told], False))
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "80")
    answer = CliRunner().invoke(app, ["audit", "readings", "--language", "en"])
    assert "WHAT FOR" in answer.stdout
    assert "customer-request" in answer.stdout
    assert "a wider terminal also shows ROLE, READ IN" in answer.stdout
