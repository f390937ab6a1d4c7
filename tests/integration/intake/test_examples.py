"""Every request that the OpenAPI document shows as an example is taken, as it stands there."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from amends_intake.examples import REQUESTS
from amends_platform.policy.files import load_policy
from amends_platform.policy.publishing import publish
from tests.support.contract import document
from tests.support.intake import Caller, Intake, running_intake
from tests.support.postgres import PostgresServer, new_database

# Friday, nine in the morning where the bank is: when the story of the examples begins.
BEGINS_AT = datetime(2026, 9, 25, 1, 0, tzinfo=UTC)


class Story:
    """Tells the examples to an intake, each by somebody who may, and counts what was taken."""

    def __init__(self, intake: Intake, handler: Caller, head: Caller) -> None:
        self.intake = intake
        self.handler = handler
        self.head = head
        self.taken: set[str] = set()

    async def begin(self, name: str = "receive", by: Caller | None = None, **fields: Any) -> dict[str, Any]:
        """A new case, by the example but for these fields."""
        return await self._posted(name, _path(name), fields, by or self.handler)

    async def tell(self, case: dict[str, Any], *names: str, by: Caller | None = None, **fields: Any) -> dict[str, Any]:
        """Give the case these commands, one after the other; the last answer."""
        answer = case
        for name in names:
            path = _path(name).replace("{id}", case["id"]).replace("{number}", "1")
            answer = await self._posted(name, path, fields, by or self.handler)
        return answer

    async def about(self, customer: str, name: str, by: Caller) -> None:
        """Give a command about a customer."""
        await self._posted(name, _path(name).replace("{ref}", customer), {}, by)

    async def _posted(self, name: str, path: str, fields: dict[str, Any], by: Caller) -> dict[str, Any]:
        response = await by.post(path, {**REQUESTS[name], **fields})
        assert response.is_success, (name, response.text)
        self.taken.add(name)
        answer: dict[str, Any] = response.json()
        return answer


@pytest_asyncio.fixture(loop_scope="session")
async def story(postgres: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Story]:
    async with (
        new_database(postgres) as database,
        running_intake(database, tmp_path_factory.mktemp("keys")) as intake,
    ):
        await intake.pass_time(seconds=(BEGINS_AT - datetime.now(UTC)) / timedelta(seconds=1))
        yield Story(intake, await intake.caller("handler"), await intake.caller("department_head"))


async def test_the_examples_are_taken(story: Story) -> None:
    first = await story.begin()
    assert first["reference"] == "5MAY-X6NW", "the examples call it so"
    await story.tell(await story.begin(external_ref=None), "merge")
    await story.tell(first, "corrections", "contacts", "callback", "promises", "promises-kept", "classification")
    await story.tell(first, "flags", "actions", "notes")
    # A position is that of the alert which is seen: the only thing that an example cannot know.
    told = await story.tell(first, "escalation")
    # The grade, which the first escalation raises, comes after it.
    await story.tell(first, "acknowledgements", position=told["position"] - 1)
    await story.tell(first, "legal-hold", "legal-hold-release", "extensions", by=story.head)
    await story.tell(first, "assignment", "handoffs", "handoffs-refusal", "handoffs", "handoffs-acceptance")
    await story.tell(await story.begin(external_ref=None), "links")

    resolved = await story.begin(external_ref=None)
    await story.tell(resolved, "apology", "investigation", "proposals")
    await story.tell(resolved, "proposals-approval", by=story.head)
    await story.tell(resolved, "confirmation", "follow-up", "review", "reopening")

    declined = await story.begin(external_ref=None)
    await story.tell(declined, "apology", "investigation", "proposals")
    await story.tell(declined, "proposals-rejection", by=story.head)
    await story.tell(declined, "proposals", amount=None, currency=None)
    await story.tell(declined, "decline", "unsatisfied-closure")

    await story.tell(await story.begin(external_ref=None), "withdrawal")
    await story.tell(await story.begin(external_ref=None), "on-the-spot")
    await story.tell(await story.begin("open-incident", by=story.head), "closure", by=story.head)

    await story.about("C-10482", "request-erasure", story.handler)
    await story.about("C-10482", "reject-erasure", story.head)
    await story.about("C-10482", "request-erasure", story.handler)
    await story.about("C-10482", "approve-erasure", story.head)

    await _retime(story)
    assert REQUESTS.keys() - story.taken == set()
    described = {each["operationId"] for path in document("intake")["paths"].values() for each in path.values()}
    assert story.taken == described - {"livez", "readyz", "metrics"}


async def _retime(story: Story) -> None:
    """A clock is moved once a policy is in force that times it otherwise."""
    case = await story.begin(external_ref=None)
    written = load_policy("bank-cn").document.replace("version: 5", "version: 6").replace("due: 24h", "due: 12h")
    draft = story.intake.settings.key_store_path.parent / "draft.yaml"
    draft.write_text(written)
    connection = await asyncpg.connect(story.intake.database.url)
    try:
        await publish(connection, "default", load_policy(str(draft)), "somebody")
    finally:
        await connection.close()
    # Intake learns of it by itself.
    while True:
        response = await story.head.post(f"/v1/complaints/{case['id']}/retiming", REQUESTS["retiming"])
        if response.is_success:
            story.taken.add("retiming")
            return
        assert response.json()["type"].endswith(":nothing-changes"), response.text


def _path(name: str) -> str:
    for path, methods in document("intake")["paths"].items():
        if any(each["operationId"] == name for each in methods.values()):
            return str(path)
    raise AssertionError(f"there is no operation {name}")
