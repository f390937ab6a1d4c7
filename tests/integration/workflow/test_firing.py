"""Timers become events exactly once, as soon as the store's clock says so, whoever runs beside and whatever fails."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import asyncpg
import pytest

from amends_domain.commands import Apologize
from amends_platform.http.health import NotReady
from amends_platform.policy.book import PolicyBook
from amends_store.migrate import migrate
from amends_store.timers import Fired
from amends_workflow.alert_rows import Alert
from amends_workflow.firing import Firing
from amends_workflow.projecting import Halted, Projecting
from amends_workflow.tasks import stop
from tests.integration.workflow.comparing import (
    every_deadline_came_to_its_end_once,
    the_read_model_is_what_the_log_says,
)
from tests.integration.workflow.conftest import Log, nothing_owed, open_log, project, running, until
from tests.support.postgres import new_database, running_postgres

# What a clock writes that nobody stops, by the default policy: the first step of the ladder comes with the breach.
BREACHED = ["reminder-issued", "deadline-breached", "case-escalated"]


class Workflow:
    """One workflow process without its HTTP: the projection and the timers, wired as in the app."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self.fired: list[Fired] = []
        self.alerts: list[Alert] = []
        self.firing = Firing(pool, on_fired=self._on_fired)
        self.projecting = Projecting(pool, PolicyBook(pool), on_progress=self.firing.wake, on_alert=self.alerts.append)

    async def run(self) -> None:
        tasks = [asyncio.create_task(self.projecting.run()), asyncio.create_task(self.firing.run())]
        try:
            await asyncio.gather(*tasks)
        finally:
            await stop(*tasks)

    def _on_fired(self, fired: list[Fired]) -> None:
        self.fired += fired
        self.projecting.wake()


async def test_a_reminder_and_then_a_breach_are_written_when_the_clock_says_so(log: Log) -> None:
    case_id = await log.receive()
    workflow = Workflow(log.view)
    async with running(workflow.run()):
        await log.database.move_clock(timedelta(hours=18, minutes=1))
        await until(lambda: _has(log, case_id, ["reminder-issued"]))
        await log.database.move_clock(timedelta(hours=6))
        await until(lambda: _has(log, case_id, BREACHED))
        await until(lambda: nothing_owed(log))
    row = await log.pool.fetchrow(
        "SELECT data::jsonb AS data, occurred_at, recorded_at, actor, policy_hash FROM events WHERE position = 3"
    )
    assert row["actor"] == "system:workflow"
    assert row["occurred_at"] < row["recorded_at"]
    assert row["policy_hash"].hex() == log.policy.hash
    assert [type(alert).__name__ for alert in workflow.alerts] == [
        *("ReminderIssued", "DeadlineBreached", "CaseEscalated")
    ]
    await the_read_model_is_what_the_log_says(log.view)


async def test_a_clock_that_was_stopped_never_fires(log: Log) -> None:
    case_id = await log.receive()
    async with running(Workflow(log.view).run()):
        await log.give(case_id, Apologize("phone", "Sorry."))
        await until(lambda: nothing_owed(log))
        await log.database.move_clock(timedelta(hours=30))
        await until(lambda: nothing_owed(log))
    assert await log.types(case_id) == ["complaint-received", "apology-given"]


async def test_two_workflow_processes_fire_each_timer_once(log: Log) -> None:
    case_ids = await asyncio.gather(*(log.receive(customer_ref=f"C-{n}") for n in range(150)))
    await project(log.database)
    await log.database.move_clock(timedelta(days=30))
    first = Workflow(await log.database.pool("amends_workflow", max_size=6))
    second = Workflow(await log.database.pool("amends_workflow", max_size=6))
    async with running(first.run()), running(second.run()):
        await until(lambda: nothing_owed(log))
    for case_id in case_ids:
        await every_deadline_came_to_its_end_once(log.view, case_id)
    rows = await log.pool.fetch(
        "SELECT stream_id, data->>'clock' AS clock FROM events WHERE type = 'deadline-breached'"
    )
    breaches = Counter((row["stream_id"], row["clock"]) for row in rows)
    assert breaches == {(case_id, clock): 1 for case_id in case_ids for clock in ("apology", "callback", "statutory")}
    assert len({fired.position for fired in first.fired + second.fired}) == len(first.fired + second.fired)
    await the_read_model_is_what_the_log_says(log.view)


async def test_when_the_leader_stops_another_process_keeps_the_read_model(log: Log) -> None:
    first = Workflow(await log.database.pool("amends_workflow", max_size=6))
    second = Workflow(await log.database.pool("amends_workflow", max_size=6))
    async with running(second.run()):
        async with running(first.run()):
            await log.receive()
            assert await first.projecting.reached(1, 10)
            assert await second.projecting.reached(1, 10)
            assert first.projecting.is_leading != second.projecting.is_leading
        await log.receive(customer_ref="C-2")
        assert await second.projecting.reached(2, 10)
        assert second.projecting.is_leading


