"""What would say in the clear who the customer is is refused over HTTP, at the door and later, and records nothing."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from tests.support.intake import AGREED, FOUND, LETTER, SORRY, Intake, complaint, refused

NAME = "Dora Chen"
CUSTOMER = {"ref": "C-1", "name": NAME, "phone": "+86 138 1234 5678"}
NAMES_CUSTOMER = (422, "clear-text-names-customer")


@pytest.mark.parametrize(
    "field", ["channel", "branch", "type", "cause", "product", "severity", "desired_outcomes", "flags", "complained_of"]
)
async def test_a_complaint_whose_clear_fields_name_the_customer_is_refused(intake: Intake, field: str) -> None:
    agent = await intake.caller("agent")
    for value in (NAME, "call 13812345678"):
        told = complaint(customer=CUSTOMER) | {field: [value] if field.endswith(("s", "_of")) else value}
        response = await agent.post("/v1/complaints", told)
        assert refused(response) == NAMES_CUSTOMER
        assert response.json()["detail"].startswith(f"{field} holds the customer's ")
        assert value not in response.text
    assert await intake.database.fetchval("SELECT count(*) FROM events") == 0


async def test_a_later_command_is_held_against_what_the_case_knows(intake: Intake) -> None:
    supervisor = await intake.caller("supervisor")
    case = await supervisor.receive(customer=CUSTOMER)
    at = (intake.now() + timedelta(days=2)).isoformat()
    tried: list[tuple[str, dict[str, Any]]] = [
        ("classification", {"type": NAME}),
        ("classification", {"cause": "ask 13812345678"}),
        ("classification", {"product": NAME}),
        ("classification", {"severity": NAME}),
        ("classification", {"desired_outcomes": [NAME]}),
        ("classification", {"complained_of": [NAME]}),
        ("flags", {"add": ["urgent", "chen-dora"]}),
        ("actions", {"action": NAME}),
        ("apology", SORRY | {"by_channel": NAME}),
        ("investigation", FOUND | {"cause": NAME}),
        ("investigation", FOUND | {"countermeasures": [{"text": "x", "owner": NAME, "due_at": at}]}),
        ("contacts", {"direction": "inbound", "channel": NAME, "summary": "x"}),
        ("contacts", {"direction": "inbound", "channel": "phone", "summary": "x", "spoken_by": NAME}),
        ("assignment", {"owner": NAME}),
        ("handoffs", {"owner": NAME}),
        ("handoffs", {"department": NAME}),
        ("escalation", {"reason": "x", "to": NAME}),
        ("withdrawal", {"by_channel": NAME, "reason": "x"}),
    ]
    for what, body in tried:
        if what == "investigation" and await intake.types(case) == ["complaint-received"]:
            await supervisor.must(case, "apology", SORRY)
        assert await supervisor.may_not(case, what, body) == NAMES_CUSTOMER, (what, body)
    assert await intake.types(case) == ["complaint-received", "apology-given"]
    # Each has told them something that is sealed.
    kept = await intake.rows("SELECT principal, case_id, code FROM refusals ORDER BY id")
    assert kept == [{"principal": supervisor.person, "case_id": UUID(case["id"]), "code": NAMES_CUSTOMER[1]}] * len(
        tried
    )
    await supervisor.must(case, "investigation", FOUND)
    assert await supervisor.may_not(case, "proposals", LETTER | {"kind": NAME}) == NAMES_CUSTOMER
    await supervisor.must(case, "proposals", LETTER)
    assert await supervisor.may_not(case, "confirmation", {"by_channel": NAME}) == NAMES_CUSTOMER
    assert await supervisor.may_not(case, "decline", {"by_channel": NAME, "reason": "x"}) == NAMES_CUSTOMER
    await supervisor.must(case, "confirmation", AGREED)


async def test_sealed_words_may_name_the_customer(intake: Intake) -> None:
    agent = await intake.caller("agent")
    case = await agent.receive(customer=CUSTOMER, narrative=f"I am {NAME}.")
    await agent.must(case, "apology", {"by_channel": "letter", "text": f"Dear {NAME}."})


async def test_of_an_erased_customer_nothing_is_known_and_the_case_goes_on(intake: Intake) -> None:
    agent, handler = await intake.caller("agent"), await intake.caller("handler")
    case = await agent.receive(customer=CUSTOMER)
    await handler.post("/v1/customers/C-1/erasure", {"reason": "asked by letter"})
    head = await intake.caller("department_head")
    assert (await head.post("/v1/customers/C-1/erasure/approval", {})).status_code == 200
    await agent.must(case, "apology", SORRY | {"by_channel": "letter"})


async def test_what_was_carried_out_is_answered_again_whatever_is_refused_by_now(intake: Intake) -> None:
    """As a complaint is repeated that an earlier release had taken."""
    agent = await intake.caller("agent")
    told = complaint(customer=CUSTOMER, type=NAME)
    first = await agent.post("/v1/complaints", complaint(customer={"ref": "C-1"}, type=NAME), key="once")
    await intake.database.execute(
        "UPDATE hashed_receipts SET request_hash = sha256(convert_to('/v1/complaints' || chr(10), 'UTF8') || "
        f"decode('{json.dumps(told).encode().hex()}', 'hex'))"
    )
    again = await agent.post("/v1/complaints", content=json.dumps(told).encode(), key="once")
    assert (again.status_code, again.content) == (first.status_code, first.content)


async def test_an_incident_is_titled_without_anybodys_address_or_number(intake: Intake) -> None:
    supervisor = await intake.caller("supervisor")
    told = {"title": "Call 0991-8472-6630", "same": "cause", "value": "card_retained"}
    assert refused(await supervisor.post("/v1/incidents", told)) == (422, "title-personal")
