"""Which policy decides: the one in force when a command comes, also when it was published while intake ran."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import asyncpg

from amends_platform.policy.files import load_policy
from amends_platform.policy.publishing import publish
from tests.support.intake import Intake, running_intake

SECONDS_MAX = 30
DRAFT = """
policy: bank-cn
version: 99
effective_from: 2026-01-01
timezone: Asia/Shanghai
calendar: {country: CN, business_hours: "09:00-17:30", workdays: [mon, tue, wed, thu, fri]}
clocks:
  ombudsman: {from: complaint-received, stop: [followed-up], due: 20d}
"""


def kinds(answer: dict[str, Any]) -> set[str]:
    return {each["kind"] for each in answer["deadlines"]}


async def publish_draft(intake: Intake, directory: Path) -> None:
    draft = directory / "draft.yaml"
    draft.write_text(DRAFT)
    conn = await asyncpg.connect(intake.database.url)
    try:
        await publish(conn, "default", load_policy(str(draft)), "somebody")
    finally:
        await conn.close()


async def test_what_is_published_decides_from_then_on_and_changes_no_case_that_was_there(
    intake: Intake, tmp_path: Path
) -> None:
    agent = await intake.caller("agent")
    before = await agent.receive()
    await publish_draft(intake, tmp_path)
    async with asyncio.timeout(SECONDS_MAX):
        while "ombudsman" not in kinds(await agent.receive()):
            pass
    assert kinds(await agent.must(before, "notes", {"text": "As it was."})) == kinds(before)


async def test_what_was_published_stays_in_force_over_a_restart(intake: Intake, tmp_path: Path) -> None:
    await publish_draft(intake, tmp_path)
    async with running_intake(intake.database, tmp_path) as restarted:
        answer = await (await restarted.caller("agent")).receive()
    assert "ombudsman" in kinds(answer)
