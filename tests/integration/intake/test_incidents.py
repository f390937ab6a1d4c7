"""Acting on an incident acts on its cases, as one command: each decides for itself, and nothing is done twice."""

from __future__ import annotations

import asyncio
from typing import Any

import orjson
import pytest

from amends_intake import incidents
from amends_platform.keyring import Keyring
from amends_platform.keystore.opening import open_key_store
from amends_platform.recorded import personal_data
from amends_store.read import read_stream
from tests.support.intake import SORRY, Caller, Intake, refused

FAILING = """
    CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'no space left' USING ERRCODE = 'disk_full'; END $$;
    CREATE TRIGGER full_disk BEFORE INSERT ON events FOR EACH ROW WHEN (NEW.stream_id = '{}')
    EXECUTE FUNCTION full_disk()
"""
MENDED = "DROP TRIGGER full_disk ON events; DROP FUNCTION full_disk()"


async def an_incident(supervisor: Caller, children: int, **fields: Any) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """An incident and the cases that belong to it."""
    incident = await supervisor.open_incident(**fields)
    cases = []
    for _ in range(children):
        case = await supervisor.receive()
        await supervisor.must(case, "links", {"case": incident["reference"]})
        cases.append(case)
    return incident, cases


async def test_an_incident_is_a_case_that_a_campaign_may_open_in_advance(intake: Intake) -> None:
    supervisor = await intake.caller("supervisor")
    body = {"title": "Cards expire", "same": "product", "value": "gold-card"}
    response = await supervisor.post("/v1/incidents", body)
    answer = response.json()
    assert response.status_code == 201
    assert response.headers["location"] == f"/v1/complaints/{answer['id']}"
    assert (answer["state"], answer["version"], answer["deadlines"]) == ("received", 1, [])
    told = body | {"branch": "*", "owner": supervisor.person, "automatic": False, "late_by_ms": 0}
    assert await intake.events(answer) == [("incident-opened", told)]


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"same": "weather"}, "/same"),
        ({"title": ""}, "/title"),
        ({"value": None}, "/value"),
        ({"cause": "x"}, "/"),
    ],
)
async def test_an_incident_that_is_wrong_is_pointed_at(intake: Intake, fields: dict[str, Any], pointer: str) -> None:
    supervisor = await intake.caller("supervisor")
    body = {"title": "Cards expire", "same": "product", "value": "gold-card"} | fields
    response = await supervisor.post("/v1/incidents", body)
    assert response.status_code == 422
    assert [error["pointer"] for error in response.json()["errors"]] == [pointer]


async def test_who_may_open_one_is_the_desks_rule_and_when_is_not_to_come(intake: Intake) -> None:
    body = {"title": "Cards expire", "same": "product", "value": "gold-card"}
    agent, supervisor = await intake.caller("agent"), await intake.caller("supervisor", branch="harbour")
    assert refused(await agent.post("/v1/incidents", body)) == (403, "role-not-allowed")
    assert refused(await supervisor.post("/v1/incidents", body | {"branch": "x"})) == (403, "other-branch")
    late = body | {"occurred_at": "2900-01-01T00:00:00Z"}
    assert refused(await supervisor.post("/v1/incidents", late)) == (422, "in-the-future")


async def test_each_case_decides_for_itself_and_the_answer_says_what_became_of_it(intake: Intake) -> None:
    supervisor = await intake.caller("supervisor")
    incident, cases = await an_incident(supervisor, 3)
    await supervisor.must(cases[1], "withdrawal", {"by_channel": "phone", "reason": "Settled."})
    answer = await supervisor.must(incident, "apology", SORRY)
    assert [(child["id"], child["reference"], child["status"]) for child in answer["children"]] == [
        (cases[0]["id"], cases[0]["reference"], "applied"),
        (cases[1]["id"], cases[1]["reference"], "refused"),
        (cases[2]["id"], cases[2]["reference"], "applied"),
    ]
    first, second, _ = answer["children"]
    assert (first["state"], first["version"]) == ("apologized", 3)
    assert (second["state"], second["version"], second["code"]) == ("withdrawn", 3, "illegal-state")
    assert second["detail"]
    assert (answer["id"], answer["state"], answer["version"]) == (incident["id"], "received", 2)
    assert answer["position"] > max(child["position"] for child in answer["children"])
    acted = {"command": "apologize", "applied": 2, "refused": 1}
    assert (await intake.events(incident))[-1] == ("children-acted", acted)
    assert (await intake.types(cases[0]))[-1] == "apology-given"


