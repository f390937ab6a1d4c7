"""What happened, and why a deadline is what it is: events, explanations, timelines, and who reads what of them."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from amends_domain.access.judging import who_may
from amends_domain.commands import Act, AgreeCallback, Apologize, Confirm, Investigate, Propose, RecordContact, Withdraw
from amends_domain.reference import reference_of
from amends_platform.sealing import ensure_master_key
from amends_workflow.explanation_shapes import Explanation
from amends_workflow.reports.media import MEDIA_TYPES
from amends_workflow.shapes import EventAnswer, Timeline
from tests.integration.workflow.conftest import Log, Workflow, running_workflow


async def test_events_are_answered_in_order_with_the_bytes_that_were_hashed(log: Log, workflow: Workflow) -> None:
    case_id = await log.receive()
    await log.receive(customer_ref="C-2")
    await log.give(case_id, Apologize("phone", "We are sorry."))
    page = await (await workflow.asker("agent")).ask(f"/v1/cases/{case_id}/events")
    assert page["next"] is None
    for item in page["items"]:
        EventAnswer.model_validate(item)
    assert [(item["position"], item["version"], item["type"]) for item in page["items"]] == [
        (1, 1, "complaint-received"),
        (3, 2, "apology-given"),
    ]
    assert page["items"][1]["data"] == {"by_channel": "phone"}
    assert page["items"][1]["personal"] == {"text": "We are sorry."}
    assert page["items"][0]["personal"]["customer"] == {"name": "Ms. Chen"}
    assert page["items"][0]["policy_hash"] == log.policy.hash
    assert len(bytes.fromhex(page["items"][0]["leaf_hash"])) == hashlib.sha256().digest_size


async def test_personal_data_is_shown_only_to_those_who_may_read_it(log: Log, workflow: Workflow) -> None:
    case_id = await log.receive()
    await log.give(case_id, RecordContact("inbound", "phone", True, "secret words"))
    for role in who_may("read-events"):
        asker = await workflow.asker(role, purpose="audit" if role == "auditor" else None)
        for path in (f"/v1/cases/{case_id}/events", "/v1/customers/C-1/timeline"):
            response = await asker.get(path, min_position=2)
            assert response.status_code == 200
            may_read = role in who_may("read-personal-data")
            assert ("secret words" in response.text) is may_read, role
            assert ("Ms. Chen" in response.text) is may_read, role
            assert all(("personal" in item) is may_read for item in response.json()["items"]), role
    assert who_may("read-events") - who_may("read-personal-data")


async def test_what_was_erased_is_said_to_be_erased(log: Log, workflow: Workflow) -> None:
    case_id = await log.receive()
    await log.database.execute("UPDATE data_keys SET erased_at = log_now()")
    page = await (await workflow.asker("agent")).ask(f"/v1/cases/{case_id}/events")
    assert page["items"][0]["personal"] is None
    assert page["items"][0]["personal_missing"] == "erased"


@pytest.mark.parametrize("key_store", ["customers.db", "elsewhere/customers.db"], ids=["the key store", "another one"])
async def test_with_another_master_key_events_stay_readable_without_their_personal_part(
    log: Log, tmp_path: Path, key_store: str
) -> None:
    case_id = await log.receive()
    elsewhere = tmp_path / "elsewhere"
    ensure_master_key(elsewhere / "master.key")
    async with running_workflow(log.database, elsewhere, key_store=tmp_path / key_store) as workflow:
        page = await (await workflow.asker("agent")).ask(f"/v1/cases/{case_id}/events")
    assert page["items"][0]["type"] == "complaint-received"
    assert page["items"][0]["personal_missing"] == "unreadable"


async def test_events_come_in_pages(log: Log, workflow: Workflow) -> None:
    case_id = await log.receive()
    for number in range(6):
        await log.give(case_id, RecordContact("inbound", "phone", True, f"Call {number}."))
    pages = await (await workflow.asker()).pages(f"/v1/cases/{case_id}/events", limit=3)
    assert [[item["version"] for item in page] for page in pages] == [[1, 2, 3], [4, 5, 6], [7]]


async def test_an_explanation_counts_the_days_that_the_calendar_skipped(log: Log, workflow: Workflow) -> None:
    case_id = await log.receive()
    for command in (
        Apologize("phone", "Sorry."),
        Investigate("It was us.", "process too slow", True),
        Propose("apology", "A letter."),
        Confirm("phone"),
    ):
        await log.give(case_id, command)
    answer = await (await workflow.asker()).ask(f"/v1/cases/{case_id}/deadlines/follow_up/explanation")
    explained = Explanation.model_validate(answer)
    assert explained.due_by == "due"
    assert explained.duration == "3bd"
    assert len(explained.counted) == 3
    # Three business days always meet a weekend, unless they begin on a Sunday to Tuesday of a plain week.
    for skipped in explained.skipped:
        assert explained.started_at.date() - timedelta(1) <= skipped.date <= explained.due_at.date()
        assert skipped.reason
        assert skipped.reason in explained.text
    assert explained.started_by.type == "customer-confirmed"
    assert explained.started_by.position == 5
    assert explained.ended_by is None
    assert explained.rule.from_ == "customer-confirmed"
    assert explained.rule.stop == ["followed-up"]
    assert explained.policy.hash == log.policy.hash
    assert explained.timezone == "Asia/Shanghai"
    assert explained.text.startswith(f"By bank-cn version {log.policy.version}, the clock follow_up")
    assert "3 business days after it began (due: 3bd), in the time of Asia/Shanghai. Days counted: " in explained.text
    assert "It is running. Source of the rule: Bank service standard" in explained.text
    assert [step.to for step in explained.ladder] == [
        *("service_admin", "department_manager", "vice_president", "head_office")
    ]
    assert not any(step.issued for step in explained.ladder)


async def test_an_explanation_tells_by_what_a_clock_was_met(log: Log, workflow: Workflow) -> None:
    case_id = await log.receive()
    await log.give(case_id, Apologize("phone", "Sorry."))
    answer = await (await workflow.asker()).ask(f"/v1/cases/{case_id}/deadlines/apology/explanation")
    assert answer["status"] == "met"
    assert answer["ended_by"]["type"] == "apology-given"
    assert answer["ended_by"]["position"] == 2
    assert "met by apology-given" in answer["text"]


async def test_an_explanation_tells_how_the_callback_was_moved(log: Log, workflow: Workflow) -> None:
    case_id = await log.receive()
    sooner, later = await log.now() + timedelta(days=3), await log.now() + timedelta(days=8)
    await log.give(case_id, AgreeCallback(sooner))
    await log.give(case_id, RecordContact("outbound", "phone", True, "Explained.", True, later))
    asker = await workflow.asker()
    newest = Explanation.model_validate(await asker.ask(f"/v1/cases/{case_id}/deadlines/callback/explanation"))
    assert (newest.generation, newest.due_by, newest.due_at) == (3, "agreed", later)
    assert [(each.generation, each.moved_to, each.later) for each in newest.extensions] == [
        (1, sooner, False),
        (2, later, True),
    ]
    assert newest.extensions[1].by.type == "callback-agreed"
    assert newest.extensions[0].contact is None
    assert newest.extensions[1].contact is not None
    assert newest.extensions[1].contact.position == newest.extensions[1].by.position - 1
    assert "It was moved 2 times: " in newest.text
    assert "because the customer agreed, who was told the reason in contact-recorded (event 3, " in newest.text
    first = await asker.ask(f"/v1/cases/{case_id}/deadlines/callback/explanation", generation=1)
    assert (first["status"], first["due_by"], first["duration"]) == ("extended", "at_most", "7d")
    assert first["ended_by"]["type"] == "callback-agreed"
    assert first["extensions"] == []


async def test_an_explanation_tells_of_reminders_and_the_breach(log: Log, workflow: Workflow) -> None:
    case_id = await log.receive()
    await log.database.move_clock(timedelta(hours=25))
    asker = await workflow.asker()
    answer = await asker.ask(f"/v1/cases/{case_id}/deadlines/apology/explanation", min_position=3)
    assert answer["status"] == "breached"
    assert answer["breached_at"] == answer["due_at"]
    assert [(each["step"], each["issued"]) for each in answer["warnings"]] == [(0, True)]
    assert [each["type"] for each in answer["reminders"]] == ["reminder-issued"]
    assert answer["breach"]["position"] == 3
    assert "It was reminded of: at 75% by reminder-issued (event 2, " in answer["text"]
    assert ", as deadline-breached (event 3, position 3, system:workflow, " in answer["text"]
    await log.give(case_id, Apologize("phone", "Late."))
    answer = await asker.ask(f"/v1/cases/{case_id}/deadlines/apology/explanation")
    assert answer["ended_by"]["type"] == "apology-given"
    assert "apology-given" in answer["text"]
    assert "came too late: what counts is when it was recorded." in answer["text"]


async def test_a_wish_for_an_earlier_reply_explains_the_callback(log: Log, workflow: Workflow) -> None:
    case_id = await log.receive(reply_by=await log.now() + timedelta(hours=5))
    answer = await (await workflow.asker()).ask(f"/v1/cases/{case_id}/deadlines/callback/explanation")
    assert (answer["due_by"], answer["duration"]) == ("reply_by", None)
    assert "the time by which the customer asked for a reply" in answer["text"]


async def test_a_clock_that_the_case_never_had_is_not_found(log: Log, workflow: Workflow) -> None:
    case_id = await log.receive()
    asker = await workflow.asker()
    response = await asker.get(f"/v1/cases/{case_id}/deadlines/follow_up/explanation")
    assert response.status_code == 404
    assert "apology" in response.json()["detail"]
    assert (await asker.get(f"/v1/cases/{case_id}/deadlines/apology/explanation?generation=2")).status_code == 404
    assert (await asker.get(f"/v1/cases/{case_id}/deadlines/apology/explanation?colour=red")).status_code == 422


async def test_a_timeline_holds_all_cases_of_the_customer_and_every_contact(log: Log, workflow: Workflow) -> None:
    first = await log.receive()
    second = await log.receive()
    await log.receive(customer_ref="C-2")
    await log.give(first, RecordContact("inbound", "phone", True, "They asked."))
    await log.give(second, Act("refund_made"))
    await log.give(second, RecordContact("outbound", "phone", False, "Nobody there."))
    position = await log.give(first, Withdraw("phone", "Settled."))
    asker = await workflow.asker()
    answer = await asker.ask("/v1/customers/C-1/timeline", min_position=position)
    Timeline.model_validate(answer)
    assert {case["id"] for case in answer["cases"]} == {str(first), str(second)}
    assert [(item["type"], item["case_id"]) for item in answer["items"]] == [
        ("complaint-withdrawn", str(first)),
        ("contact-attempted", str(second)),
        ("contact-recorded", str(first)),
        ("complaint-received", str(second)),
        ("complaint-received", str(first)),
    ]
    assert {item["reference"] for item in answer["items"]} == {reference_of(1), reference_of(2)}
    pages = await asker.pages("/v1/customers/C-1/timeline", limit=2)
    assert [item for page in pages for item in page] == answer["items"]


async def test_a_customer_nobody_knows_is_not_found(log: Log, workflow: Workflow) -> None:
    await log.receive()
    asker = await workflow.asker()
    for ref in ("C-404", "%00", "%25"):
        assert (await asker.get(f"/v1/customers/{ref}/timeline")).status_code == 404, ref


async def test_the_openapi_document_describes_every_question_and_every_problem(workflow: Workflow) -> None:
    document: dict[str, Any] = (await workflow.client.get("/openapi.json")).json()
    questions = {path: item["get"] for path, item in document["paths"].items() if path.startswith("/v1/")}
    assert set(questions) == {
        "/v1/cases",
        "/v1/cases/{id}",
        "/v1/cases/{id}/events",
        "/v1/cases/{id}/deadlines/{kind}/explanation",
        "/v1/deadlines",
        "/v1/cases/{id}/evidence",
        "/v1/customers/{ref}/timeline",
        "/v1/customers/{ref}/erasure",
        "/v1/customers/{ref}/export",
        "/v1/audit/refusals",
        "/v1/audit/readings",
        "/v1/audit/checkpoint",
        "/v1/audit/inclusion",
        "/v1/audit/consistency",
        "/v1/audit/key",
        "/v1/board",
        "/v1/alerts",
        "/v1/stream",
        "/v1/reports",
        "/v1/reports/{month}",
        "/v1/measures",
    }
    in_each_format = [media_type.partition(";")[0] for media_type in MEDIA_TYPES.values()]
    no_json = {
        "/v1/cases/{id}/evidence": ["application/zip"],
        "/v1/audit/checkpoint": ["text/plain"],
        "/v1/stream": ["text/event-stream"],
        "/v1/reports/{month}": in_each_format,
        "/v1/measures": in_each_format,
    }
    # What is signed and proven is of the log itself, and so are months; a stream waits for all that comes.
    waits_for_nothing = ("/v1/audit/", "/v1/reports", "/v1/measures", "/v1/stream")
    for path, question in questions.items():
        assert set(question["responses"]) >= {"200", "401", "403", "429", "503"}, path
        for status, response in question["responses"].items():
            good = no_json.get(path, ["application/json"])
            media_types = good if status == "200" else ["application/problem+json"]
            shared = document["components"]["responses"].get(response.get("$ref", "").rpartition("/")[2])
            assert list((shared or response)["content"]) == media_types, (path, status)
        names = {parameter["name"] for parameter in question.get("parameters", [])}
        waits = not path.startswith(waits_for_nothing) or path in ("/v1/audit/refusals", "/v1/audit/readings")
        assert ("min_position" in names) is waits
        assert "asked" not in names
    schemas = document["components"]["schemas"]
    assert "HTTPValidationError" not in schemas
    assert {"ProblemDetails", "CaseAnswer", "Explanation"} <= set(schemas)
