"""What is entered: when it happened, what was wrong with it, and what no entry may say."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from tests.support.intake import AGREED, FOUND, LETTER, SORRY, Intake, complaint

ON_THE_SPOT = {"apology": SORRY, "investigation": FOUND, "proposal": LETTER, "confirmation": AGREED}


async def test_a_correction_names_the_entry_that_is_wrong(intake: Intake) -> None:
    agent = await intake.caller("agent")
    case, another = await agent.receive(), await agent.receive()
    wrong = await agent.must(case, "apology", SORRY)
    await agent.must(case, "corrections", {"position": wrong["position"], "text": "It was by letter."})
    assert (await intake.events(case))[-1] == (
        "entry-corrected",
        {"corrects": wrong["version"], "position": wrong["position"]},
    )
    other = {"position": another["position"], "text": "x"}
    assert await agent.may_not(case, "corrections", other) == (422, "no-such-entry")


async def test_a_note_changes_nothing_else(intake: Intake) -> None:
    agent = await intake.caller("agent")
    case = await agent.receive()
    answer = await agent.must(case, "notes", {"text": "Prefers letters."})
    assert (answer["state"], await intake.types(case)) == ("received", ["complaint-received", "note-added"])


async def test_an_alert_is_acknowledged_once_and_the_second_is_told_by_whom(intake: Intake) -> None:
    agent, handler = await intake.caller("agent"), await intake.caller("handler")
    case = await agent.receive()
    alert = await agent.must(case, "escalation", {"reason": "I cannot settle it.", "to": "vice_president"})
    seen = {"position": alert["position"] - 1}
    first, again = (
        await handler.must(case, "acknowledgements", seen, key="a"),
        await handler.must(case, "acknowledgements", seen, key="a"),
    )
    assert first == again
    assert (await intake.events(case))[-1] == (
        "alert-acknowledged",
        {"acknowledges": 2, "position": seen["position"], "alert": "escalation"},
    )
    response = await agent.give(case, "acknowledgements", seen)
    assert (response.status_code, response.json()["type"]) == (409, "urn:amends:problem:already-acknowledged")
    assert response.json()["detail"].startswith(f"{handler.person} acknowledged this escalation at ")
    assert await agent.may_not(case, "acknowledgements", {"position": 1}) == (422, "no-such-alert")


async def test_a_countermeasure_that_is_wrong_is_pointed_at(intake: Intake) -> None:
    handler = await intake.caller("handler")
    case = await handler.receive()
    wrong = ["", {"text": "x", "due_at": "soon"}, 7]
    response = await handler.give(case, "investigation", FOUND | {"countermeasures": wrong})
    assert [error["pointer"] for error in response.json()["errors"]] == [
        "/countermeasures/0/text",
        "/countermeasures/1/due_at",
        "/countermeasures/2",
    ]


async def test_an_entry_may_be_made_later_and_says_when_it_happened(intake: Intake) -> None:
    agent = await intake.caller("agent")
    came = intake.now() - timedelta(hours=5)
    case = await agent.receive(occurred_at=came.isoformat())
    said = (came + timedelta(hours=1)).isoformat()
    await agent.must(case, "apology", SORRY | {"occurred_at": said})
    row = (await intake.rows("SELECT occurred_at, recorded_at FROM events WHERE version = 2"))[0]
    assert row["occurred_at"] == datetime.fromisoformat(said)
    assert row["recorded_at"] - row["occurred_at"] > timedelta(hours=3)


@pytest.mark.parametrize(("hours", "code"), [(1, "in-the-future"), (-1, "before-the-case")])
async def test_nothing_happened_in_the_future_or_before_the_case(intake: Intake, hours: int, code: str) -> None:
    agent = await intake.caller("agent")
    case = await agent.receive()
    at = (intake.now() + timedelta(hours=hours)).isoformat()
    assert await agent.may_not(case, "apology", SORRY | {"occurred_at": at}) == (422, code)


async def test_a_part_of_a_conversation_has_no_time_of_its_own(intake: Intake) -> None:
    handler = await intake.caller("handler")
    case = await handler.receive()
    body = ON_THE_SPOT | {"apology": SORRY | {"occurred_at": intake.now().isoformat()}}
    response = await handler.give(case, "on-the-spot", body)
    assert [error["pointer"] for error in response.json()["errors"]] == ["/apology/occurred_at"]


async def test_times_out_of_reach_are_refused(intake: Intake) -> None:
    agent = await intake.caller("agent")
    response = await agent.post("/v1/complaints", complaint(reply_by="9999-12-31T23:59:59Z"))
    assert [error["pointer"] for error in response.json()["errors"]] == ["/reply_by"]
