"""Reminders and breaches, from the call to NATS. Stories are played side by side, since each waits for its clocks."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
import pytest_asyncio

from tests.support.intake import Caller
from tests.support.listening import EVERYTHING, Listener, listening
from tests.support.notifying import Kept
from tests.support.system import System

# In every name, number and free text below. Whatever has it in it has told somebody's secret.
SECRET = "Quillfeather"
PHONE = "+44 20 7946 0417"

CONTACT = {"direction": "inbound", "channel": "phone", "summary": f"{SECRET} asks how long it takes."}
CALLED_BACK = {"direction": "outbound", "channel": "phone", "summary": f"{SECRET} was told everything."}
APOLOGY = {"by_channel": "phone", "text": f"We are sorry, {SECRET}."}
FINDINGS = {
    "findings": f"{SECRET} is right.",
    "cause": "process_too_slow",
    "at_fault": True,
    "countermeasures": [f"Never let {SECRET} wait again."],
}
PROPOSAL = {"kind": "apology_letter", "text": f"A letter to {SECRET}."}
CONFIRMATION = {"by_channel": "phone", "text": f"{SECRET} is content."}
FOLLOW_UP = {"executed": True, "satisfaction": 9, "text": f"{SECRET} has it."}
WITHDRAWAL = {"by_channel": "phone", "reason": f"{SECRET} found the card."}


@dataclass
class Story:
    """One case: the answer to its complaint, and to what else its story is about."""

    case: dict[str, Any]
    answers: dict[str, httpx.Response]

    @property
    def due_at(self) -> dict[str, datetime]:
        """When its clocks were due at first."""
        return due_times(self.case)


@dataclass
class Told:
    """All stories, after the last clock has run out, and what was heard of them."""

    system: System
    stories: dict[str, Story]
    listener: Listener

    def alerts(self, name: str) -> list[Kept]:
        """The reminders and breaches of a story."""
        messages = self.listener.of(self.stories[name].case)
        return [message for message in messages if message.subject.split(".")[3] != "event"]

    def subjects(self, name: str) -> list[str]:
        return [message.subject.removeprefix("amends.v1.default.") for message in self.alerts(name)]

    async def events(self, name: str) -> list[dict[str, Any]]:
        """What the log has of a story."""
        response = await self.system.ask(f"/v1/cases/{self.stories[name].case['id']}/events", limit=100)
        assert response.json()["next"] is None
        items: list[dict[str, Any]] = response.json()["items"]
        return items


def due_times(answer: dict[str, Any]) -> dict[str, datetime]:
    """Clock → due time, of a command's answer."""
    return {each["kind"]: datetime.fromisoformat(each["due_at"]) for each in answer["deadlines"]}


async def complain(agent: Caller) -> dict[str, Any]:
    customer = {"ref": "C-7", "name": f"Ms. {SECRET}", "phone": PHONE, "email": f"{SECRET}@mail.example"}
    return await agent.receive(customer=customer, narrative=f"My name is {SECRET}, and I have waited for an hour.")


async def given(caller: Caller, case: dict[str, Any], what: str, body: dict[str, Any]) -> httpx.Response:
    """Give a command that must be taken."""
    response = await caller.give(case, what, body)
    assert response.status_code == 200, response.text
    return response


async def untouched(system: System) -> Story:
    return Story(await complain(system.caller("agent")), {})


async def treated(system: System) -> Story:
    handler = system.caller("handler")
    case = await complain(handler)
    await given(handler, case, "apology", APOLOGY)
    await given(handler, case, "contacts", CALLED_BACK)
    await given(handler, case, "investigation", FINDINGS)
    await given(handler, case, "proposals", PROPOSAL)
    await given(handler, case, "confirmation", CONFIRMATION)
    return Story(case, {"last": await given(handler, case, "follow-up", FOLLOW_UP)})


async def forgotten(system: System) -> Story:
    """All is well, but nobody asks whether it was carried out."""
    handler = system.caller("handler")
    case = await complain(handler)
    await given(handler, case, "apology", APOLOGY)
    await given(handler, case, "contacts", CALLED_BACK)
    await given(handler, case, "investigation", FINDINGS)
    await given(handler, case, "proposals", PROPOSAL)
    return Story(case, {"last": await given(handler, case, "confirmation", CONFIRMATION)})


async def extended(system: System) -> Story:
    handler = system.caller("handler")
    case = await complain(handler)
    later = (due_times(case)["callback"] + timedelta(seconds=2)).isoformat()
    without_contact = await handler.give(case, "callback", {"at": later})
    silent = await given(handler, case, "contacts", CONTACT)
    unexplained = await handler.give(case, "callback", {"at": later, "contact_position": silent.json()["position"]})
    contact = await given(handler, case, "contacts", CONTACT | {"reason_explained": True})
    position = contact.json()["position"]
    too_late = (due_times(case)["callback"] + timedelta(days=1)).isoformat()
    beyond = await handler.give(case, "callback", {"at": too_late, "contact_position": position})
    proper = await given(handler, case, "callback", {"at": later, "contact_position": position})
    answers = {"without contact": without_contact, "unexplained": unexplained, "beyond": beyond, "proper": proper}
    return Story(case, answers)


