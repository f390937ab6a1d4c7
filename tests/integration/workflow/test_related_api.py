"""What the workflow answers about a case and those around it: promises, incidents, merged cases, refusals."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from amends_domain.access.judging import who_may
from amends_domain.case import Case
from amends_domain.commands import (
    Act,
    Apologize,
    Correct,
    Countermeasure,
    HandOver,
    Investigate,
    KeepPromise,
    Link,
    MakePromise,
    PromiseToCustomer,
    RecordContact,
)
from amends_domain.reference import reference_of
from amends_workflow.shapes import CaseAnswer, CasePage, EventPage, RefusalPage, Timeline
from tests.integration.workflow.conftest import Log, Workflow

CAUSE = "process too slow"


async def reference(log: Log, case_id: UUID) -> str:
    case: Case = await log.case(case_id)
    return reference_of(case.first_position)


async def test_a_case_tells_what_the_customer_waits_for_and_who_has_to_do_what(log: Log, workflow: Workflow) -> None:
    case_id = await log.receive(type="waiting_time", desired_outcomes=("respect",))
    soon = await log.now() + timedelta(hours=2)
    for command in (
        MakePromise("We call you.", soon),
        MakePromise("We write to you.", soon),
        KeepPromise(2),
        HandOver(to_department="cards"),
        Apologize("phone", "Sorry."),
        Investigate("It was us.", CAUSE, True, (Countermeasure("A second counter.", "s-7", soon),)),
        Correct(1, "It was in the morning."),
    ):
        await log.give(case_id, command)
    answer = await (await workflow.asker()).ask(f"/v1/cases/{case_id}")
    CaseAnswer.model_validate(answer)
    promises = [(each["number"], each["status"], each["open"], each["promised_by"]) for each in answer["promises"]]
    assert promises == [(1, "open", True, "a-department_head"), (2, "kept", False, None)]
    assert [(each["number"], each["owner"]) for each in answer["countermeasures"]] == [(1, "s-7")]
    assert answer["hand_off"] == {"offered_by": "a-department_head", "to_person": None, "to_department": "cards"}
    assert (answer["hand_offs"], answer["escalations"], answer["corrections"]) == (0, 0, 1)
    assert answer["desired_outcomes"] == ["respect"]
    promised = [each for each in answer["deadlines"] if each["kind"] == "promise"]
    assert [(each["number"], each["owed_by"], each["pack"]) for each in promised] == [
        (2, "organisation", None),
        (1, "organisation", None),
    ]
    assert answer["incident"] is answer["merged_into"] is answer["repeat_of"] is answer["children"] is None


async def test_a_broken_promise_is_broken_and_still_open(log: Log, workflow: Workflow) -> None:
    case_id = await log.receive()
    await log.give(case_id, MakePromise("We call you.", await log.now() + timedelta(hours=2)))
    await log.database.move_clock(timedelta(hours=3))
    asker = await workflow.asker()
    answer = await asker.ask(f"/v1/cases/{case_id}", min_position=4)
    assert [(each["status"], each["open"]) for each in answer["promises"]] == [("broken", True)]
    await log.give(case_id, KeepPromise(1))
    answer = await asker.ask(f"/v1/cases/{case_id}")
    assert [(each["status"], each["open"]) for each in answer["promises"]] == [("broken", False)]


async def test_the_playbook_of_the_type_is_shown_in_each_language(log: Log, workflow: Workflow) -> None:
    asker = await workflow.asker("agent")
    known = await asker.ask(f"/v1/cases/{await log.receive(type='atm_card_or_cash')}")
    assert set(known["playbook"]) == {"en", "zh"}
    assert known["playbook"]["en"]["avoid"][0].startswith("Never ask for the PIN")
    assert "密码" in known["playbook"]["zh"]["avoid"][0]
    for fields in ({}, {"type": "something_else"}):
        assert (await asker.ask(f"/v1/cases/{await log.receive(**fields)}"))["playbook"] is None


async def test_staff_complained_of_are_named_only_to_those_who_may_read_it(log: Log, workflow: Workflow) -> None:
    case_id = await log.receive(complained_of=("s-13",))
    for role in who_may("read-case"):
        answer = await (await workflow.asker(role)).ask(f"/v1/cases/{case_id}")
        assert answer["complained_of"] == (["s-13"] if role in who_may("read-complained-of") else None), role


async def test_entries_made_late_are_counted(log: Log, workflow: Workflow) -> None:
    case_id = await log.receive(occurred_at=await log.now() - timedelta(hours=5))
    await log.append(case_id, Apologize("phone", "Sorry."), occurred_at=await log.now() - timedelta(hours=2))
    await log.append(case_id, Act("refund_made"), occurred_at=await log.now() - timedelta(minutes=5))
    assert (await (await workflow.asker()).ask(f"/v1/cases/{case_id}"))["late_entries"] == 2


async def test_an_incident_is_found_with_its_cases_and_the_cases_name_it(log: Log, workflow: Workflow) -> None:
    incident = await log.open_incident("cause", CAUSE)
    first = await log.receive(cause=CAUSE)
    joined = await log.receive(product="loan", customer_ref="C-2")
    position = await log.give(joined, Link(incident, "same-matter"))
    asker = await workflow.asker()
    await asker.ask("/v1/cases", min_position=position + 1)
    named = {"id": str(incident), "reference": await reference(log, incident), "title": "A campaign"}
    for case_id in (first, joined):
        answer = await asker.ask(f"/v1/cases/{case_id}")
        assert answer["incident"] == named
        assert answer["incident_of"] is None
    answer = await asker.ask(f"/v1/cases/{incident}")
    CaseAnswer.model_validate(answer)
    assert answer["incident_of"] == {"title": "A campaign", "same": "cause", "value": CAUSE, "automatic": False}
    assert (answer["kind"], answer["children"]) == ("incident", 2)
    assert (await asker.ask(f"/v1/cases/{incident}", position=position - 1))["children"] == 0
    assert (await asker.ask(f"/v1/cases/{incident}", valid_at=answer["received_at"]))["children"] == 0
    page = await asker.ask("/v1/cases", kind="incident")
    CasePage.model_validate(page)
    assert [item["id"] for item in page["items"]] == [str(incident)]
    for name in (str(incident), named["reference"], named["reference"].lower()):
        page = await asker.ask("/v1/cases", incident=name, sort="received")
        assert [item["id"] for item in page["items"]] == [str(first), str(joined)]
        assert {item["incident"] for item in page["items"]} == {str(incident)}
    assert (await asker.ask("/v1/cases", incident="nonsense"))["items"] == []
    assert [each["id"] for each in (await asker.ask("/v1/cases", customer="C-2"))["items"]] == [str(joined)]


async def test_an_incident_of_all_branches_is_seen_at_each_and_its_cases_at_their_own(
    log: Log, workflow: Workflow
) -> None:
    everywhere, elsewhere = (
        await log.open_incident("cause", CAUSE),
        await log.open_incident("cause", "x", branch="quay"),
    )
    ours = await log.receive(cause=CAUSE, branch="harbour")
    await log.receive(cause=CAUSE, branch="quay")
    asker = await workflow.asker(branch="harbour")
    await asker.ask("/v1/cases", min_position=6)
    assert [each["id"] for each in (await asker.ask("/v1/cases", kind="incident"))["items"]] == [str(everywhere)]
    assert [each["id"] for each in (await asker.ask("/v1/cases", incident=str(everywhere)))["items"]] == [str(ours)]
    assert (await asker.get(f"/v1/cases/{everywhere}")).status_code == 200
    assert (await asker.get(f"/v1/cases/{elsewhere}")).status_code == 404


async def test_a_repeat_and_a_link_name_the_other_case(log: Log, workflow: Workflow) -> None:
    first = await log.receive(type="waiting_time")
    again = await log.receive(type="waiting_time")
    other = await log.receive(customer_ref="C-2")
    position = await log.give(other, Link(first, "same-family"))
    asker = await workflow.asker()
    await asker.ask("/v1/cases", min_position=position)
    earlier = {"id": str(first), "reference": await reference(log, first)}
    page = await asker.ask("/v1/cases", min_position=position + 1, flag="repeat")
    assert [item["id"] for item in page["items"]] == [str(again)]
    assert (await asker.ask(f"/v1/cases/{again}"))["repeat_of"] == earlier
    assert (await asker.ask(f"/v1/cases/{other}"))["links"] == [earlier]


async def test_the_contacts_of_a_merged_case_appear_on_the_one_that_goes_on(log: Log, workflow: Workflow) -> None:
    survivor = await log.receive()
    merged = await log.receive()
    await log.give(merged, RecordContact("inbound", "phone", True, "They asked there."))
    await log.merge(merged, survivor)
    await log.give(survivor, RecordContact("inbound", "phone", True, "They asked here."))
    asker = await workflow.asker()
    answer = await asker.ask(f"/v1/cases/{survivor}")
    assert answer["absorbed"] == [{"id": str(merged), "reference": await reference(log, merged)}]
    answer = await asker.ask(f"/v1/cases/{merged}")
    assert answer["state"] == "merged"
    assert answer["merged_into"] == {"id": str(survivor), "reference": await reference(log, survivor)}
    page = await asker.ask(f"/v1/cases/{survivor}/events", merged="true")
    EventPage.model_validate(page)
    contacts = [item for item in page["items"] if item["type"] == "contact-recorded"]
    assert [(item["case_id"], item["personal"]["summary"]) for item in contacts] == [
        (str(merged), "They asked there."),
        (str(survivor), "They asked here."),
    ]
    assert {item["actor"] for item in contacts} == {"a-department_head"}
    assert [item["position"] for item in page["items"]] == sorted(item["position"] for item in page["items"])
    pages = await asker.pages(f"/v1/cases/{survivor}/events", merged="true", limit=2)
    assert [item for some in pages for item in some] == page["items"]
    alone = await asker.ask(f"/v1/cases/{survivor}/events")
    assert [item["type"] for item in alone["items"]].count("contact-recorded") == 1


async def test_a_timeline_tells_promises_kept_and_broken_and_nothing_of_escalations(
    log: Log, workflow: Workflow
) -> None:
    case_id = await log.receive()
    at = await log.now() + timedelta(hours=2)
    promised = PromiseToCustomer("We call you.", at)
    contact = RecordContact("inbound", "phone", True, "They asked.", promise=promised, spoken_by="s-8")
    await log.give(case_id, contact)
    await log.give(case_id, MakePromise("We write to you.", at))
    await log.give(case_id, KeepPromise(2))
    await log.database.move_clock(timedelta(hours=30))
    asker = await workflow.asker()
    await asker.ask("/v1/cases", min_position=10)
    answer = await asker.ask("/v1/customers/C-1/timeline")
    Timeline.model_validate(answer)
    told = [(item["type"], item["spoken_by"]) for item in reversed(answer["items"])]
    assert told == [
        ("complaint-received", "a-department_head"),
        ("contact-recorded", "s-8"),
        ("promise-made", "s-8"),
        ("promise-made", "a-department_head"),
        ("promise-kept", "a-department_head"),
        ("deadline-breached", None),
    ]
    assert answer["items"][0]["data"]["clock"] == "promise"


async def refuse(log: Log, case_id: UUID | None, *, code: str = "recused", branch: str | None = None) -> None:
    """What intake keeps of a command that it refused."""
    await log.pool.execute(
        "INSERT INTO refusals (tenant, principal, role, branch, case_id, command, code, detail, correlation_id)"
        " VALUES ('default', 's-13', 'handler', $1, $2, 'propose', $3, 'The complaint names s-13.', $4)",
        *(branch, case_id, code, uuid4()),
    )


async def test_refusals_are_shown_to_auditors_and_heads_and_to_nobody_else(log: Log, workflow: Workflow) -> None:
    ours, theirs = await log.receive(), await log.receive(branch="harbour", customer_ref="C-2")
    await refuse(log, ours)
    await refuse(log, theirs, code="role-not-allowed")
    await refuse(log, None, code="other-branch", branch="harbour")
    for role in who_may("read-case"):
        response = await (await workflow.asker(role)).get("/v1/audit/refusals", min_position=2)
        assert response.status_code == (200 if role in who_may("read-refusals") else 403), role
    asker = await workflow.asker("auditor")
    page = await asker.ask("/v1/audit/refusals")
    RefusalPage.model_validate(page)
    codes = ["other-branch", "role-not-allowed", "recused"]
    assert [item["code"] for item in page["items"]] == codes
    first: dict[str, Any] = page["items"][-1]
    assert (first["case_id"], first["reference"]) == (str(ours), await reference(log, ours))
    assert (first["principal"], first["role"], first["command"]) == ("s-13", "handler", "propose")
    pages = await asker.pages("/v1/audit/refusals", limit=1)
    assert [item["code"] for some in pages for item in some] == codes
    for asked in ({"case": first["reference"]}, {"case": str(ours)}, {"code": "recused"}):
        assert [item["code"] for item in (await asker.ask("/v1/audit/refusals", **asked))["items"]] == ["recused"]
    assert (await asker.ask("/v1/audit/refusals", principal="s-14"))["items"] == []
    assert (await asker.get("/v1/audit/refusals", case="nonsense")).status_code == 404
    head = await workflow.asker("department_head", branch="harbour")
    assert [item["code"] for item in (await head.ask("/v1/audit/refusals"))["items"]] == codes[:2]