async def test_the_same_request_again_has_the_same_answer_and_does_nothing(intake: Intake) -> None:
    supervisor = await intake.caller("supervisor")
    incident, _ = await an_incident(supervisor, 3)
    first = await supervisor.give(incident, "apology", SORRY, key="k", if_match=1)
    count = await intake.database.fetchval("SELECT count(*) FROM events")
    again = await supervisor.give(incident, "apology", SORRY, key="k", if_match=1)
    assert (first.status_code, again.status_code, again.content) == (200, 200, first.content)
    assert again.headers["idempotent-replayed"] == "true"
    assert await intake.database.fetchval("SELECT count(*) FROM events") == count
    assert await supervisor.may_not(incident, "apology", SORRY | {"text": "x"}, key="k") == (
        422,
        "idempotency-key-reused",
    )


@pytest.mark.parametrize("where", ["one of its cases", "the incident"])
async def test_what_was_cut_off_halfway_is_finished_by_the_same_request_and_nothing_is_done_twice(
    intake: Intake, where: str
) -> None:
    supervisor = await intake.caller("supervisor")
    incident, cases = await an_incident(supervisor, 20)
    failing = incident if where == "the incident" else cases[18]
    await intake.database.execute(FAILING.format(failing["id"]))
    response = await supervisor.give(incident, "flags", {"add": ["regulator-watch"]}, key="k")
    assert response.status_code == 503
    assert "children-acted" not in await intake.types(incident)
    await intake.database.execute(MENDED)
    answer = await supervisor.must(incident, "flags", {"add": ["regulator-watch"]}, key="k")
    assert {child["status"] for child in answer["children"]} == {"applied"}
    assert [child["id"] for child in answer["children"]] == [case["id"] for case in cases]
    for case, child in zip(cases, answer["children"], strict=True):
        assert (await intake.types(case)).count("flags-changed") == 1
        assert child["version"] == 3
    assert (await intake.events(incident))[-1][1] == {"command": "flag", "applied": 20, "refused": 0}


async def test_no_caller_can_take_the_key_of_a_case_beforehand(intake: Intake) -> None:
    supervisor = await intake.caller("supervisor")
    incident, (case,) = await an_incident(supervisor, 1)
    for key in (f"k/{case['id']}", f"k-{case['id']}"):
        await supervisor.must(case, "notes", {"text": "x"}, key=key)
    assert refused(await supervisor.give(case, "notes", {"text": "x"}, key=f"k {case['id']}"))[0] == 400
    await supervisor.must(incident, "apology", SORRY, key="k")


async def test_a_case_of_another_branch_refuses_and_the_refusal_is_recorded(intake: Intake) -> None:
    everywhere, harbour = await intake.caller("supervisor"), await intake.caller("supervisor", branch="harbour")
    incident, (case,) = await an_incident(everywhere, 1, branch="harbour")
    answer = await harbour.must(incident, "apology", SORRY)
    (child,) = answer["children"]
    assert (child["status"], child["code"]) == ("refused", "other-branch")
    # Nor is told how it stands.
    assert (child["reference"], child["state"], child["version"], child["position"]) == (
        *(case["reference"], None, None, None),
    )
    (row,) = await intake.rows("SELECT case_id, principal, code, command FROM refusals")
    assert (str(row["case_id"]), row["principal"], row["code"], row["command"]) == (
        *(case["id"], harbour.person, "other-branch", "apologize"),
    )


