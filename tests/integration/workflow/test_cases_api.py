"""What the workflow answers about one case: as it is, as it was, and to whom."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

from amends_domain.case import Case
from amends_domain.clocks import obligations
from amends_domain.commands import Apologize, Confirm, Decline, Investigate, Propose, RecordContact, Reopen, Withdraw
from amends_domain.evolve import fold
from amends_domain.reference import reference_of
from amends_domain.transitions import allowed
from amends_platform.recorded import all_recorded
from amends_store.read import read_stream
from amends_workflow.shapes import CaseAnswer
from tests.integration.workflow.conftest import Log, Workflow, running_workflow, until


async def a_busy_case(log: Log) -> UUID:
    """A case with a bit of everything."""
    case_id = await log.receive(external_ref="X-1", flags=("vulnerable",))
    for command in (
        Apologize("phone", "Sorry."),
        Investigate("It was us.", "process too slow", True),
        Propose("apology", "A letter."),
        Decline("phone", "No."),
        Propose("voucher", "A voucher."),
        RecordContact("inbound", "phone", True, "They asked.", True, await log.now() + timedelta(days=8)),
        Confirm("phone"),
        Withdraw("phone", "Settled."),
        Reopen("recurrence"),
    ):
        await log.give(case_id, command)
    return case_id


async def test_a_case_is_answered_with_its_clocks_and_what_is_allowed_now(log: Log, workflow: Workflow) -> None:
    case_id = await log.receive(type="atm", cause="cash_jam", flags=("vulnerable",), external_ref="X-1")
    response = await (await workflow.asker()).get(f"/v1/cases/{case_id}")
    assert response.status_code == 200
    assert response.headers["etag"] == '"1"'
    answer = response.json()
    CaseAnswer.model_validate(answer)
    case = await log.case(case_id)
    assert answer["id"] == str(case_id)
    assert answer["reference"] == reference_of(1)
    assert (answer["state"], answer["version"], answer["position"], answer["cycle"]) == ("received", 1, 1, 1)
    assert (answer["branch"], answer["owner"], answer["grade"]) == ("north-street", case.owner, "ordinary")
    assert (answer["type"], answer["cause"], answer["flags"]) == ("atm", "cash_jam", ["vulnerable"])
    assert answer["allowed"] == list(allowed(case))
    due = {deadline["kind"]: deadline for deadline in answer["deadlines"]}
    assert set(due) >= {"apology", "callback"}
    assert due["apology"]["status"] == "pending"
    assert due["apology"]["breached_at"] is None
    assert due["apology"]["policy"] == {
        "name": log.policy.name,
        "version": log.policy.version,
        "hash": log.policy.hash,
    }


async def test_a_case_is_found_by_its_reference_however_it_is_typed(log: Log, workflow: Workflow) -> None:
    case_id = await log.receive()
    asker = await workflow.asker()
    reference = reference_of(1)
    for name in (reference, reference.lower(), reference.replace("-", ""), str(case_id), case_id.hex):
        assert (await asker.ask(f"/v1/cases/{name}"))["id"] == str(case_id)


async def test_what_names_no_case_is_not_found(log: Log, workflow: Workflow) -> None:
    await log.receive()
    asker = await workflow.asker()
    for name in ("nonsense", "K7M2-P9QX", reference_of(99), "0" * 32, "%00", "é" * 8, "x" * 36):
        response = await asker.get(f"/v1/cases/{name}")
        assert response.status_code == 404, name
        assert response.headers["content-type"] == "application/problem+json"
        assert response.json()["type"] == "urn:amends:problem:no-such-case"


async def test_extended_and_cancelled_clocks_are_left_out_and_the_newest_run_comes_first(
    log: Log, workflow: Workflow
) -> None:
    case_id = await log.receive()
    at = await log.now() + timedelta(days=9)
    await log.give(case_id, RecordContact("outbound", "phone", True, "Explained.", True, at))
    await log.database.move_clock(timedelta(hours=25))
    await log.give(case_id, Withdraw("phone", "Settled."))
    await log.give(case_id, Reopen("recurrence"))
    deadlines = (await (await workflow.asker()).ask(f"/v1/cases/{case_id}"))["deadlines"]
    # Apology of cycle 1 was breached (nobody apologised in time); callback was extended, then cancelled.
    assert [(each["kind"], each["generation"], each["status"]) for each in deadlines if each["kind"] == "apology"] == [
        ("apology", 2, "pending"),
        ("apology", 1, "breached"),
    ]
    assert [(each["generation"], each["status"]) for each in deadlines if each["kind"] == "callback"] == [
        (3, "pending")
    ]


async def test_a_case_as_of_each_position_and_each_time_is_the_fold_up_to_there(log: Log, workflow: Workflow) -> None:
    case_id = await a_busy_case(log)
    asker = await workflow.asker()
    rows = await read_stream(log.pool, case_id)
    assert len(rows) > 9
    for number, row in enumerate(rows, 1):
        case = fold(None, case_id, all_recorded(rows[:number]))
        assert case is not None
        answer = await asker.ask(f"/v1/cases/{case_id}", position=row.position)
        assert_is(answer, case, log)
        # Events of one command share their time: as of that time all of them are known.
        if number == len(rows) or rows[number].recorded_at > row.recorded_at:
            assert_is(await asker.ask(f"/v1/cases/{case_id}", as_of=row.recorded_at.isoformat()), case, log)


def assert_is(answer: dict[str, Any], case: Case, log: Log) -> None:
    assert (answer["version"], answer["position"], answer["state"]) == (case.version, case.position, case.status)
    assert (answer["cycle"], answer["owner"], answer["cause"]) == (case.cycle, case.owner, case.cause)
    assert answer["allowed"] == list(allowed(case))
    expected = obligations(case, log.book.known)
    assert [each["status"] for each in answer["deadlines"]] == [
        each.status.value for each in reversed(expected) if each.status.value not in ("extended", "cancelled")
    ]


async def test_before_it_was_recorded_there_was_no_case(log: Log, workflow: Workflow) -> None:
    await log.receive()
    case_id = await log.receive(customer_ref="C-2")
    asker = await workflow.asker()
    assert (await asker.get(f"/v1/cases/{case_id}", position=1)).status_code == 404
    assert (await asker.get(f"/v1/cases/{case_id}", as_of="2020-01-01T00:00:00Z")).status_code == 404


async def test_a_time_whose_plus_sign_was_not_escaped_is_understood(log: Log, workflow: Workflow) -> None:
    case_id = await log.receive()
    asker = await workflow.asker()
    assert (await asker.get(f"/v1/cases/{case_id}?as_of=2100-01-01T08:00:00+08:00")).status_code == 200


async def test_wrong_questions_are_told_what_is_wrong(log: Log, workflow: Workflow) -> None:
    case_id = await log.receive()
    asker = await workflow.asker()
    for query in (
        "as_of=2026-01-01T00:00:00Z&position=1",
        "as_of=yesterday",
        "as_of=2026-01-01T00:00:00",
        "as_of=0001-01-01T00:00:00%2B14:00",
        "position=0",
        "position=99999999999999999999",
        "position=x",
        "min_position=-1",
        "colour=red",
    ):
        response = await asker.get(f"/v1/cases/{case_id}?{query}")
        assert response.status_code == 422, query
        problem = response.json()
        assert problem["status"] == 422
        assert problem["type"].startswith("urn:amends:problem:")


async def test_min_position_waits_until_what_was_written_can_be_read(log: Log, workflow: Workflow) -> None:
    asker = await workflow.asker()
    waiting = asyncio.ensure_future(asker.ask("/v1/cases", min_position=1))
    await asyncio.sleep(0)
    assert not waiting.done()
    case_id = await log.receive()
    page = await waiting
    assert [item["id"] for item in page["items"]] == [str(case_id)]
    position = await log.give(case_id, Apologize("phone", "Sorry."))
    for path in (f"/v1/cases/{case_id}", "/v1/cases", "/v1/deadlines", "/v1/customers/C-1/timeline"):
        assert (await asker.get(path, min_position=position)).status_code == 200
    page = await asker.ask("/v1/cases", min_position=position)
    assert page["items"][0]["state"] == "apologized"


async def test_a_position_that_does_not_come_is_answered_with_try_again(
    log: Log, workflow: Workflow, monkeypatch: Any
) -> None:
    monkeypatch.setattr("amends_workflow.enquiries._WAIT_SECONDS_MAX", 0.1)
    case_id = await log.receive()
    response = await (await workflow.asker()).get(f"/v1/cases/{case_id}", min_position=1_000)
    assert response.status_code == 503
    assert response.headers["retry-after"] == "1"
    assert response.json()["type"] == "urn:amends:problem:not-yet-visible"


async def test_a_branch_key_sees_only_the_cases_of_its_branch(log: Log, workflow: Workflow) -> None:
    mine = await log.receive(branch="north-street", customer_ref="C-1")
    other = await log.receive(branch="harbour", customer_ref="C-2")
    asker = await workflow.asker(branch="north-street")
    position = await log.give(other, Apologize("phone", "Sorry."))
    assert (await asker.get(f"/v1/cases/{mine}")).status_code == 200
    for path in (
        f"/v1/cases/{other}",
        f"/v1/cases/{other}?position=2",
        f"/v1/cases/{other}?as_of=2100-01-01T00:00:00Z",
        f"/v1/cases/{reference_of(2)}",
        f"/v1/cases/{other}/events",
        f"/v1/cases/{other}/deadlines/apology/explanation",
        "/v1/customers/C-2/timeline",
    ):
        assert (await asker.get(path)).status_code == 404, path
    page = await asker.ask("/v1/cases", min_position=position)
    assert [item["id"] for item in page["items"]] == [str(mine)]
    assert (await asker.ask("/v1/cases", branch="harbour"))["items"] == []
    assert {item["branch"] for item in (await asker.ask("/v1/deadlines"))["items"]} == {"north-street"}


async def test_who_may_not_read_is_refused(log: Log, workflow: Workflow) -> None:
    case_id = await log.receive()
    response = await workflow.client.get(f"/v1/cases/{case_id}")
    assert response.status_code == 401
    assert response.headers["www-authenticate"] == "Bearer"
    admin = await workflow.asker("admin")
    for path in (f"/v1/cases/{case_id}", "/v1/cases", "/v1/deadlines", f"/v1/cases/{case_id}/events"):
        assert (await admin.get(path)).status_code == 403, path
    for role in ("agent", "handler", "supervisor", "department_head", "executive", "auditor", "integration"):
        assert (await (await workflow.asker(role)).get(f"/v1/cases/{case_id}")).status_code == 200, role


async def test_the_framework_s_own_errors_are_problems_too(log: Log, workflow: Workflow) -> None:
    asker = await workflow.asker()
    assert (await asker.get("/v1/nothing")).json()["status"] == 404
    response = await workflow.client.post("/v1/cases")
    assert response.status_code == 405
    assert response.headers["content-type"] == "application/problem+json"


async def test_a_workflow_that_is_well_says_so(log: Log, workflow: Workflow) -> None:
    await log.receive()
    await (await workflow.asker()).ask("/v1/cases", min_position=1)
    assert (await workflow.client.get("/livez")).status_code == 200
    assert (await workflow.client.get("/readyz")).status_code == 200
    text = (await workflow.client.get("/metrics")).text
    for name in ("amends_projection_lag_events", "amends_timers_fired_total", "amends_timers_oldest_overdue_seconds"):
        assert name in text


async def test_a_halted_projection_makes_the_service_unready_but_not_dead(log: Log, tmp_path: Any) -> None:
    await log.receive()
    await log.database.execute(
        "INSERT INTO events SELECT 2, stream_id, 2, gen_random_uuid(), 'moon-landed', 1, occurred_at, recorded_at,"
        " tenant, actor, correlation_id, NULL, NULL, '{}', NULL, NULL, leaf_hash FROM events WHERE position = 1"
    )
    async with running_workflow(log.database, tmp_path) as workflow:

        async def unready() -> bool:
            return (await workflow.client.get("/readyz")).status_code == 503

        await until(unready)
        assert (await workflow.client.get("/livez")).status_code == 200