async def test_a_leader_whose_session_was_cut_leads_again(log: Log) -> None:
    workflow = Workflow(await log.database.pool("amends_workflow", max_size=6))
    async with running(workflow.run()):
        await log.receive()
        assert await workflow.projecting.reached(1, 10)
        await log.database.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted"
        )
        await log.receive(customer_ref="C-2")
        assert await workflow.projecting.reached(2, 10)


async def test_an_event_of_an_unknown_type_halts_the_projection_and_is_not_skipped(log: Log) -> None:
    case_id = await log.receive()
    await log.receive(customer_ref="C-2")
    await log.database.execute(
        "INSERT INTO events SELECT 3, stream_id, 2, gen_random_uuid(), 'moon-landed', 1, occurred_at, recorded_at,"
        " tenant, actor, correlation_id, NULL, NULL, '{}', NULL, NULL, leaf_hash FROM events WHERE position = 1"
    )
    workflow = Workflow(log.view)
    await asyncio.wait_for(workflow.projecting.run(), 20)
    assert workflow.projecting.is_halted
    with pytest.raises(Halted, match="moon-landed"):
        workflow.projecting.check()
    # Everything before it is there, nothing of it or after it.
    await log.receive(customer_ref="C-3")
    assert await workflow.projecting.position() == 2
    assert await log.view.fetchval("SELECT version FROM cases WHERE id = $1", case_id) == 1
    assert await log.view.fetchval("SELECT count(*) FROM cases") == 2


async def test_a_policy_that_was_altered_halts_the_projection_which_says_so_to_whoever_asks(log: Log) -> None:
    await log.receive()
    await log.database.execute("ALTER TABLE policies DISABLE TRIGGER ALL; UPDATE policies SET version = version + 1")
    workflow = Workflow(log.view)
    await asyncio.wait_for(workflow.projecting.run(), 20)
    with pytest.raises(NotReady, match="was altered in the database"):
        workflow.projecting.check()
    assert await workflow.projecting.position() == 0


async def test_what_fell_due_while_nobody_ran_is_caught_up_with_its_lateness(log: Log) -> None:
    case_id = await log.receive()
    await project(log.database)
    await log.database.move_clock(timedelta(hours=26))
    async with running(Workflow(log.view).run()):
        await until(lambda: _has(log, case_id, BREACHED))
    late_ms = await log.pool.fetchval("SELECT CAST(data->>'late_by_ms' AS bigint) FROM events WHERE position = 3")
    assert timedelta(hours=2) <= timedelta(milliseconds=late_ms) < timedelta(hours=2, minutes=1)


async def test_projection_and_timers_outlive_a_restart_of_the_database(tmp_path: Path) -> None:
    async with running_postgres() as server:
        await server.execute("CREATE DATABASE amends_template")
        await migrate(server.url("amends_template"))
        async with new_database(server) as database, open_log(database, tmp_path) as log:
            case_id = await log.receive()
            workflow = Workflow(await database.pool("amends_workflow", max_size=6))
            async with running(workflow.run()):
                assert await workflow.projecting.reached(1, 10)
                await server.kill()
                await server.start()
                await log.database.move_clock(timedelta(hours=30))
                await until(lambda: _has(log, case_id, BREACHED))
                assert await workflow.projecting.reached(4, 10)


async def test_a_wait_for_a_position_that_does_not_come_ends(log: Log) -> None:
    projecting = Projecting(log.view, PolicyBook(log.view), on_progress=lambda: None, on_alert=lambda _: None)
    assert not await projecting.reached(1, 0.1)
    async with running(projecting.run()):
        assert not await projecting.reached(1, 0.1)
        await log.receive()
        assert await projecting.reached(1, 10)


async def test_rows_of_a_case_that_moved_on_wait_for_the_projection(log: Log) -> None:
    case_id = await log.receive()
    await project(log.database)
    await log.database.move_clock(timedelta(hours=23))
    await log.give(case_id, Apologize("phone", "Just in time."))
    await log.database.move_clock(timedelta(hours=3))
    firing = Firing(log.view, on_fired=lambda _: None)
    async with running(firing.run()):
        await until(lambda: _overdue(firing))
        assert await log.types(case_id) == ["complaint-received", "apology-given"]
        await project(log.database)
        firing.wake()
        await until(lambda: nothing_owed(log))
    assert await log.types(case_id) == ["complaint-received", "apology-given"]


async def _overdue(firing: Firing) -> bool:
    return firing.overdue_seconds > 0


async def _has(log: Log, case_id: UUID, wanted: list[str]) -> bool:
    rows = await log.pool.fetch(
        "SELECT type FROM events WHERE stream_id = $1 AND actor = 'system:workflow' ORDER BY version", case_id
    )
    return [row["type"] for row in rows] == wanted
