"""The queues: what is listed, in which order, page by page, and by which index."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import quote, urlencode
from uuid import UUID

import pytest

from amends_domain.commands import Apologize, Assign, Withdraw
from amends_domain.reference import reference_of
from amends_workflow.case_list import Scope, case_query
from amends_workflow.deadline_list import deadline_query
from amends_workflow.parameters import CaseListParameters, DeadlineListParameters
from amends_workflow.shapes import CaseListItem, DeadlineListItem
from amends_workflow.view import ROLE, View
from tests.integration.workflow.conftest import Log, Workflow, nothing_owed, project, until

SORTS = {
    "due": lambda item: (item["next_due_at"] or "~", item["id"]),
    "received": lambda item: (item["received_at"], item["id"]),
    "updated": lambda item: (item["updated_at"], item["id"]),
}


async def many_cases(log: Log, count: int) -> list[UUID]:
    """Cases of which many share their times: the clock stands still for several at a time."""
    chooser = random.Random(7)
    start = await log.now()
    case_ids = []
    for number in range(count):
        await log.database.stop_clock(start + timedelta(minutes=number // 8))
        case_ids.append(
            await log.receive(
                branch=chooser.choice(["north-street", "harbour"]),
                customer_ref=f"C-{number % 5}",
                flags=("vulnerable",) if number % 4 == 0 else (),
                channel="media" if number % 6 == 0 else "phone",
                kind="inquiry" if number % 7 == 0 else "complaint",
                external_ref=f"X-{number}" if number % 2 else None,
            )
        )
        if number % 3 == 0:
            await log.append(case_ids[-1], Apologize("phone", "Sorry."))
        if number % 5 == 0:
            await log.append(case_ids[-1], Withdraw("phone", "Settled."))
    return case_ids


async def test_pages_are_complete_and_do_not_overlap_where_times_are_equal(log: Log, workflow: Workflow) -> None:
    case_ids = await many_cases(log, 45)
    asker = await workflow.asker()
    await asker.ask("/v1/cases", min_position=await _head(log))
    for sort, key in SORTS.items():
        for descending in (False, True):
            pages = await asker.pages("/v1/cases", sort=f"-{sort}" if descending else sort, limit=7)
            assert [len(page) for page in pages] == [7, 7, 7, 7, 7, 7, 3]
            items = [item for page in pages for item in page]
            for item in items:
                CaseListItem.model_validate(item)
            assert sorted(item["id"] for item in items) == sorted(str(case_id) for case_id in case_ids)
            assert items == sorted(items, key=key, reverse=descending)


async def test_rows_that_come_meanwhile_neither_repeat_nor_hide_others(log: Log, workflow: Workflow) -> None:
    case_ids = [await log.receive(customer_ref=f"C-{number}") for number in range(9)]
    asker = await workflow.asker()
    page = await asker.ask("/v1/cases", sort="-received", limit=3, min_position=9)
    seen = [item["id"] for item in page["items"]]
    while page["next"] is not None:
        await log.receive(customer_ref="C-late")
        page = await asker.ask(page["next"])
        seen += [item["id"] for item in page["items"]]
    assert seen == [str(case_id) for case_id in reversed(case_ids)]


FILTERS: dict[str, tuple[dict[str, Any], Callable[[dict[str, Any]], bool]]] = {
    "a state": ({"state": "apologized"}, lambda item: item["state"] == "apologized"),
    "several states": (
        {"state": ["apologized", "withdrawn"]},
        lambda item: item["state"] in ("apologized", "withdrawn"),
    ),
    "open": ({"state": "open"}, lambda item: item["state"] in ("received", "apologized")),
    "closed": ({"state": "closed"}, lambda item: item["state"] == "withdrawn"),
    "a branch": ({"branch": "harbour"}, lambda item: item["branch"] == "harbour"),
    "a grade": ({"grade": "major"}, lambda item: item["grade"] == "major"),
    "the ordinary": ({"grade": ["ordinary", "escalated"]}, lambda item: item["grade"] == "ordinary"),
    "a kind": ({"kind": "inquiry"}, lambda item: item["kind"] == "inquiry"),
    "a flag": ({"flag": "vulnerable"}, lambda item: "vulnerable" in item["flags"]),
    "an owner": ({"owner": "somebody"}, lambda item: item["owner"] == "somebody"),
    "breached": ({"breached": "true"}, lambda item: item["breached"]),
    "not breached": ({"breached": "false"}, lambda item: not item["breached"]),
    "a customer": ({"q": "C-3"}, lambda item: item["customer_ref"] == "C-3"),
    "how an external reference begins": ({"q": "X-1"}, lambda item: (item["external_ref"] or "").startswith("X-1")),
    "two at once": (
        {"branch": "harbour", "flag": "vulnerable", "sort": "updated"},
        lambda item: item["branch"] == "harbour" and "vulnerable" in item["flags"],
    ),
}


async def test_each_filter_lets_through_what_it_says_and_all_of_it(log: Log, workflow: Workflow) -> None:
    case_ids = await many_cases(log, 45)
    await log.give(case_ids[2], Assign("somebody"))
    await log.database.stop_clock(await log.now() + timedelta(hours=23, minutes=58))
    await log.give(case_ids[1], Apologize("phone", "Late."))
    await until(lambda: nothing_owed(log))
    asker = await workflow.asker()
    everything = (await asker.ask("/v1/cases", limit=200))["items"]
    for name, (query, passes) in FILTERS.items():
        found = [item for page in await asker.pages("/v1/cases", limit=4, **query) for item in page]
        expected = {item["id"] for item in everything if passes(item)}
        assert expected, name
        assert len(expected) < len(everything), name
        assert {item["id"] for item in found} == expected, name
        assert len(found) == len(expected), name
    due = sorted(item["next_due_at"] for item in everything if item["next_due_at"] is not None)
    found = await asker.ask("/v1/cases", due_before=due[5], limit=200)
    assert {item["id"] for item in found["items"]} == {
        item["id"] for item in everything if item["next_due_at"] is not None and item["next_due_at"] < due[5]
    }


async def test_whoever_asks_finds_their_own_cases_as_mine(log: Log, workflow: Workflow) -> None:
    mine, of_another = await log.receive(), await log.receive(customer_ref="C-2")
    asker = await workflow.asker()
    person = await log.database.fetchval("SELECT person FROM api_keys ORDER BY created_at DESC LIMIT 1")
    await log.give(mine, Assign(person))
    position = await log.give(of_another, Assign("me-not"))
    found = await asker.ask("/v1/cases", owner="me", min_position=position)
    assert [each["id"] for each in found["items"]] == [str(mine)]
    both = await asker.ask("/v1/cases", owner=["me", "me-not"])
    assert len(both["items"]) == 2


async def test_a_reference_or_its_beginning_finds_the_case(log: Log, workflow: Workflow) -> None:
    case_id = await log.receive()
    await log.receive(customer_ref="C-2")
    asker = await workflow.asker()
    await asker.ask("/v1/cases", min_position=2)
    reference = reference_of(1)
    for q in (reference, reference.lower(), reference.replace("-", ""), reference[:3], reference[:6].lower()):
        assert [item["id"] for item in (await asker.ask("/v1/cases", q=q))["items"]] == [str(case_id)], q
    for q in ("%", "_", "C%", "'", "\\"):
        assert (await asker.ask("/v1/cases", q=q))["items"] == [], q


async def test_a_cursor_that_was_changed_or_belongs_to_another_query_is_refused(log: Log, workflow: Workflow) -> None:
    for number in range(5):
        await log.receive(customer_ref=f"C-{number}", branch="north-street")
    asker = await workflow.asker()
    page = await asker.ask("/v1/cases", sort="received", limit=2, min_position=5)
    path, _, query = page["next"].partition("?")
    cursor = query.partition("cursor=")[2]
    good = {"sort": "received", "cursor": cursor.replace("%3D", "=")}
    assert (await asker.get(path, **good)).status_code == 200
    assert (await asker.get(path, **good, limit=1)).status_code == 200
    for number in range(0, len(good["cursor"]) - 4, 5):
        other = "A" if good["cursor"][number] != "A" else "B"
        changed = good["cursor"][:number] + other + good["cursor"][number + 1 :]
        response = await asker.get(path, sort="received", cursor=changed)
        assert response.status_code == 422, number
        assert response.json()["type"] == "urn:amends:problem:bad-cursor"
    for wrong in ("", "x", "=", "é", good["cursor"][:-6], good["cursor"] + "AAAA"):
        assert (await asker.get(path, sort="received", cursor=wrong)).status_code == 422, wrong
    assert (await asker.get(path, **{**good, "sort": "updated"})).status_code == 422
    assert (await asker.get(path, **good, branch="north-street")).status_code == 422
    assert (await asker.get("/v1/deadlines", cursor=good["cursor"])).status_code == 422
    other_scope = await workflow.asker(branch="north-street")
    assert (await other_scope.get(path, **good)).status_code == 422


async def test_unknown_and_wrong_parameters_are_refused(log: Log, workflow: Workflow) -> None:
    asker = await workflow.asker()
    for query in (
        "colour=red",
        "state=lost",
        "limit=0",
        "limit=201",
        "sort=name",
        "breached=perhaps",
        "due_before=soon",
        "q=",
        "q=%00",
        "q=%0a",
        "owner=%00",
        "branch=" + "x" * 129,
    ):
        response = await asker.get(f"/v1/cases?{query}")
        assert response.status_code == 422, query
        assert response.headers["content-type"] == "application/problem+json"
    for query in ("status=late", "due_before=x", "kind=%00", "sort=due"):
        assert (await asker.get(f"/v1/deadlines?{query}")).status_code == 422, query


async def test_deadlines_are_listed_over_all_cases_the_earliest_due_first(log: Log, workflow: Workflow) -> None:
    await many_cases(log, 30)
    asker = await workflow.asker()
    everything = [
        item for page in await asker.pages("/v1/deadlines", limit=9, min_position=await _head(log)) for item in page
    ]
    for item in everything:
        DeadlineListItem.model_validate(item)
    keys = [(item["due_at"], item["case_id"], item["kind"], item["generation"]) for item in everything]
    assert keys == sorted(set(keys))
    assert len(everything) == await log.view.fetchval("SELECT count(*) FROM deadlines")
    assert everything[0]["policy"]["hash"] == log.policy.hash
    cases: tuple[tuple[dict[str, Any], Callable[[dict[str, Any]], bool]], ...] = (
        ({"status": "pending"}, lambda item: item["status"] == "pending"),
        ({"status": ["met", "cancelled"]}, lambda item: item["status"] in ("met", "cancelled")),
        ({"kind": "apology"}, lambda item: item["kind"] == "apology"),
        (
            {"branch": "harbour", "status": "pending"},
            lambda item: (item["branch"], item["status"]) == ("harbour", "pending"),
        ),
        ({"due_before": keys[7][0]}, lambda item: item["due_at"] < keys[7][0]),
    )
    for query, passes in cases:
        found = [item for page in await asker.pages("/v1/deadlines", limit=5, **query) for item in page]
        assert found == [item for item in everything if passes(item)], query
        assert len(found) < len(everything)


async def test_a_breach_is_listed_with_the_time_it_was_broken(log: Log, workflow: Workflow) -> None:
    case_id = await log.receive()
    await log.database.move_clock(timedelta(hours=25))
    asker = await workflow.asker()
    page = await asker.ask("/v1/deadlines", status="breached", min_position=3)
    assert [(item["case_id"], item["kind"]) for item in page["items"]] == [(str(case_id), "apology")]
    assert page["items"][0]["breached_at"] == page["items"][0]["due_at"]
    assert (await asker.ask("/v1/cases", breached="true"))["items"][0]["id"] == str(case_id)


async def test_every_list_is_read_from_an_index(log: Log) -> None:
    case_ids = await asyncio.gather(*(log.receive(customer_ref=f"C-{n}", flags=("urgent",)) for n in range(3)))
    await project(log.database)
    # Enough rows that reading all of them would be the worse plan, made in the database, for speed.
    same = "tenant, first_position, version, position, state, cycle, kind, channel, type, cause, owner"
    await log.database.execute(
        f"""
        INSERT INTO cases (
            id, reference, branch, grade, flags, customer_ref, external_ref, historical, breached,
            next_due_at, received_at, recorded_at, updated_at, {same}
        )
        SELECT
            gen_random_uuid(), md5(n::text), 'b-' || n % 50, CASE WHEN n % 500 = 0 THEN 'major' ELSE 'ordinary' END,
            CASE WHEN n % 500 = 0 THEN ARRAY['urgent'] ELSE '{{}}'::text[] END, 'C-' || n, 'X-' || n, false,
            n % 500 = 0, CASE WHEN n % 10 = 0 THEN now() + make_interval(secs => n) END,
            now() - make_interval(secs => n), now(), now() - make_interval(secs => n * 7 % 1000), {same}
        FROM cases, generate_series(1, 30000) AS n
        WHERE id = '{case_ids[0]}';
        INSERT INTO deadlines
        SELECT
            c.id, 'apology', 1, c.tenant, c.branch, 1, CASE WHEN random() < 0.02 THEN 'pending' ELSE 'met' END,
            now(), c.received_at, NULL, NULL, false, '', false
        FROM cases AS c
        WHERE NOT EXISTS (SELECT FROM deadlines AS d WHERE d.case_id = c.id);
        ANALYZE cases;
        ANALYZE deadlines;
        """
    )
    after = ["2026-01-01T00:00:00+00:00", str(case_ids[0])]
    sorts = ("due", "received", "updated", "-due", "-received", "-updated")
    filters: tuple[dict[str, Any], ...] = (
        {"q": "C-7"},
        {"q": "X-77"},
        {"breached": True},
        {"grade": ["major"]},
        {"flag": ["urgent"]},
        {"owner": ["somebody"]},
        {"due_before": "2026-01-01T00:00:00Z"},
    )
    of_deadlines: tuple[dict[str, Any], ...] = (
        {},
        {"status": ["pending"]},
        {"status": ["pending"], "due_before": "2100-01-01T00:00:00Z"},
    )
    wanted: list[tuple[str, list[Any]]] = []
    pool = await log.database.pool(ROLE)
    for scope in (Scope("default", None), Scope("default", ("b-7",))):
        view = View(pool, None if scope.branches is None else [*scope.branches, "*"])
        wanted = [case_query(scope, CaseListParameters.model_validate({"sort": sort}), after) for sort in sorts]
        wanted += [case_query(scope, CaseListParameters.model_validate(each), None) for each in filters]
        wanted += [
            deadline_query(scope, DeadlineListParameters.model_validate(each), [*after, "apology", 1])
            for each in of_deadlines
        ]
        for query_text, values in wanted:
            rows = await view.fetch(f"EXPLAIN {query_text}", *values)
            plan = "\n".join(row[0] for row in rows)
            assert "Index" in plan, plan
            assert "Seq Scan" not in plan, plan


async def _head(log: Log) -> int:
    position: int = await log.pool.fetchval("SELECT position FROM log_head")
    return position


ODD = (
    *(
        "",
        " ",
        "%",
        "\x00",
        "\n",
        "\ud7ff",
        "\U0010ffff",
        "é",
        "null",
        "None",
        "[]",
        "{}",
        "' OR 1=1 --",
        "../..",
        "0",
        "-1",
    ),
    *("1", "1.5", "1e3", "9" * 25, str(2**63 - 1), "true", "TRUE", "2026-01-01", "2026-01-01T00:00:00Z", "infinity"),
    *(
        "9999-12-31T23:59:59Z",
        "0001-01-01T00:00:00Z",
        "x" * 3_000,
        "open",
        "received",
        "-due",
        "pending",
        "C-1",
        "-",
        "²",
    ),
)


@pytest.mark.parametrize("seed", range(2))
async def test_whatever_is_asked_the_answer_is_one_that_the_openapi_document_knows(
    log: Log, workflow: Workflow, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for who_waits in ("enquiries", "evidence"):
        monkeypatch.setattr(f"amends_workflow.{who_waits}._WAIT_SECONDS_MAX", 0.01)
    chooser = random.Random(seed)
    case_id = await log.receive()
    asker = await workflow.asker()
    document = (await workflow.client.get("/openapi.json")).json()
    questions = {path: item["get"] for path, item in document["paths"].items() if path.startswith("/v1/")}
    # Its answer has no end: see test_stream_api.
    del questions["/v1/stream"]
    answered: set[int] = set()
    for _ in range(120):
        path, question = chooser.choice(sorted(questions.items()))
        named = [each["name"] for each in question.get("parameters", ()) if each["in"] == "query"]
        asked = [(chooser.choice(named or ["x"]), chooser.choice(ODD)) for _ in range(chooser.choice([0, 1, 1, 2, 3]))]
        for name, good in (("{id}", str(case_id)), ("{kind}", "apology"), ("{ref}", "C-1")):
            value = chooser.choice([good, good, chooser.choice(ODD)])
            path = path.replace(name, quote(value, safe="", errors="surrogatepass"))
        response = await asker.get(f"{path}?{urlencode(asked, errors='surrogatepass')}")
        assert str(response.status_code) in question["responses"], (path, asked, response.text)
        answered.add(response.status_code)
        if response.status_code != 200:
            assert response.headers["content-type"] == "application/problem+json"
            assert response.json()["status"] == response.status_code
    assert answered >= {200, 404, 422}
