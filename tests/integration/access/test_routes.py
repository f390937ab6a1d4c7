"""Every route of both services, in every role, on what is of the own branch, of another branch, of another tenant:
each is answered as the table of `amends_domain.access` says, and says nothing of what it refuses."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any, Final, NamedTuple
from uuid import uuid4

import asyncpg
import httpx
import pytest
import pytest_asyncio

from amends_domain.access.grants import Grant
from amends_domain.access.judging import may
from amends_domain.access.roles import ROLES
from amends_domain.access.table import OPEN, TABLE
from amends_platform.identity.principals import create_key
from tests.support.bodies import body_and_action
from tests.support.console import Desk, Visitor, running_desk
from tests.support.doors import Door, doors
from tests.support.intake import Caller, complaint, running_intake
from tests.support.postgres import Database, PostgresServer, new_database

HERE, THERE = "north-street", "harbour"
SECRET: Final = "Nobody at the counter could tell me"
THEIR_SECRET: Final = "The other branch kept my card"
OF_ACCESS: Final = {"role-not-allowed", "other-branch", "grade-not-allowed"}
# What everybody may ask for, by the row of what needs no credential.
UNGUARDED: Final = {
    "/openapi.json": "read-interface",
    "/docs": "read-interface",
    "/docs/oauth2-redirect": "read-interface",
    "/redoc": "read-interface",
    "/livez": "probe",
    "/readyz": "probe",
    "/metrics": "read-metrics",
    "/sign-in": "see-sign-in",
    "/sign-in/begin": "see-sign-in",
    "/sign-in/callback": "see-sign-in",
    "/preferences": "see-sign-in",
    "/static/{content_hash}/{name:path}": "see-sign-in",
}
# They go on for as long as one listens.
STREAMS: Final = {"/v1/stream", "/live"}


class Scene(NamedTuple):
    """A desk with a case of each branch and of another tenant, and keys of one branch in every role."""

    desk: Desk
    workflow: httpx.AsyncClient
    own: dict[str, Any]
    theirs: dict[str, Any]
    grave: dict[str, Any]
    foreign: dict[str, Any]
    keys: dict[str, str]
    foreign_key: str

    async def position(self) -> int:
        (row,) = await self.desk.intake.rows("SELECT position FROM log_head")
        return int(row["position"])

    def caller(self, role: str) -> Caller:
        return Caller(self.desk.intake.client, self.keys[role], role)

    async def ask(self, path: str, key: str, **headers: str) -> httpx.Response:
        return await self.workflow.get(path, headers={"Authorization": f"Bearer {key}", **headers})


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def scene(postgres: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Scene]:
    directory, elsewhere = tmp_path_factory.mktemp("desk"), tmp_path_factory.mktemp("elsewhere")
    async with new_database(postgres) as database, running_desk(database, directory) as desk:
        keys = {role: await key_of(database, role) for role in ROLES}
        agent = await desk.intake.caller("handler")
        own = await agent.receive(branch=HERE, narrative=SECRET, customer={"ref": "C-1", "name": "Ms. Chen"})
        theirs = await agent.receive(branch=THERE, narrative=THEIR_SECRET, customer={"ref": "C-2", "name": "Mr. Wu"})
        grave = await agent.receive(branch=HERE, channel="media", customer={"ref": "C-3"})
        await agent.must(theirs, "escalation", {"reason": "…", "to": "head_office"})
        async with running_intake(database, elsewhere, tenant="elsewhere") as other:
            foreign_key = await key_of(database, "executive", tenant="elsewhere", branch=None)
            foreign = await Caller(other.client, foreign_key, "x").receive(branch=HERE, customer={"ref": "C-1"})
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(desk.app, raise_app_exceptions=False), base_url="http://workflow"
        ) as workflow:
            found = Scene(desk, workflow, own, theirs, grave, foreign, keys, foreign_key)
            last = await found.position()
            seen = await found.ask(f"/v1/cases?min_position={last}", keys["handler"])
            assert seen.status_code == 200, seen.text
            yield found


async def key_of(database: Database, role: str, *, tenant: str = "default", branch: str | None = HERE) -> str:
    connection = await asyncpg.connect(database.url)
    try:
        return await create_key(connection, role=role, tenant=tenant, branch=branch, person=f"{role}-{uuid4().hex[:6]}")
    finally:
        await connection.close()


def code_of(response: httpx.Response) -> str | None:
    if response.headers.get("content-type") != "application/problem+json":
        return None
    return str(response.json()["type"]).rpartition(":")[2]


def commands(scene: Scene) -> list[Door]:
    return [door for door in doors(scene.desk.intake.app) if door.method == "POST"]


def questions(scene: Scene) -> list[Door]:
    return [door for door in doors(scene.desk.app) if door.path.startswith("/v1/")]


def pages(scene: Scene) -> list[Door]:
    return [door for door in doors(scene.desk.app) if door.action is not None and not door.path.startswith("/v1/")]


def told_of(scene: Scene, case: dict[str, Any]) -> set[str]:
    """What an answer says where it gives the case away."""
    secret = THEIR_SECRET if case is scene.theirs else complaint()["narrative"]
    return {case["id"], case["reference"], secret}


def asked_of(path: str, case: dict[str, Any], customer: str) -> str:
    """A question about this case, or this customer, or about neither."""
    for name, value in {
        "{id}": case["id"],
        "{name}": case["reference"],
        "{kind}": "apology",
        "{ref:path}": customer,
        "{month}": "2020-01",
        "{position}": str(case["position"]),
        "{command}": "note",
    }.items():
        path = path.replace(name, value)
    more = {"/v1/audit/inclusion": "?position=1", "/v1/audit/consistency": "?from=1"}
    return path + more.get(path, "")


async def test_every_route_has_its_row(scene: Scene) -> None:
    for app in (scene.desk.intake.app, scene.desk.app):
        for door in doors(app):
            if door.action is not None:
                assert door.action in TABLE, door
            elif app is scene.desk.intake.app and door.method == "POST":
                assert body_and_action(door.path)[1] in TABLE, door
            else:
                assert UNGUARDED[door.path] in OPEN, door
    asked = {door.action for door in doors(scene.desk.app)} | {
        body_and_action(door.path)[1] for door in commands(scene)
    }
    # What no route is named for is asked on the way.
    assert TABLE.keys() - asked == {"read-personal-data", "read-complained-of"}


async def test_questions_are_answered_as_the_table_says(scene: Scene) -> None:
    for door in questions(scene):
        assert door.action is not None
        about_one = "{id}" in door.path or "{ref" in door.path
        for role in ROLES:
            permitted = may((Grant(role, HERE),), door.action).is_permitted
            if permitted and door.path in STREAMS:
                continue
            reads = may((Grant(role, HERE),), "read-personal-data", HERE).is_permitted
            purpose = {"Amends-Purpose": "audit"} if role == "auditor" else {}
            own = await scene.ask(asked_of(door.path, scene.own, "C-1"), scene.keys[role], **purpose)
            about = (door.path, role, own.status_code, own.text[:300])
            if not permitted:
                assert (own.status_code, code_of(own)) == (403, "role-not-allowed"), about
                assert SECRET not in own.text, about
                continue
            assert own.status_code == 200 or not about_one, about
            assert code_of(own) not in OF_ACCESS | {"no-such-case", "no-such-customer"}, about
            if door.action in ("read-events", "read-customer", "take-evidence"):
                assert (SECRET in own.text) is reads, about
            elif door.action != "export-customer":
                assert SECRET not in own.text, about
            for case, customer in ((scene.theirs, "C-2"), (scene.foreign, "C-9")):
                if about_one:
                    asked = asked_of(door.path, case, customer)
                    other = await scene.ask(asked, scene.keys[role], **purpose)
                    assert other.status_code == 404, (door.path, role, other.text)
                    # Which path it was that was asked for, a problem says again.
                    told = other.text.replace(asked.partition("?")[0], "")
                    assert not any(said in told for said in told_of(scene, case)), (door.path, role, told)
                assert not any(said in own.text for said in told_of(scene, case)), about


async def test_lists_that_ask_for_another_branch_get_nothing_of_it(scene: Scene) -> None:
    key, position = scene.keys["department_head"], await scene.position()
    reference, case_id = scene.theirs["reference"], scene.theirs["id"]
    for path in (
        f"/v1/cases?branch={THERE}",
        f"/v1/cases?q={reference}",
        f"/v1/cases?customer=C-2&as_of=2100-01-01T00:00:00Z&min_position={position}",
        f"/v1/deadlines?branch={THERE}",
        f"/v1/alerts?branch={THERE}",
        f"/v1/board?branch={THERE}",
        f"/v1/reports/2020-01?branch={THERE}",
        f"/v1/measures?branch={THERE}",
        f"/v1/audit/refusals?case={reference}",
        f"/v1/audit/readings?case={case_id}",
        "/v1/audit/readings?customer=C-2",
    ):
        answer = await scene.ask(path, key)
        assert answer.status_code in (200, 403, 409), (path, answer.text)
        assert answer.status_code == 403 or not any(said in answer.text for said in told_of(scene, scene.theirs)), path


async def test_a_cursor_opens_nothing_that_its_bearer_may_not_see(scene: Scene) -> None:
    whole = await key_of(scene.desk.database, "handler", branch=None)
    page = (await scene.ask("/v1/cases?limit=1", whole)).json()
    assert page["next"] is not None
    answer = await scene.ask(page["next"], scene.keys["handler"])
    assert (answer.status_code, code_of(answer)) == (422, "bad-cursor")


async def test_pages_are_shown_as_the_table_says(scene: Scene) -> None:
    assert (await signed_in(scene, "admin")).status_code == 403
    for role in ROLES:
        if role == "admin":
            continue
        visitor = await scene.desk.stranger(role, branch=HERE)
        await visitor.sign_in()
        for door in pages(scene):
            assert door.action is not None
            permitted = may((Grant(role, HERE),), door.action).is_permitted
            if door.action == "sign-in" or (permitted and door.path in STREAMS):
                continue
            about_one = "{name}" in door.path or "{position}" in door.path
            for case in (scene.own, scene.theirs, scene.foreign)[: 3 if about_one else 1]:
                answer = await looked(visitor, door, asked_of(door.path, case, "C-1"))
                about = (door.path, role, answer.status_code, case["reference"])
                if not permitted:
                    assert answer.status_code == 403, about
                elif case is not scene.own:
                    assert answer.status_code == 404, about
                else:
                    assert answer.status_code not in (401, 403, 500), about
                if case is not scene.own or not permitted:
                    assert not any(said in answer.text for said in (case["id"], SECRET, THEIR_SECRET)), about


async def signed_in(scene: Scene, role: str) -> httpx.Response:
    visitor = await scene.desk.stranger(role, branch=HERE)
    await visitor.see("/sign-in")
    return await visitor.send("/sign-in", {"key": visitor.api_key, "next": "/"})


async def looked(visitor: Visitor, door: Door, path: str) -> httpx.Response:
    if door.method == "GET":
        return await visitor.get(path)
    # Empty forms: what they would record is asked of intake, which has a test of its own.
    form = {"case": path.rpartition("/")[2], "position": "1"} if door.path == "/alerts" else {}
    return await visitor.send(path, form)


def refused_commands(scene: Scene) -> Iterator[tuple[Door, str, dict[str, Any], str]]:
    """Each command, role and case of which the table says no, and by which code."""
    for door in commands(scene):
        action = body_and_action(door.path)[1]
        for role in ROLES:
            for case in (scene.own, scene.theirs, scene.grave):
                code = may((Grant(role, HERE),), action, branch_of(scene, case), grade_of(scene, case)).code
                if code is not None:
                    yield door, role, case, code


def branch_of(scene: Scene, case: dict[str, Any]) -> str:
    return THERE if case is scene.theirs else HERE


def grade_of(scene: Scene, case: dict[str, Any]) -> str:
    return "major" if case is scene.grave else "ordinary"


async def give(scene: Scene, door: Door, key: str, case: dict[str, Any], **more: Any) -> httpx.Response:
    """What the route asks for, of this case or its customer; where it begins a case, in its branch."""
    body = dict(body_and_action(door.path)[0])
    if door.path in ("/v1/complaints", "/v1/incidents"):
        body["branch"] = branch_of(scene, case)
    elif door.path.endswith(("links", "merge")):
        body["case" if door.path.endswith("links") else "into"] = scene.grave["id"]
    customer = {scene.own["id"]: "C-1", scene.theirs["id"]: "C-2", scene.grave["id"]: "C-3"}[case["id"]]
    path = door.path.replace("{id}", case["id"]).replace("{number}", "1").replace("{ref:path}", customer)
    return await Caller(scene.desk.intake.client, key, "").post(path, body, **more)


async def test_what_the_table_refuses_is_refused_and_nothing_is_recorded_or_told(scene: Scene) -> None:
    before = await scene.position()
    told = 0
    for door, role, case, code in refused_commands(scene):
        begins = door.path in ("/v1/complaints", "/v1/incidents")
        if begins and case is scene.grave:
            continue
        # The version is an old one: whoever may not do it is not even told that.
        old = {} if begins or "{ref" in door.path else {"if_match": 99}
        answer = await give(scene, door, scene.keys[role], case, **old)
        about = (door.path, role, case["reference"], answer.text)
        # Of a customer who has none but cases of other branches nobody is told that there is one.
        is_hidden = "{ref" in door.path and code == "other-branch"
        expected = (404, "no-such-customer") if is_hidden else (403, code)
        assert (answer.status_code, code_of(answer)) == expected, about
        reads = may((Grant(role, HERE),), "read-case", branch_of(scene, case)).is_permitted
        assert ("state" in answer.json()) is (reads and not begins and "{ref" not in door.path), about
        told += 1
    assert await scene.position() == before
    (kept,) = await scene.desk.intake.rows("SELECT count(*) FROM refusals WHERE tenant = 'default'")
    assert told > 300
    assert kept["count"] == told


async def test_a_key_of_another_tenant_is_none_here_and_nothing_of_that_tenant_is_found(scene: Scene) -> None:
    before = await scene.position()
    for door in commands(scene):
        answer = await give(scene, door, scene.foreign_key, scene.own)
        assert (answer.status_code, code_of(answer)) == (401, "unauthenticated"), door
    for door in questions(scene):
        answer = await scene.ask(asked_of(door.path, scene.own, "C-1"), scene.foreign_key)
        assert (answer.status_code, code_of(answer)) == (401, "unauthenticated"), door
    for name in (scene.foreign["id"], scene.foreign["reference"]):
        for door in commands(scene):
            if "{id}" in door.path:
                path = door.path.replace("{id}", name).replace("{number}", "1")
                answer = await scene.caller("executive").post(path, body_and_action(door.path)[0])
                assert (answer.status_code, code_of(answer)) == (404, "no-such-case"), door
    assert await scene.position() == before


async def test_ids_in_bodies_reach_no_further_than_their_sender(scene: Scene) -> None:
    before = await scene.position()
    executive, own, theirs, foreign = scene.caller("executive"), scene.own, scene.theirs, scene.foreign
    forged: Sequence[tuple[str, dict[str, Any], int, str]] = (
        ("links", {"case": theirs["id"], "relation": "related"}, 403, "other-branch"),
        ("links", {"case": theirs["reference"], "relation": "related"}, 403, "other-branch"),
        ("links", {"case": foreign["id"], "relation": "related"}, 422, "no-such-case"),
        ("merge", {"into": foreign["reference"], "reason": "…"}, 422, "no-such-case"),
        ("corrections", {"position": theirs["position"], "text": "…"}, 422, "no-such-entry"),
        ("corrections", {"position": foreign["position"], "text": "…"}, 422, "no-such-entry"),
        ("acknowledgements", {"position": theirs["position"] + 1}, 422, "no-such-alert"),
        ("callback", {"at": "2030-01-07T09:00:00Z", "contact_position": theirs["position"]}, 422, "no-such-contact"),
    )
    for what, body, status, code in forged:
        assert await executive.may_not(own, what, body) == (status, code), (what, body)
    # What says nothing of its tenant or branch is of the key's, whatever else it says.
    for body in (complaint(tenant="elsewhere"), complaint(branch=HERE) | {"role": "executive"}):
        assert (await executive.post("/v1/complaints", body)).status_code == 422
    assert await scene.position() == before


async def test_what_another_branch_recorded_is_not_told_to_who_repeats_its_external_reference(scene: Scene) -> None:
    known = await (await scene.desk.intake.caller("integration")).receive(branch=THERE, external_ref="TICKET-1")
    answer = await scene.caller("integration").post("/v1/complaints", complaint(branch=HERE, external_ref="TICKET-1"))
    assert (answer.status_code, code_of(answer)) == (409, "already-recorded")
    assert not any(said in answer.text for said in (known["id"], known["reference"], "received"))


async def test_what_the_table_permits_is_not_refused_on_its_grounds(scene: Scene) -> None:
    customers = [door for door in commands(scene) if "{ref" in door.path]
    # What destroys the key comes last.
    for door in [door for door in commands(scene) if door not in customers] + customers:
        action = body_and_action(door.path)[1]
        for role in ROLES:
            if may((Grant(role, HERE),), action, HERE).is_permitted:
                answer = await give(scene, door, scene.keys[role], scene.own)
                refused = code_of(answer)
                assert refused not in OF_ACCESS | {"no-such-case", "no-such-customer"}, (door, role, answer.text)
                assert answer.status_code < 500, (door, role, answer.text)
