"""The whole life of a hard case, through HTTP only: every event, deadline and message that it must leave behind.

A journalist calls about a customer who was sold the wrong product by the head of a branch. The case is handed off
twice, its callback is put off once and then missed, the offer is declined, the case is closed without satisfying
the customer, reopened, and settled.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest_asyncio

from tests.support.intake import complaint
from tests.support.listening import Listener, listening
from tests.support.system import System, running_system

# Only the callback is short: the story waits until it is missed, and for nothing else.
POLICY = """\
policy: hard-case
version: 1
effective_from: 2026-01-01
timezone: Asia/Shanghai
grades:
  - {grade: major, when: {channel: [media]}, notify: [general_office, marketing]}
  - {grade: ordinary}
clocks:
  apology: {from: complaint-received, stop: [apology-given], due: 24h}
  callback:
    from: complaint-received
    stop: [callback-made]
    due: agreed
    at_most: 8s
    warn: [2s before]
    extend: {requires: customer-agreed, before: due, at_most: 4s}
  statutory: {from: complaint-received, stop: [customer-confirmed, closed-unsatisfied], due: 15d}
  hand_off: {from: hand-off-offered, stop: [hand-off-accepted, hand-off-refused], due: 1bd}
  follow_up: {from: customer-confirmed, stop: [followed-up], due: 3bd}
authority:
  handler: 0
  supervisor: 500
  department_head: 5000
  always_approve: {type: [mis_selling], by: department_head}
ladder:
  - {after: 0s, to: service_admin}
  - {after: 1s, to: vice_president, when: {grade: [major]}}
  - {after: 1h, to: head_office}