async def expired(system: System) -> Story:
    """The customer is asked for patience when the time is up."""
    handler = system.caller("handler")
    case = await complain(handler)
    contact = await given(handler, case, "contacts", CONTACT | {"reason_explained": True})
    await system.quiet(past=due_times(case)["callback"])
    body = {
        "at": (datetime.now(UTC) + timedelta(seconds=2)).isoformat(),
        "contact_position": contact.json()["position"],
    }
    return Story(case, {"expired": await handler.give(case, "callback", body)})


async def withdrawn(system: System) -> Story:
    agent = system.caller("agent")
    case = await complain(agent)
    return Story(case, {"last": await given(agent, case, "withdrawal", WITHDRAWAL)})


STORIES = (untouched, treated, forgotten, extended, expired, withdrawn)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def told(system: System) -> Told:
    async with listening(system.nats_url, EVERYTHING) as listener:
        played = await asyncio.gather(*(story(system) for story in STORIES))
        stories = dict(zip((story.__name__ for story in STORIES), played, strict=True))
        last_due = max(due_times(stories["extended"].answers["proper"].json()).values())
        await system.quiet(past=last_due)
        head = await system.head()
        await listener.until(lambda: {head} <= {message.said["position"] for message in listener.heard})
    return Told(system, stories, listener)


async def test_of_a_complaint_that_nobody_touches_every_alert_comes_once_and_in_order(told: Told) -> None:
    assert told.subjects("untouched") == [
        "reminder.apology",
        "breach.apology",
        "reminder.callback",
        "reminder.callback",
        "breach.callback",
    ]
    due_at = told.stories["untouched"].due_at
    said = [message.said for message in told.alerts("untouched")]
    assert [(each["clock"], datetime.fromisoformat(each["due_at"])) for each in said] == [
        ("apology", due_at["apology"]),
        ("apology", due_at["apology"]),
        ("callback", due_at["callback"]),
        ("callback", due_at["callback"]),
        ("callback", due_at["callback"]),
    ]
    assert [each.get("warning") for each in said] == ["50%", None, "2s before", "1s before", None]


async def test_an_alert_is_never_early_and_seldom_late(told: Told) -> None:
    for message in told.alerts("untouched"):
        said = message.said
        fell_due_at = datetime.fromisoformat(said.get("fell_due_at") or said["due_at"])
        assert datetime.fromisoformat(said["occurred_at"]) == fell_due_at
        # Timers look every 250 ms at worst; the rest is for a machine that is busy with other tests.
        assert 0 <= said["late_by_ms"] < 5_000


async def test_the_breach_stands_in_the_case_for_whoever_asks(told: Told) -> None:
    untouched = told.stories["untouched"]
    case = (await told.system.ask(f"/v1/cases/{untouched.case['id']}")).json()
    assert case["state"] == "received"
    assert {each["kind"]: each["status"] for each in case["deadlines"]} == {
        "apology": "breached",
        "callback": "breached",
    }
    for each in case["deadlines"]:
        assert datetime.fromisoformat(each["breached_at"]) == untouched.due_at[each["kind"]]
        assert each["policy"] == {"name": "seconds", "version": 1, "hash": each["policy"]["hash"]}


async def test_of_a_complaint_that_is_treated_in_time_there_is_no_alert(told: Told) -> None:
    assert told.subjects("treated") == []
    case = (await told.system.ask(f"/v1/cases/{told.stories['treated'].case['id']}")).json()
    assert case["state"] == "followed-up"
    assert {each["kind"]: each["status"] for each in case["deadlines"]} == {
        "apology": "met",
        "callback": "met",
        "follow_up": "met",
    }


async def test_a_clock_that_starts_later_in_the_life_gives_its_alerts_too(told: Told) -> None:
    assert told.subjects("forgotten") == ["reminder.follow_up", "breach.follow_up"]


async def test_a_callback_is_not_moved_to_later_without_a_contact_and_the_answer_says_why(told: Told) -> None:
    refused = told.stories["extended"].answers
    for name, code, reason in (
        ("without contact", "extension-needs-contact", "takes a recorded contact"),
        ("unexplained", "reason-not-explained", "was not explained"),
        ("beyond", "too-late", "at the latest"),
    ):
        assert refused[name].status_code == 409
        assert refused[name].headers["content-type"] == "application/problem+json"
        problem = refused[name].json()
        assert problem["type"].endswith(code)
        assert reason in problem["detail"]
        assert "agree-callback" in problem["allowed"]


