"""What is refused, how it is answered, and what of it is kept for audit."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import amends_domain
from amends_intake.refusals import STATUSES
from tests.support.intake import AGREED, FOUND, LETTER, REFUND, SORRY, Caller, Intake, complaint

WHY = {"reason": "It is so."}
WORDS = "I said so to Ms. Chen"


def codes_of_the_domain() -> set[str]:
    found = set()
    for path in Path(amends_domain.__path__[0]).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Rejection":
                code = node.args[0]
                assert isinstance(code, ast.Constant), f"{path.name}:{node.lineno}: a code is written out"
                found.add(str(code.value))
    return found


def test_every_reason_of_the_domain_has_a_status_of_its_own() -> None:
    assert set(STATUSES) == codes_of_the_domain()
    assert set(STATUSES.values()) == {403, 409, 422}


async def kept(intake: Intake) -> list[dict[str, Any]]:
    return await intake.rows("SELECT * FROM refusals ORDER BY id")


async def test_who_tries_what_they_may_not_is_recorded(intake: Intake) -> None:
    agent, handler = await intake.caller("agent"), await intake.caller("handler")
    supervisor, head = await intake.caller("supervisor"), await intake.caller("department_head")
    harbour, accused = await intake.caller("handler", branch="harbour"), await intake.caller("handler")
    case = await agent.receive(complained_of=[accused.person])
    tried: list[tuple[Caller, str, dict[str, Any], str]] = [
        (agent, "investigation", FOUND, "role-not-allowed"),
        (harbour, "apology", SORRY, "other-branch"),
        (accused, "investigation", FOUND, "recused"),
    ]
    await agent.must(case, "apology", SORRY)
    for who, what, body, code in tried:
        assert await who.may_not(case, what, body) == (403, code)
    await handler.must(case, "investigation", FOUND)
    await head.must(case, "proposals", REFUND | {"amount": "9000"})
    assert await supervisor.may_not(case, "proposals/approval", WHY) == (403, "beyond-authority")
    await (await intake.caller("executive")).must(case, "proposals/rejection", WHY)
    executive = await intake.caller("executive")
    await handler.must(case, "handoffs", {"owner": "s-1"})
    assert await executive.may_not(case, "handoffs/acceptance", {}) == (403, "not-the-receiver")
    rows = await kept(intake)
    assert [(row["principal"], row["role"], row["branch"], row["command"], row["code"]) for row in rows] == [
        (agent.person, "agent", None, "investigate", "role-not-allowed"),
        (harbour.person, "handler", "harbour", "apologize", "other-branch"),
        (accused.person, "handler", None, "investigate", "recused"),
        (supervisor.person, "supervisor", None, "approve", "beyond-authority"),
        (executive.person, "executive", None, "accept", "not-the-receiver"),
    ]
    assert {str(row["case_id"]) for row in rows} == {case["id"]}
    assert all(row["tenant"] == "default" and row["detail"] and row["refused_at"] for row in rows)


async def test_nobody_approves_a_proposal_of_their_own_and_the_attempt_is_recorded(intake: Intake) -> None:
    head = await intake.caller("department_head")
    case = await head.receive(type="mis_selling")
    for what, body in (("apology", SORRY), ("investigation", FOUND)):
        await head.must(case, what, body)
    supervisor = await intake.caller("supervisor", person="s-1")
    await supervisor.must(case, "proposals", LETTER)
    same_person = await intake.caller("department_head", person="s-1")
    assert await same_person.may_not(case, "proposals/approval", WHY) == (403, "own-proposal")
    assert [row["code"] for row in await kept(intake)] == ["own-proposal"]


async def test_a_refusal_of_a_new_case_is_recorded_without_one(intake: Intake) -> None:
    auditor = await intake.caller("auditor")
    await auditor.post("/v1/complaints", complaint())
    await auditor.post("/v1/incidents", {"title": "x", "same": "cause", "value": "y"})
    assert [(row["case_id"], row["command"]) for row in await kept(intake)] == [
        (None, "receive"),
        (None, "open-incident"),
    ]


async def test_what_is_refused_on_other_grounds_is_not_for_audit(intake: Intake) -> None:
    agent = await intake.caller("agent")
    case = await agent.receive()
    assert await agent.may_not(case, "confirmation", AGREED) == (409, "illegal-state")
    assert await agent.may_not(case, "promises/1/kept", {}) == (409, "illegal-state")
    assert await kept(intake) == []


async def test_a_refusal_is_not_in_the_log_and_says_nothing_of_the_customer(intake: Intake) -> None:
    agent = await intake.caller("agent")
    case = await agent.receive()
    await agent.may_not(case, "investigation", FOUND | {"findings": WORDS})
    assert await intake.types(case) == ["complaint-received"]
    text = await intake.database.fetchval("SELECT r::text FROM refusals AS r")
    assert WORDS not in text
    assert "Chen" not in text


async def test_a_refusal_that_cannot_be_recorded_is_no_answer(intake: Intake) -> None:
    agent = await intake.caller("agent")
    case = await agent.receive()
    await intake.database.execute(
        "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE EXCEPTION 'no space left' USING ERRCODE = 'disk_full'; END $$;"
        "CREATE TRIGGER full_disk BEFORE INSERT ON refusals FOR EACH ROW EXECUTE FUNCTION full_disk()"
    )
    response = await agent.give(case, "investigation", FOUND)
    assert (response.status_code, response.json()["type"]) == (503, "urn:amends:problem:store-unavailable")
    assert response.headers["retry-after"]
    # What is allowed does not wait for the audit trail.
    await agent.must(case, "apology", SORRY)