async def test_an_incident_without_cases_has_acted_on_none(intake: Intake) -> None:
    supervisor = await intake.caller("supervisor")
    incident = await supervisor.open_incident()
    assert (await supervisor.must(incident, "apology", SORRY))["children"] == []


async def test_more_cases_than_one_command_can_act_on_are_refused_before_anything_is_done(
    intake: Intake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(incidents, "CHILDREN_MAX", 2)
    supervisor = await intake.caller("supervisor")
    incident, cases = await an_incident(supervisor, 3)
    assert await supervisor.may_not(incident, "apology", SORRY) == (409, "too-many-cases")
    assert [(await intake.types(case))[-1] for case in cases] == ["linked-to-incident"] * 3


async def test_a_command_for_a_version_that_has_passed_acts_on_no_case(intake: Intake) -> None:
    supervisor = await intake.caller("supervisor")
    incident, (case,) = await an_incident(supervisor, 1)
    await supervisor.must(incident, "notes", {"text": "The manufacturer knows."})
    response = await supervisor.give(incident, "apology", SORRY, if_match=1)
    assert response.status_code == 412
    assert (await intake.types(case))[-1] == "linked-to-incident"


async def test_a_closed_incident_acts_on_nothing_and_takes_no_more_cases(intake: Intake) -> None:
    supervisor = await intake.caller("supervisor")
    incident, (case,) = await an_incident(supervisor, 1)
    assert await supervisor.may_not(case, "closure", {"reason": "x"}) == (409, "not-an-incident")
    assert (await supervisor.must(incident, "closure", {"reason": "Mended."}))["state"] == "incident-closed"
    assert await supervisor.may_not(incident, "apology", SORRY) == (409, "illegal-state")
    late = await supervisor.receive()
    assert await supervisor.may_not(late, "links", {"case": incident["id"]}) == (409, "incident-closed")


async def test_a_case_belongs_to_one_incident_and_a_customers_answer_is_not_handed_on(intake: Intake) -> None:
    supervisor = await intake.caller("supervisor")
    incident, (case,) = await an_incident(supervisor, 1)
    other = await supervisor.open_incident(value="another")
    assert await supervisor.may_not(case, "links", {"case": other["id"]}) == (409, "nothing-changes")
    assert await supervisor.may_not(incident, "confirmation", {"by_channel": "phone"}) == (409, "not-a-complaint")
    assert await supervisor.may_not(incident, "merge", {"into": case["id"], "reason": "x"}) == (409, "not-a-complaint")


async def test_what_staff_write_about_an_incident_is_sealed_under_its_own_key(intake: Intake) -> None:
    supervisor = await intake.caller("supervisor")
    incident = await supervisor.open_incident()
    await supervisor.must(incident, "notes", {"text": "Ask the manufacturer's Mr. Roe."})
    pool = await intake.database.pool()
    keys = open_key_store(intake.settings)
    keyring = Keyring(pool, keys)
    row = (await read_stream(pool, incident["id"]))[1]
    assert orjson.loads(row.data) == {}
    key = await keyring.of_customer("default", f"incident {incident['id']}")
    await keys.aclose()
    assert key is not None
    assert personal_data(row, {key.key_id: key}) == {"text": "Ask the manufacturer's Mr. Roe."}


async def test_an_incident_of_a_hundred_cases_is_acted_on_while_they_are_changed_by_others(intake: Intake) -> None:
    supervisor, agent = await intake.caller("supervisor"), await intake.caller("agent")
    incident, cases = await an_incident(supervisor, 100)
    answers, *notes = await asyncio.gather(
        supervisor.must(incident, "apology", SORRY), *(agent.must(case, "notes", {"text": "Called."}) for case in cases)
    )
    assert [child["status"] for child in answers["children"]] == ["applied"] * 100
    assert len(notes) == 100
