"""The table of forms says what intake takes: every command of it is given to a real intake, as a page would."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from amends_workflow.console.acting.table import ACTIONS
from tests.support.console import Desk, Visitor
from tests.support.intake import AGREED, FOUND, LETTER, NO, REFUND, SORRY

HIDDEN = re.compile(r'<input type="hidden" name="(\w+)" value="([^"]*)">')
SOON = (datetime.now(ZoneInfo("Asia/Shanghai")) + timedelta(hours=30)).strftime("%Y-%m-%dT%H:%M")
ON_THE_SPOT = {"apology": SORRY, "investigation": FOUND, "proposal": LETTER, "confirmation": AGREED}
TO_CONFIRMED = (("on-the-spot", ON_THE_SPOT),)
TO_INVESTIGATED = (("apology", SORRY), ("investigation", FOUND))
TO_PROPOSED = (*TO_INVESTIGATED, ("proposals", LETTER))
TO_PENDING = (*TO_INVESTIGATED, ("proposals", REFUND))
WITHDRAWN = (("withdrawal", {"by_channel": "phone", "reason": "No."}),)
HELD = (("legal-hold", {"reason": "A court."}),)
OFFERED = (("handoffs", {"department": "cards"}),)
PROMISED = (("promises", {"text": "A call.", "due_at": (datetime.now(ZoneInfo("UTC")) + timedelta(1)).isoformat()}),)
MEASURE = {"measure_0": "Train.", "measure_0_owner": "s-1", "measure_0_due": SOON}

Steps = Sequence[tuple[str, Mapping[str, Any]]]

# What is done before, and what is typed into the form, by the command.
GIVEN: Mapping[str, tuple[Steps, Mapping[str, Any]]] = {
    "apologize": ((), {"channel": "phone", "text": "Sorry."}),
    "investigate": (
        (("apology", SORRY),),
        {"findings": "It jammed.", "cause": "cash_jam", "at_fault": "yes", **MEASURE},
    ),
    "propose": (TO_INVESTIGATED, {"kind": "refund", "offer": "All.", "amount": "9.90", "currency": "CNY"}),
    "approve": (TO_PENDING, {"reason": "Right."}),
    "reject": (TO_PENDING, {"reason": "Too much."}),
    "confirm": (TO_PROPOSED, {"channel": "phone", "text": "Yes."}),
    "decline": (TO_PROPOSED, {"channel": "phone", "reason": "No."}),
    "on-the-spot": (
        (),
        {
            "channel": "phone",
            "apology": "Sorry.",
            "findings": "It jammed.",
            "cause": "cash_jam",
            "at_fault": "no",
            "kind": "apology",
            "offer": "A letter.",
            "currency": "CNY",
        },
    ),
    "follow-up": (TO_CONFIRMED, {"executed": "yes", "satisfaction": "9", "text": "Thanks."}),
    "review": ((*TO_CONFIRMED, ("follow-up", {"executed": True, "satisfaction": 9})), {"text": "Sooner."}),
    "withdraw": ((), {"channel": "phone", "reason": "Found it."}),
    "close-unsatisfied": ((*TO_PROPOSED, ("decline", NO)), {"reason": "No agreement."}),
    "reopen": (WITHDRAWN, {"reason": "new-facts", "text": "There is more."}),
    "assign": ((), {"owner": "h-9", "reason": "Away."}),
    "hand-off": ((), {"department": "cards"}),
    "accept": (OFFERED, {}),
    "refuse": (OFFERED, {"reason": "Not ours."}),
    "contact": (
        (),
        {
            "direction": "outbound",
            "channel": "phone",
            "reached": "yes",
            "summary": "Told.",
            "reason_explained": "yes",
            "promise": "A call.",
            "promise_due": SOON,
        },
    ),
    "agree-callback": ((), {"at": SOON}),
    "promise": ((), {"text": "A call.", "due_at": SOON}),
    "keep-promise": (PROMISED, {"number": "1", "text": "Called."}),
    "act": ((), {"action": "refund_made", "text": "Booked."}),
    "classify": (
        (),
        {"type": "waiting_time", "desired_outcomes": ["respect", "to_be_heard"], "complained_of": "s-1，s-2"},
    ),
    "flag": ((), {"add": ["urgent", "complex"]}),
    "escalate": ((), {"reason": "The press."}),
    "extend": ((("flags", {"add": ["complex"]}),), {"clock": "statutory", "reason": "Abroad."}),
    "correct": ((), {"position": "", "text": "It was the other machine."}),
    "note": ((), {"text": "Rings at noon."}),
    "hold": ((), {"reason": "A court."}),
    "release-hold": (HELD, {"reason": "Settled."}),
}
# Given below, or to a case that time or another case must have touched first.
ELSEWHERE = {"merge", "link", "retime", "acknowledge", "close-incident"}


def test_every_form_is_tried() -> None:
    assert set(GIVEN) | ELSEWHERE == set(ACTIONS)


async def head(desk: Desk) -> Visitor:
    return await desk.visitor("department_head")


async def given(desk: Desk, case: dict[str, Any], command: str, typed: Mapping[str, Any]) -> None:
    """Open the form, fill it in, send it: it must be recorded."""
    visitor = await head(desk)
    page = await visitor.see(f"/cases/{case['reference']}?do={command}")
    form = dict(HIDDEN.findall(page[page.index('class="act"') :]))
    response = await visitor.send(f"/cases/{case['reference']}/do/{command}", {**form, **typed})
    assert response.status_code == 303, response.text[response.text.find('id="refused"') :][:800]
    assert response.headers["location"].endswith(f"?done={command}")


@pytest.mark.parametrize("command", GIVEN)
async def test_intake_takes_what_the_form_sends(desk: Desk, command: str) -> None:
    steps, typed = GIVEN[command]
    # What a head offers waits for nobody.
    caller = await desk.intake.caller("handler" if command in ("approve", "reject") else "department_head")
    case = await caller.receive()
    for what, body in steps:
        case = await caller.must(case, what, dict(body))
    if command == "correct":
        typed = {**typed, "position": str(case["position"])}
    await given(desk, case, command, typed)


@pytest.mark.parametrize("number", ["-1", "1e3", "..", "1/kept/../../notes?", "%2e%2e", "x"])
async def test_a_number_that_is_none_leads_nowhere_else_in_intake(desk: Desk, number: str) -> None:
    case = await (await desk.intake.caller("department_head")).receive()
    visitor = await head(desk)
    await visitor.see(f"/cases/{case['reference']}")
    response = await visitor.send(f"/cases/{case['reference']}/do/keep-promise", {"number": number, "text": "Kept."})
    assert response.status_code == 422
    assert "Write a number." in response.text
    assert await desk.intake.types(case) == ["complaint-received"]


async def test_a_number_that_intake_does_not_take_is_told_beside_the_form(desk: Desk) -> None:
    case = await (await desk.intake.caller("department_head")).receive()
    visitor = await head(desk)
    await visitor.see(f"/cases/{case['reference']}")
    response = await visitor.send(f"/cases/{case['reference']}/do/keep-promise", {"number": "0"})
    assert response.status_code == 422
    assert 'id="refused"' in response.text


async def test_cases_are_linked_and_merged(desk: Desk) -> None:
    caller = await desk.intake.caller("department_head")
    older, newer = [await caller.receive(customer={"ref": "C-merge"}) for _ in range(2)]
    await given(desk, newer, "link", {"case": older["reference"], "relation": "same-matter"})
    await given(desk, newer, "merge", {"into": older["reference"], "reason": "The same."})


async def test_an_incident_is_closed(desk: Desk) -> None:
    incident = await (await desk.intake.caller("department_head")).open_incident()
    await given(desk, incident, "close-incident", {"reason": "Mended."})
