"""A draft tried on history: what it would have breached or met, and that trying it changes nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg

from amends_domain.policy import Policy
from amends_platform.policy.files import load_policy
from amends_platform.policy.rehearsing import Rehearsed, rehearse
from tests.support.commands import run
from tests.support.intake import Intake
from tests.support.ups import environment

EVER = datetime(2000, 1, 1, tzinfo=UTC)
ARGUMENTS = ("--since", "30d", "--json")

DRAFT = """
policy: draft
version: 1
effective_from: 2026-01-01
timezone: Asia/Shanghai
clocks:
  apology: {{from: complaint-received, stop: [apology-given], due: {apology}}}
  callback: {{from: complaint-received, stop: [callback-made], due: agreed, at_most: 7d}}
  greeting: {{from: complaint-received, stop: [apology-given], due: 1h}}
"""


def draft(directory: Path, apology: str) -> Path:
    file = directory / f"draft-{apology}.yaml"
    file.write_text(DRAFT.format(apology=apology))
    return file


async def rehearsed(intake: Intake, policy: Policy, since: datetime = EVER) -> Rehearsed:
    conn = await asyncpg.connect(intake.database.url)
    try:
        return await rehearse(conn, "default", policy, since, lambda _done, _total: None)
    finally:
        await conn.close()


async def apologized_after(intake: Intake, hours: float) -> dict[str, Any]:
    agent = await intake.caller("agent")
    case = await agent.receive()
    await intake.pass_time(hours=hours)
    assert (await agent.give(case, "apology", {"by_channel": "phone", "text": "We are sorry."})).status_code == 200
    return case


def verdicts(found: Rehearsed, clock: str) -> list[tuple[str, str | None, str | None]]:
    return [
        (
            change.reference,
            change.was.verdict if change.was else None,
            change.would_be.verdict if change.would_be else None,
        )
        for change in found.changes
        if change.clock == clock
    ]


async def test_a_shorter_clock_would_have_been_breached(intake: Intake, tmp_path: Path) -> None:
    case = await apologized_after(intake, hours=3)
    found = await rehearsed(intake, load_policy(draft(tmp_path, "2h")).policy)
    assert verdicts(found, "apology") == [(case["reference"], "met", "breached")]


async def test_a_longer_clock_would_have_been_met(intake: Intake, tmp_path: Path) -> None:
    case = await apologized_after(intake, hours=30)
    found = await rehearsed(intake, load_policy(draft(tmp_path, "48h")).policy)
    assert verdicts(found, "apology") == [(case["reference"], "breached", "met")]


async def test_clocks_that_come_and_go_are_told(intake: Intake, tmp_path: Path) -> None:
    case = await apologized_after(intake, hours=3)
    found = await rehearsed(intake, load_policy(draft(tmp_path, "24h")).policy)
    assert verdicts(found, "greeting") == [(case["reference"], None, "breached")]
    assert verdicts(found, "statutory") == [(case["reference"], "pending", None)]
    assert verdicts(found, "apology") == []


async def test_the_policy_that_was_in_force_changes_nothing(intake: Intake) -> None:
    await apologized_after(intake, hours=30)
    found = await rehearsed(intake, load_policy(intake.settings.policy).policy)
    assert (found.cases, found.changes, found.moved) == (1, [], 0)


async def test_what_was_recorded_before_since_stays_as_it_was_judged(intake: Intake, tmp_path: Path) -> None:
    await apologized_after(intake, hours=3)
    later = await apologized_after(intake, hours=3)
    since = intake.now() - timedelta(hours=4)
    found = await rehearsed(intake, load_policy(draft(tmp_path, "2h")).policy, since)
    assert [reference for reference, *_ in verdicts(found, "apology")] == [later["reference"]]


async def test_rehearsing_at_the_command_line_counts_and_lists(intake: Intake, tmp_path: Path) -> None:
    await apologized_after(intake, hours=3)
    before = await intake.database.fetchval("SELECT count(*) FROM events")
    arguments = ("policy", "rehearse", str(draft(tmp_path, "2h")), *ARGUMENTS)
    answer = await run(*arguments, environment=environment(tmp_path, AMENDS_DATABASE_URL=intake.database.url))
    assert answer.status == 0, answer.error
    document = answer.document
    assert {"clock": "apology", "was": "met", "would_be": "breached", "count": 1} in document["counts"]
    assert await intake.database.fetchval("SELECT count(*) FROM events") == before
