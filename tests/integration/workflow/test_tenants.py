"""Two tenants on one database, each with its own services: all of it works for each, and none sees the other's."""

from __future__ import annotations

from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

import asyncpg
import pytest

from amends_platform.identity.principals import create_key
from tests.integration.workflow.conftest import Asker, Workflow, running_workflow
from tests.support import notifying
from tests.support.intake import Caller, Intake, complaint, running_intake
from tests.support.nats import NatsServer
from tests.support.postgres import Database
from tests.support.walls import OTHER, OWN


class Tenant(NamedTuple):
    """One of the two, with its services."""

    intake: Intake
    workflow: Workflow
    key: str

    @property
    def agent(self) -> Caller:
        return Caller(self.intake.client, self.key, "head")

    @property
    def asker(self) -> Asker:
        return Asker(self.workflow.client, self.key)


async def open_tenant(stack: AsyncExitStack, database: Database, directory: Path, name: str) -> Tenant:
    owner = await asyncpg.connect(database.url)
    key = await create_key(owner, role="department_head", tenant=name, person="head")
    await owner.close()
    intake = await stack.enter_async_context(running_intake(database, directory, tenant=name))
    workflow = await stack.enter_async_context(running_workflow(database, directory, tenant=name))
    return Tenant(intake, workflow, key)


async def test_two_tenants_side_by_side_see_nothing_of_one_another(
    database: Database, tmp_path_factory: pytest.TempPathFactory, nats_server: NatsServer
) -> None:
    async with AsyncExitStack() as stack:
        directories = {name: tmp_path_factory.mktemp(name) for name in (OWN, OTHER)}
        tenants = {name: await open_tenant(stack, database, each, name) for name, each in directories.items()}
        cases: dict[str, dict[str, Any]] = {}
        for name, tenant in tenants.items():
            # The same customer and the same idempotency key: another organisation's.
            taken = await tenant.agent.post("/v1/complaints", complaint(), key="call-1")
            assert taken.status_code == 201, taken.text
            cases[name] = taken.json()
        assert cases[OWN]["id"] != cases[OTHER]["id"]
        await database.move_clock(timedelta(hours=25))
        # Whoever leads projects and fires for both.
        head = cases[OTHER]["position"] + 2
        await notifying.until(lambda: has_come_to(database, head), "both apologies were to be overdue")
        for name, tenant in tenants.items():
            own, others = cases[name], cases[OTHER if name == OWN else OWN]
            asker = tenant.asker
            listed = (await asker.ask("/v1/cases", min_position=head))["items"]
            assert [item["id"] for item in listed] == [own["id"]]
            assert [item["case_id"] for item in (await asker.ask("/v1/alerts", kind="breach"))["items"]] == [own["id"]]
            assert (await asker.get(f"/v1/cases/{others['id']}")).status_code == 404
            assert (await asker.get(f"/v1/cases/{others['reference']}/events")).status_code == 404
            assert (await asker.ask("/v1/customers/C-10482/timeline"))["items"][0]["case_id"] == own["id"]
            assert (await tenant.agent.give(others, "notes", {"text": "Not mine."})).status_code == 404
            # A key of the other is nobody's here.
            stranger = tenants[OTHER if name == OWN else OWN].key
            assert (await Asker(tenant.workflow.client, stranger).get("/v1/cases")).status_code == 401
            call = Caller(tenant.intake.client, stranger, "head")
            assert (await call.post("/v1/complaints", complaint())).status_code == 401
        for name in tenants:
            async with notifying.a_notifier(database, nats_server.url, tenant=name):
                await notifying.until(lambda: all_published(database, head), "the notifier was to publish all")
        subjects = [message.subject for message in await notifying.kept(nats_server.url)]
        for name in tenants:
            assert subjects.count(f"amends.v1.{name}.breach.apology") == 1, subjects


async def has_come_to(database: Database, position: int) -> bool:
    reached = await database.fetchval("SELECT position FROM checkpoints WHERE name = 'read-model'")
    return reached is not None and reached >= position


async def all_published(database: Database, position: int) -> bool:
    reached = await database.fetchval("SELECT position FROM checkpoints WHERE name = 'notifier'")
    return reached is not None and reached >= position