async def test_a_callback_that_was_moved_properly_is_due_at_the_new_time_alone(told: Told) -> None:
    story = told.stories["extended"]
    moved_to = story.due_at["callback"] + timedelta(seconds=2)
    assert due_times(story.answers["proper"].json())["callback"] == moved_to
    alerts = [message for message in told.alerts("extended") if message.said["clock"] == "callback"]
    assert [message.subject.split(".")[3] for message in alerts] == ["reminder", "reminder", "breach"]
    assert {datetime.fromisoformat(message.said["due_at"]) for message in alerts} == {moved_to}
    assert {message.said["generation"] for message in alerts} == {2}


async def test_a_callback_that_has_expired_is_not_moved_and_the_answer_says_why(told: Told) -> None:
    refused = told.stories["expired"].answers["expired"]
    assert refused.status_code == 409
    assert refused.json()["type"].endswith("deadline-expired")
    assert "before it expires, never after" in refused.json()["detail"]
    assert told.subjects("expired")[-1] == "breach.callback"


async def test_what_was_refused_is_nowhere_in_the_log(told: Told) -> None:
    types = [event["type"] for event in await told.events("extended")]
    assert types.count("callback-agreed") == 1
    assert "callback-agreed" not in [event["type"] for event in await told.events("expired")]


async def test_of_a_complaint_that_was_withdrawn_there_is_no_alert(told: Told) -> None:
    assert told.subjects("withdrawn") == []
    pending = (await told.system.ask("/v1/deadlines", status="pending", limit=200)).json()["items"]
    assert told.stories["withdrawn"].case["id"] not in {each["case_id"] for each in pending}


@pytest.mark.parametrize("name", [story.__name__ for story in STORIES])
async def test_every_event_of_a_case_is_one_message_in_the_order_of_its_versions(told: Told, name: str) -> None:
    events = await told.events(name)
    messages = told.listener.of(told.stories[name].case)
    assert [event["version"] for event in events] == list(range(1, len(events) + 1))
    assert [message.id for message in messages] == [event["id"] for event in events]
    assert [message.said["position"] for message in messages] == [event["position"] for event in events]


@pytest.mark.parametrize("name", [story.__name__ for story in STORIES])
async def test_a_message_is_a_cloudevent_that_says_what_the_contract_promises(told: Told, name: str) -> None:
    case = (await told.system.ask(f"/v1/cases/{told.stories[name].case['id']}")).json()
    for event, message in zip(await told.events(name), told.listener.of(case), strict=True):
        assert message.subject == f"amends.v1.default.{_subject_of(event)}"
        headers = message.headers
        assert headers["ce-specversion"] == "1.0"
        assert headers["ce-id"] == headers["Nats-Msg-Id"] == event["id"]
        assert headers["ce-type"] == event["type"]
        assert headers["ce-subject"] == case["id"]
        assert headers["ce-source"]
        assert headers["ce-datacontenttype"] == "application/json"
        assert datetime.fromisoformat(headers["ce-time"]) == datetime.fromisoformat(event["occurred_at"])
        assert headers["traceparent"].split("-")[1] == event["correlation_id"].replace("-", "")
        said = message.said
        assert {name: said[name] for name in ("case_id", "reference", "branch", "owner", "grade")} == {
            "case_id": case["id"],
            "reference": case["reference"],
            "branch": "north-street",
            "owner": case["owner"],
            "grade": "ordinary",
        }
        assert {"state", "clock", "due_at", "position", "occurred_at"} <= said.keys()
        assert datetime.fromisoformat(said["occurred_at"]) == datetime.fromisoformat(event["occurred_at"])


async def test_no_byte_of_any_message_tells_who_complained_or_what_was_said(told: Told) -> None:
    assert len(told.listener.heard) > 30
    for message in told.listener.heard:
        headers = "\n".join(f"{name}: {value}" for name, value in message.headers.items())
        whole = "\n".join((message.subject, headers, message.raw.decode())).lower()
        for told_in_confidence in (SECRET, PHONE, PHONE.replace(" ", "")):
            assert told_in_confidence.lower() not in whole


async def test_no_file_of_the_system_has_personal_data_readable_in_it(told: Told) -> None:
    files = [file for file in told.system.data_dir.rglob("*") if file.is_file()]
    assert any("base" in file.parts for file in files), "the database's own files are among them"
    leaking = [file.name for file in files if SECRET.encode() in file.read_bytes()]
    assert leaking == []


def _subject_of(event: dict[str, Any]) -> str:
    match event["type"]:
        case "reminder-issued":
            return f"reminder.{event['data']['clock']}"
        case "deadline-breached":
            return f"breach.{event['data']['clock']}"
        case other:
            return f"event.{other}"
