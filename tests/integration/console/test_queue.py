"""The queue: sorted by what is due, filtered by its address, searched by what a case is called."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio

from amends_workflow.case_list import Scope, case_query
from amends_workflow.console.queue_filters import Filters, wanted_of
from tests.support.console import Desk, Visitor, until, words_of
from tests.support.intake import SORRY

ROW = re.compile(r'<tr id="case-([\w-]+)"')


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def cases(desk: Desk) -> dict[str, dict[str, Any]]:
    """Cases by what is special about them, all of them in the read model."""
    agent, handler = await desk.intake.caller("agent", person="a-1"), await desk.intake.caller("handler", person="h-1")
    ago = (datetime.now(UTC) - timedelta(days=2)).isoformat()
    made = {
        "plain": await agent.receive(),
        "late": await agent.receive(occurred_at=ago),
        "urgent": await agent.receive(flags=["urgent"], type="waiting_time"),
        "elsewhere": await agent.receive(external_ref="CRM-1", branch="south-gate", customer={"ref": "C-9"}),
        "major": await handler.receive(channel="media"),
        "closed": await agent.receive(),
    }
    await agent.must(made["plain"], "apology", SORRY)
    last = await agent.must(made["closed"], "withdrawal", {"by_channel": "phone", "reason": "No."})
    visitor = await desk.visitor("auditor")

    async def is_breached() -> bool:
        return made["late"]["reference"] in ROW.findall(await visitor.see("/?breached=true"))

    # The breach of the late one is the workflow's own doing.
    await until(is_breached)
    await desk.app.state.console.of.enquiries.wait_for(last["position"])
    return made


async def shown(visitor: Visitor, query: str) -> list[str]:
    return ROW.findall(await visitor.see(f"/{query}"))


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", {"plain", "late", "urgent", "elsewhere", "major"}),
        ("?state=closed", {"closed"}),
        ("?state=all", {"plain", "late", "urgent", "elsewhere", "major", "closed"}),
        ("?state=apologized", {"plain"}),
        ("?flag=urgent", {"urgent"}),
        ("?type=waiting_time", {"urgent"}),
        ("?grade=major", {"major"}),
        ("?owner=h-1", {"major"}),
        ("?branch=south-gate", {"elsewhere"}),
        ("?breached=true", {"late"}),
        ("?within=late", {"late"}),
        ("?kind=inquiry", set()),
        ("?q=C-9&state=&owner=", {"elsewhere"}),
    ],
)
async def test_a_filter_leaves_what_it_says(
    desk: Desk, cases: dict[str, dict[str, Any]], query: str, names: set[str]
) -> None:
    assert set(await shown(await desk.visitor("auditor"), query)) == {cases[name]["reference"] for name in names}


async def test_mine_is_what_i_own(desk: Desk, cases: dict[str, dict[str, Any]]) -> None:
    visitor = await desk.visitor("handler")
    assert await shown(visitor, "?owner=me") == []
    case = await (await desk.intake.caller("handler", person=visitor.person)).receive()
    await desk.app.state.console.of.enquiries.wait_for(case["position"])
    try:
        assert await shown(visitor, "?owner=me") == [case["reference"]]
    finally:
        caller = await desk.intake.caller("handler")
        end = await caller.must(case, "withdrawal", {"by_channel": "phone", "reason": "No."})
        await desk.app.state.console.of.enquiries.wait_for(end["position"])


async def test_one_branch_sees_its_own(desk: Desk, cases: dict[str, dict[str, Any]]) -> None:
    assert await shown(await desk.visitor("agent", branch="south-gate"), "") == [cases["elsewhere"]["reference"]]


@pytest.mark.parametrize("typed", ["{0}", " {0} ", "{1}", "CRM-1"])
async def test_what_names_one_case_exactly_leads_straight_to_it(
    desk: Desk, cases: dict[str, dict[str, Any]], typed: str
) -> None:
    reference = cases["elsewhere"]["reference"]
    visitor = await desk.visitor("auditor")
    response = await visitor.client.get("/", params={"q": typed.format(reference, reference.lower().replace("-", ""))})
    assert (response.status_code, response.headers["location"]) == (303, f"/cases/{reference}")
    again = await visitor.client.get("/", params={"q": reference}, headers={"HX-Request": "true"})
    assert again.status_code == 200


async def test_a_case_of_another_branch_is_not_led_to(desk: Desk, cases: dict[str, dict[str, Any]]) -> None:
    visitor = await desk.visitor("agent", branch="north-street")
    assert (await visitor.get(f"/?q={cases['elsewhere']['reference']}")).status_code == 200


async def test_pages_follow_one_another_and_hold_every_case_once(
    desk: Desk, cases: dict[str, dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("amends_workflow.console.queue_filters.PAGE_CASES", 2)
    visitor, path, found = await desk.visitor("auditor"), "/?sort=received", []
    while path:
        page = await visitor.see(path)
        found += ROW.findall(page)
        following = re.search(r'<a class="button" href="([^"]+)" rel="next">', page)
        path = following[1].replace("&amp;", "&") if following else ""
    assert len(found) == 5
    assert set(found) == {case["reference"] for name, case in cases.items() if name != "closed"}


@pytest.mark.parametrize(
    ("query", "says"),
    [("?q=nobody", "Names are not searched"), ("?grade=escalated", "with these filters"), ("?owner=me", "Look among")],
)
async def test_an_empty_queue_helps(desk: Desk, cases: dict[str, dict[str, Any]], query: str, says: str) -> None:
    assert says in words_of(await (await desk.visitor("auditor")).see(f"/{query}"))


@pytest.mark.parametrize("query", ["?state=nowhere", "?sort=up", "?breached=perhaps", "?cursor=AAAA", "?q=%00"])
async def test_an_address_that_asks_nothing_is_a_page_that_says_so(desk: Desk, query: str) -> None:
    response = await (await desk.visitor("auditor")).get(f"/{query}")
    assert (response.status_code, response.headers["content-type"]) == (422, "text/html; charset=utf-8")


async def test_a_length_of_time_that_nobody_offers_narrows_nothing(
    desk: Desk, cases: dict[str, dict[str, Any]]
) -> None:
    visitor = await desk.visitor("auditor")
    assert set(ROW.findall(await visitor.see("/?within=1y"))) == set(ROW.findall(await visitor.see("/")))


async def test_time_left_is_said_in_words_and_by_a_sign(desk: Desk, cases: dict[str, dict[str, Any]]) -> None:
    page = await (await desk.visitor("auditor")).see("/")
    assert re.search(r'<span class="left fine"><span class="sign" aria-hidden="true"></span><time [^>]*>in \d+ h', page)
    assert "breached" in words_of(page)


@pytest.mark.parametrize(
    ("chosen", "branch", "index"),
    [
        ({}, None, "cases_in_due_order"),
        ({}, "north-street", "cases_of_branch_in_due_order"),
        ({"within": "1d"}, None, "cases_in_due_order"),
        ({"owner": "me"}, None, "cases_of_owner_in_due_order"),
        ({"sort": "-received"}, None, "cases_by_received"),
        ({"sort": "updated"}, "north-street", "cases_of_branch_by_updated"),
    ],
)
async def test_the_queue_is_read_in_the_order_of_an_index(
    desk: Desk, chosen: dict[str, str], branch: str | None, index: str
) -> None:
    wanted = wanted_of(Filters(chosen, None), "h-1", datetime.now(UTC))
    query, values = case_query(Scope("default", None if branch is None else (branch,)), wanted, None)
    tenant = desk.app.state.console.of.tenant
    async with tenant.of_branches(None if branch is None else [branch, "*"]).reading() as conn:
        # So few rows as there are here are read from end to end, whatever indexes there are.
        await conn.execute("SET LOCAL enable_seqscan = off")
        plan = "\n".join(row[0] for row in await conn.fetch(f"EXPLAIN {query}", *values))
    assert index in plan
    assert "Sort" not in plan