heads: {north-street: dev-supervisor}
"""

SORRY = {"by_channel": "phone", "text": "We are sorry that you were told so little."}
FOUND = {
    "findings": "The fees were not explained.",
    "cause": "special_terms_not_pointed_out",
    "at_fault": True,
    "countermeasures": [
        {"text": "Every adviser reads the fees out.", "owner": "dev-handler", "due_at": "2099-01-01T00:00:00Z"}
    ],
}
OFFER = {"kind": "refund", "text": "The fees of three years.", "amount": "900.00", "currency": "CNY"}


@dataclass
class Story:
    """What happened, as far as it was told by answers; the rest is asked for afterwards."""

    system: System
    listener: Listener
    case: dict[str, Any] = field(default_factory=dict)
    position: int = 0
    refused: list[tuple[str, str, int, str]] = field(default_factory=list)

    async def gives(self, role: str, what: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """A command that must be carried out."""
        response = await self.system.caller(role).give(self.case, what, body or {})
        assert response.status_code == 200, f"{role} {what}: {response.text}"
        answer: dict[str, Any] = response.json()
        self.position = answer["position"]
        return answer

    async def tries(self, role: str, what: str, body: dict[str, Any] | None = None) -> None:
        """A command that must be refused: nothing is recorded."""
        response = await self.system.caller(role).give(self.case, what, body or {})
        problem = response.json()
        code = problem["type"].removeprefix("urn:amends:problem:")
        self.refused.append((role, what, response.status_code, code))

    async def stands(self) -> dict[str, Any]:
        """The case as the workflow has it now."""
        return await self.system.case({"id": self.case["id"], "position": self.position})

    async def events(self) -> list[dict[str, Any]]:
        response = await self.system.ask(f"/v1/cases/{self.case['id']}/events", limit=200)
        assert response.json()["next"] is None
        items: list[dict[str, Any]] = response.json()["items"]
        return items

    def heard(self, *kinds: str) -> list[str]:
        """The subjects of its messages of these kinds, in the order of the stream."""
        subjects = [message.subject.removeprefix("amends.v1.default.") for message in self.listener.of(self.case)]
        return [subject for subject in subjects if subject.split(".")[0] in kinds]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def story() -> AsyncIterator[Story]:
    """The story, played from its beginning to its end."""
    async with running_system(POLICY) as system, listening(system.nats_url) as listener:
        told = Story(system, listener)
        await _is_received_and_put_off(told)
        await _is_passed_on_and_investigated(told)
        await _is_offered_and_declined(told)
        await _misses_its_callback(told)
        await _is_closed_and_reopened(told)
        await _is_settled(told)
        await system.quiet()
        last = (await told.events())[-1]["position"]
        await listener.until(lambda: any(m.said["position"] == last for m in listener.of(told.case)))
        yield told


async def _is_received_and_put_off(story: Story) -> None:
    body = complaint(
        channel="media",
        type="mis_selling",
        complained_of=["dev-supervisor"],
        customer={"ref": "C-1", "name": "Mr. Bai"},
    )
    story.case = (await story.system.caller("agent").post("/v1/complaints", body)).json()
    await story.gives("agent", "apology", SORRY)
    due = next(each["due_at"] for each in story.case["deadlines"] if each["kind"] == "callback")
    later = datetime.fromisoformat(due) + timedelta(seconds=2)
    called = {"direction": "outbound", "channel": "phone", "summary": "Not ready yet.", "reason_explained": True}
    await story.gives("agent", "contacts", called | {"agreed_callback_at": later.isoformat()})


async def _is_passed_on_and_investigated(story: Story) -> None:
    await story.gives("agent", "handoffs", {"department": "private banking", "reason": "They sold it."})
    await story.tries("supervisor", "handoffs/acceptance")
    await story.gives("handler", "handoffs/acceptance")
    await story.gives("handler", "handoffs", {"owner": "dev-department_head", "reason": "The press is on it."})
    await story.tries("executive", "handoffs/acceptance")
    await story.gives("department_head", "handoffs/acceptance")
    await story.tries("supervisor", "investigation", FOUND)
    await story.gives("handler", "investigation", FOUND)


async def _is_offered_and_declined(story: Story) -> None:
    await story.gives("handler", "proposals", OFFER)
    await story.tries("agent", "confirmation", {"by_channel": "phone"})
    await story.tries("supervisor", "proposals/approval", {"reason": "My own branch."})
    await story.gives("department_head", "proposals/approval", {"reason": "It is owed."})
    await story.tries("department_head", "unsatisfied-closure", {"reason": "Too early."})
    await story.gives("agent", "decline", {"by_channel": "phone", "reason": "It is not about the money."})


async def _misses_its_callback(story: Story) -> None:
    await story.listener.until(lambda: "escalation.vice_president" in story.heard("escalation"))
    await story.gives("agent", "contacts", {"direction": "outbound", "channel": "phone", "summary": "Called at last."})


async def _is_closed_and_reopened(story: Story) -> None:
    await story.tries("agent", "unsatisfied-closure", {"reason": "They will not have it."})
    await story.gives("handler", "unsatisfied-closure", {"reason": "They will not have it."})
    await story.gives("department_head", "unsatisfied-closure", {"reason": "All was offered."})
    await story.tries("department_head", "unsatisfied-closure", {"reason": "And again."})
    await story.gives("executive", "unsatisfied-closure", {"reason": "Agreed."})
    await story.gives("agent", "reopening", {"reason": "new-facts", "text": "There is a recording."})


async def _is_settled(story: Story) -> None:
    await story.gives("agent", "apology", SORRY)
    await story.gives("agent", "contacts", {"direction": "outbound", "channel": "phone", "summary": "In time."})
    await story.gives("handler", "investigation", FOUND | {"countermeasures": []})
    await story.gives("handler", "proposals", OFFER | {"amount": "4000.00"})
    await story.gives("department_head", "proposals/approval", {"reason": "There is a recording."})
    await story.gives("agent", "confirmation", {"by_channel": "phone"})
    await story.gives("handler", "follow-up", {"executed": True, "satisfaction": 7})
    await story.gives("handler", "review", {"text": "Listen to the recording first."})
    await story.gives("handler", "actions", {"action": "corrective_action_done", "number": 1})


BY_PEOPLE = [
    "complaint-received",
    "case-escalated",
    "case-escalated",
    "case-escalated",
    "apology-given",
    "contact-recorded",
    "callback-agreed",
    "hand-off-offered",
    "hand-off-accepted",
    "hand-off-offered",
    "hand-off-accepted",
    "investigation-completed",
    "countermeasure-planned",
    "resolution-proposed",
    "proposal-approved",
    "customer-declined",
    "callback-made",
    "unsatisfied-closure-requested",
    "case-escalated",
    "case-escalated",
    "unsatisfied-closure-approved",
    "unsatisfied-closure-approved",
    "closed-unsatisfied",
    "case-reopened",
    "apology-given",
    "callback-made",
    "investigation-completed",
    "resolution-proposed",
    "proposal-approved",
    "customer-confirmed",
    "followed-up",
    "review-recorded",
    "action-taken",
]
BY_THE_CLOCK = ["reminder-issued", "deadline-breached", "case-escalated", "case-escalated"]


async def test_every_step_is_an_event_in_order_and_nothing_else_is(story: Story) -> None:
    events = await story.events()
    people = [event["type"] for event in events if event["actor"] != "system:workflow"]
    clock = [event["type"] for event in events if event["actor"] == "system:workflow"]
    assert people == BY_PEOPLE
    assert clock == BY_THE_CLOCK
    assert [event["version"] for event in events] == list(range(1, len(events) + 1))


async def test_whoever_was_told_at_once_was_told_with_the_complaint(story: Story) -> None:
    events = await story.events()
    told = [(event["data"]["to"], event["data"]["cause"]) for event in events[1:4]]
    # The head of the branch is the one complained of, so the level above is told.
    assert told == [("general_office", "notice"), ("marketing", "notice"), ("department_manager", "recusal")]
    assert len({event["recorded_at"] for event in events[:4]}) == 1
    assert events[0]["data"]["grade"] == "major"


def test_what_was_refused_was_refused_for_its_own_reason(story: Story) -> None:
    assert story.refused == [
        ("supervisor", "handoffs/acceptance", 403, "recused"),
        ("executive", "handoffs/acceptance", 403, "not-the-receiver"),
        ("supervisor", "investigation", 403, "recused"),
        ("agent", "confirmation", 409, "approval-pending"),
        ("supervisor", "proposals/approval", 403, "recused"),
        ("department_head", "unsatisfied-closure", 409, "illegal-state"),
        ("agent", "unsatisfied-closure", 403, "role-not-allowed"),
        ("department_head", "unsatisfied-closure", 409, "already-approved"),
    ]


async def test_refusals_of_authority_and_recusal_are_kept_for_audit_outside_the_case(story: Story) -> None:
    response = await story.system.ask("/v1/audit/refusals", case=story.case["reference"])
    assert response.status_code == 200, response.text
    kept = [(item["principal"], item["code"]) for item in response.json()["items"]]
    expected = [(f"dev-{role}", code) for role, _, status, code in story.refused if status == 403]
    assert sorted(kept) == sorted(expected)


async def test_the_callback_was_put_off_once_then_missed_and_climbed_the_ladder(story: Story) -> None:
    runs = [event for event in await story.events() if event["actor"] == "system:workflow"]
    reminder, breach, *steps = (event["data"] for event in runs)
    assert (reminder["clock"], breach["clock"]) == ("callback", "callback")
    assert breach["due_at"] == reminder["due_at"]
    put_off = next(event for event in await story.events() if event["type"] == "callback-agreed")
    assert put_off["data"]["extension"] is True
    assert datetime.fromisoformat(put_off["data"]["at"]) == datetime.fromisoformat(breach["due_at"])
    # Called back before the third step, which is an hour later.
    assert [(step["to"], step["cause"]) for step in steps] == [
        ("service_admin", "deadline"),
        ("vice_president", "deadline"),
    ]


async def test_reopening_gave_fresh_clocks_and_erased_no_breach(story: Story) -> None:
    deadlines = (await story.stands())["deadlines"]
    callbacks = [(each["cycle"], each["status"]) for each in deadlines if each["kind"] == "callback"]
    assert callbacks == [(2, "met"), (1, "breached")]
    others = {(each["kind"], each["cycle"]): each["status"] for each in deadlines if each["kind"] != "callback"}
    assert others == {
        ("apology", 1): "met",
        ("apology", 2): "met",
        ("statutory", 1): "met",
        ("statutory", 2): "met",
        ("hand_off", 1): "met",
        ("follow_up", 2): "met",
        ("corrective_action", 1): "met",
    }


async def test_each_alert_was_published_once_on_its_own_subject_in_order(story: Story) -> None:
    assert story.heard("reminder", "breach", "escalation") == [
        "escalation.general_office",
        "escalation.marketing",
        "escalation.department_manager",
        "reminder.callback",
        "breach.callback",
        "escalation.service_admin",
        "escalation.vice_president",
        "escalation.department_head",
        "escalation.executive",
    ]
    ids = [message.headers["ce-id"] for message in story.listener.of(story.case)]
    assert len(ids) == len(set(ids)) == len(await story.events())


async def test_the_case_ends_settled_owned_by_who_accepted_it_last(story: Story) -> None:
    case = await story.stands()
    assert (case["state"], case["cycle"], case["owner"]) == ("followed-up", 2, "dev-department_head")
    assert (case["grade"], case["hand_offs"], case["escalations"]) == ("major", 2, 2)
    assert case["allowed"] == ["review", "reopen", "acknowledge", "hold"]
    assert datetime.fromisoformat(case["updated_at"]) <= datetime.now(UTC)


async def test_the_liable_owner_and_both_approvals_are_in_the_closure(story: Story) -> None:
    closed = next(event for event in await story.events() if event["type"] == "closed-unsatisfied")
    assert closed["data"] == {
        "approved_by": ["dev-department_head", "dev-executive"],
        "liable": "dev-department_head",
    }


async def test_the_live_state_is_what_replaying_the_log_gives(story: Story) -> None:
    replayed = await story.system.run("replay", "--json")
    assert (replayed.status, replayed.document["differences"]) == (0, [])
