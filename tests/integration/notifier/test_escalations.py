"""From the policy's ladder to the role's own subject: timers write the steps, the notifier sends each to its role."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from amends_domain.commands import Apologize, Escalate
from amends_notifier.stream import ensure_stream
from amends_platform.policy.book import PolicyBook
from amends_workflow.firing import Firing
from amends_workflow.projecting import Projecting
from amends_workflow.tasks import stop
from tests.integration.workflow.conftest import Log, open_log
from tests.support.listening import Listener, listening
from tests.support.lives import MONDAY
from tests.support.nats import NatsServer
from tests.support.notifying import a_notifier, connected
from tests.support.postgres import Database

SUBJECT = "amends.v1.default."


@asynccontextmanager
async def timers(log: Log) -> AsyncIterator[None]:
    """A workflow without its HTTP."""
    firing = Firing(log.view, on_fired=lambda _fired: projecting.wake())
    projecting = Projecting(log.view, PolicyBook(log.view), on_progress=firing.wake, on_alert=lambda _alert: None)
    tasks = [asyncio.create_task(projecting.run()), asyncio.create_task(firing.run())]
    try:
        yield
    finally:
        await stop(*tasks)


@asynccontextmanager
async def desk(database: Database, nats_server: NatsServer, directory: Path) -> AsyncIterator[tuple[Log, Listener]]:
    """A log with its timers, a notifier, and somebody who hears everything, on a Monday morning."""
    await database.stop_clock(MONDAY)
    async with connected(nats_server.url) as client:
        await ensure_stream(client.jetstream(), 1)
    async with (
        open_log(database, directory) as log,
        timers(log),
        a_notifier(database, nats_server.url),
        listening(nats_server.url) as listener,
    ):
        yield log, listener


def subjects_of(listener: Listener, case_id: UUID) -> list[str]:
    return [message.subject.removeprefix(SUBJECT) for message in listener.of({"id": str(case_id)})]


async def test_each_step_of_the_ladder_reaches_its_role_after_the_breach_and_none_after_the_clock_was_met(
    database: Database, nats_server: NatsServer, tmp_path: Path
) -> None:
    async with desk(database, nats_server, tmp_path) as (log, listener):
        case_id = await log.receive()
        expected = ["event.complaint-received"]
        for hours, subjects in (
            (18, ["reminder.apology"]),
            (24, ["breach.apology", "escalation.service_admin"]),
            # Thursday evening: the second business day after the breach is over.
            (82, ["escalation.department_manager", "escalation.vice_president"]),
        ):
            expected += subjects
            await database.stop_clock(MONDAY + timedelta(hours=hours))
            await listener.until(lambda: len(subjects_of(listener, case_id)) >= len(expected))  # noqa: B023
        await log.give(case_id, Apologize("phone", "Sorry."))
        await listener.until(lambda: "event.apology-given" in subjects_of(listener, case_id))
        steps = [message.said for message in listener.of({"id": str(case_id)}) if ".escalation." in message.subject]
    assert subjects_of(listener, case_id) == [*expected, "event.apology-given"]
    assert [(step["to"], step["cause"], step["clock"], step["generation"], step["step"]) for step in steps] == [
        ("service_admin", "deadline", "apology", 1, 2),
        ("department_manager", "deadline", "apology", 1, 3),
        ("vice_president", "deadline", "apology", 1, 4),
    ]
    assert len({step["due_at"] for step in steps}) == 1


async def test_a_case_of_the_press_is_told_to_the_general_office_at_once_and_a_persons_escalation_to_whom_they_name(
    database: Database, nats_server: NatsServer, tmp_path: Path
) -> None:
    async with desk(database, nats_server, tmp_path) as (log, listener):
        case_id = await log.receive(channel="media")
        await log.give(case_id, Escalate("The minister has called.", to="head_office"))
        await listener.until(lambda: len(subjects_of(listener, case_id)) >= 4)
        messages = listener.of({"id": str(case_id)})
    assert [message.subject.removeprefix(SUBJECT) for message in messages] == [
        "event.complaint-received",
        "escalation.general_office",
        "escalation.marketing",
        "escalation.head_office",
    ]
    assert [message.said["cause"] for message in messages[1:]] == ["notice", "notice", "asked"]
    assert not any(b"minister" in message.raw for message in messages)
