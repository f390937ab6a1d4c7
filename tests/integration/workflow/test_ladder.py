"""What follows of itself when clocks are not met: steps of the ladder, and inquiries that become complaints."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson

from amends_domain.commands import Apologize, KeepPromise, MakePromise
from tests.integration.workflow.comparing import the_read_model_is_what_the_log_says
from tests.integration.workflow.conftest import Log, project
from tests.support.timers import fire_due

POLICY = """\
policy: steps
version: 1
effective_from: 2026-01-01
timezone: Asia/Shanghai
clocks:
  apology: {from: complaint-received, stop: [apology-given], due: 4h, warn: [3h]}
ladder:
  - {before: 30m, to: team_leader}
  - {after: 0h, to: service_admin}
  - {after: 2h, to: department_manager, when: {grade: [ordinary]}}
  - {after: 2h, to: general_office, when: {grade: [major]}}
  - {after: 6h, to: vice_president}
"""


async def use(log: Log, directory: Path) -> None:
    (directory / "steps.yaml").write_text(POLICY)
    await log.use_policy(directory / "steps.yaml")


async def pass_time(log: Log, by: timedelta) -> None:
    """Time passes, and all that falls due meanwhile is written."""
    await log.database.move_clock(by)
    while True:
        await project(log.database)
        if not await fire_due(log.view, 100):
            return


async def written(log: Log, case_id: UUID) -> list[tuple[str, str | None, timedelta]]:
    """What the timers wrote: the type, the role where one is told, and when, counted from the complaint."""
    rows = await log.pool.fetch(
        "SELECT type, data, occurred_at, actor FROM events WHERE stream_id = $1 ORDER BY version", case_id
    )
    began: datetime = rows[0]["occurred_at"]
    return [
        (row["type"], orjson.loads(row["data"]).get("to"), row["occurred_at"] - began)
        for row in rows
        if row["actor"] == "system:workflow"
    ]


def at(hours: float) -> timedelta:
    return timedelta(hours=hours)


async def test_each_step_of_the_ladder_is_an_event_at_its_time_until_the_clock_is_met(log: Log, tmp_path: Path) -> None:
    await use(log, tmp_path)
    case_id = await log.receive()
    wanted: list[tuple[str, str | None, timedelta]] = []
    for event, hours in (
        (("reminder-issued", None, at(3)), 3.1),
        (("case-escalated", "team_leader", at(3.5)), 3.6),
        (("deadline-breached", None, at(4)), None),
        (("case-escalated", "service_admin", at(4)), 4.1),
        (("case-escalated", "department_manager", at(6)), 6.1),
    ):
        wanted.append(event)
        if hours is not None:
            passed = await log.now() - (await log.case(case_id)).received_at
            await pass_time(log, timedelta(hours=hours) - passed)
            assert await written(log, case_id) == wanted
    await log.give(case_id, Apologize("phone", "Late, and sorry."))
    await pass_time(log, timedelta(days=3))
    assert await written(log, case_id) == wanted
    assert await log.view.fetchval("SELECT escalations FROM cases WHERE id = $1", case_id) == 3
    assert await log.view.fetchval("SELECT count(*) FROM timers") == 0
    await the_read_model_is_what_the_log_says(log.view)


async def test_what_fell_due_while_nobody_ran_is_written_in_its_order(log: Log, tmp_path: Path) -> None:
    await use(log, tmp_path)
    case_id = await log.receive()
    await pass_time(log, timedelta(days=2))
    assert await written(log, case_id) == [
        ("reminder-issued", None, at(3)),
        ("case-escalated", "team_leader", at(3.5)),
        ("deadline-breached", None, at(4)),
        ("case-escalated", "service_admin", at(4)),
        ("case-escalated", "department_manager", at(6)),
        ("case-escalated", "vice_president", at(10)),
    ]


async def test_a_broken_promise_on_an_inquiry_makes_it_a_complaint_whose_clocks_start(log: Log, tmp_path: Path) -> None:
    await use(log, tmp_path)
    broken, kept = await log.receive(kind="inquiry"), await log.receive(kind="inquiry", customer_ref="C-2")
    for case_id in (broken, kept):
        await log.give(case_id, MakePromise("We look it up.", await log.now() + timedelta(hours=2)))
    await log.give(kept, KeepPromise(1))
    await pass_time(log, timedelta(hours=2.1))
    row = await log.pool.fetchrow("SELECT data, version FROM events WHERE type = 'reclassified'")
    reclassified: dict[str, Any] = orjson.loads(row["data"])
    assert (reclassified["kind"], reclassified["broken_promise"]) == ("complaint", 1)
    assert dict(await log.view.fetch("SELECT id, kind FROM cases")) == {broken: "complaint", kept: "inquiry"}
    clocks = await log.view.fetch("SELECT clock, status FROM deadlines WHERE case_id = $1 ORDER BY clock", broken)
    assert [tuple(row) for row in clocks] == [("apology", "pending"), ("promise", "breached")]
    assert await log.view.fetchval("SELECT count(*) FROM deadlines WHERE case_id = $1", kept) == 1
    await the_read_model_is_what_the_log_says(log.view)
