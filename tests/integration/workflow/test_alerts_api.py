"""Alerts as a list: which, in which order, page by page, by which index; and who has acknowledged each."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from amends_domain.commands import Acknowledge, Escalate
from amends_workflow.alert_list import alert_query
from amends_workflow.alert_shapes import AlertAnswer
from amends_workflow.case_list import Scope
from amends_workflow.parameters import AlertListParameters
from amends_workflow.view import ROLE, View
from tests.integration.workflow.conftest import Log, Workflow, project
from tests.support.lives import HANDLER

ASKED = Escalate("I cannot settle it.", to="vice_president")


async def test_the_newest_comes_first_and_says_what_it_is_about_and_who_has_seen_it(
    log: Log, workflow: Workflow
) -> None:
    await log.database.stop_clock(await log.now())
    case_id = await log.receive(branch="harbour")
    await log.database.stop_clock(await log.now() + timedelta(hours=25))
    asker = await workflow.asker()
    position = await log.give(case_id, ASKED)
    seen = await log.give(case_id, Acknowledge(position - 1), HANDLER)
    items = (await asker.ask("/v1/alerts", min_position=seen))["items"]
    for item in items:
        AlertAnswer.model_validate(item)
    assert [item["position"] for item in items] == sorted((item["position"] for item in items), reverse=True)
    asked = next(item for item in items if item["position"] == position - 1)
    assert (asked["kind"], asked["role"], asked["clock"]) == ("escalation", "vice_president", None)
    assert (asked["branch"], asked["owner"]) == ("harbour", "a-department_head")
    assert (asked["acknowledged_by"], asked["acknowledged_position"]) == ("a-handler", seen)
    assert asked["case_id"] == str(case_id)


async def test_filters_pages_and_branches(log: Log, workflow: Workflow) -> None:
    for number in range(6):
        case_id = await log.receive(branch="harbour" if number % 2 else "north-street")
        position = await log.give(case_id, ASKED)
        if number < 2:
            position = await log.give(case_id, Acknowledge(position - 1))
    incident = await log.open_incident("cause", "cash_jam", branch="*")
    position = await log.give(incident, ASKED)
    everyone, harbour = await workflow.asker(), await workflow.asker(branch="harbour")

    async def found(asker: Any, **wanted: Any) -> int:
        return len((await asker.ask("/v1/alerts", **wanted))["items"])

    assert await found(everyone, min_position=position) == 7
    assert await found(everyone, acknowledged=True) == 2
    assert await found(everyone, acknowledged=False, branch="harbour") == 2
    assert await found(everyone, kind=["breach", "reminder"]) == 0
    assert await found(everyone, clock="apology") == 0
    assert await found(everyone, since=(await log.now() + timedelta(hours=1)).isoformat()) == 0
    assert await found(harbour) == 3
    assert await found(harbour, branch="north-street") == 0
    assert await found(harbour, branch="*") == 1
    pages = await everyone.pages("/v1/alerts", limit=3)
    assert [len(page) for page in pages] == [3, 3, 1]
    positions = [item["position"] for page in pages for item in page]
    assert positions == sorted(set(positions), reverse=True)
    assert (await everyone.get("/v1/alerts", kind="gossip")).status_code == 422


@pytest.mark.parametrize("branch", [None, "b-7"])
async def test_every_list_of_alerts_is_read_from_an_index(log: Log, branch: str | None) -> None:
    await log.give(await log.receive(), ASKED)
    await project(log.database)
    await log.database.execute(
        """
        INSERT INTO alerts
        SELECT
            1000 + n, a.case_id, a.tenant, a.reference, 'b-' || n % 50,
            CASE WHEN n % 100 = 0 THEN 'breach' ELSE a.kind END, CASE WHEN n % 100 = 0 THEN 'apology' END, NULL, NULL,
            NULL, a.owner, a.recorded_at + make_interval(secs => n), CASE WHEN n % 100 > 0 THEN 's-1' END,
            CASE WHEN n % 100 > 0 THEN a.recorded_at END
        FROM alerts AS a, generate_series(1, 20000) AS n;
        ANALYZE alerts;
        """
    )
    view = View(await log.database.pool(ROLE), None if branch is None else [branch, "*"])
    after = ["2100-01-01T00:00:00+00:00", 15_000]
    for said in (
        {},
        {"kind": ["breach"]},
        {"clock": ["apology"]},
        {"acknowledged": False},
        {"acknowledged": False, "kind": ["breach"]},
        {"since": "2026-01-01T00:00:00Z"},
    ):
        query, values = alert_query(
            Scope("default", None if branch is None else (branch,)), AlertListParameters.model_validate(said), after
        )
        plan = "\n".join(row[0] for row in await view.fetch(f"EXPLAIN {query}", *values))
        assert "Index" in plan, plan
        assert "Seq Scan" not in plan, plan
