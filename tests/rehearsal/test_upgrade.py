"""An upgrade while clients work: the release before and this one on one schema, one database, one broker."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from amends_store.migrate import migrate, newest_schema_version, schema_version
from amends_store.walls import finish_upgrade
from tests.support.hasty import HASTY
from tests.support.judging.judge import judge
from tests.support.judging.recording import history_of
from tests.support.load import Load
from tests.support.nats import NatsServer
from tests.support.postgres import PostgresServer
from tests.support.releases import ROOT, Fleet, unpack_release
from tests.support.scratch import scratch_directory
from tests.support.system import until
from tests.support.tailing import tailing

# The last commit of the release before, whose schema is 0013.
BEFORE = "d49b47c"
SEED = int(os.environ.get("AMENDS_TEST_SEED", "20260301"))
CLIENTS = 4
# They are many requests under way at once, not as many as the machine can serve.
PAUSE_SECONDS = 0.1
COMMANDS_BETWEEN = 20


@pytest.fixture
async def fleet(postgres: PostgresServer, nats_server: NatsServer) -> AsyncIterator[Fleet]:
    with scratch_directory("amends-upgrade-") as directory:
        await postgres.administer("CREATE DATABASE upgrading")
        try:
            yield Fleet(directory, postgres.url("upgrading"), nats_server.url, HASTY)
        finally:
            await postgres.administer("DROP DATABASE upgrading WITH (FORCE)")


async def test_an_upgrade_fails_no_request_and_loses_nothing(fleet: Fleet) -> None:
    before = unpack_release(BEFORE, fleet.directory / "before")
    await fleet.prepare(before)
    assert fleet.schema == "0013"
    async with fleet.open():
        old = await fleet.start(before, "old")
        load = Load(fleet, seed=SEED, clients=CLIENTS, pause_seconds=PAUSE_SECONDS)
        async with tailing(fleet.database_url) as reader:
            async with load.at_work(), asking(fleet, load) as asked:
                await load.answered(COMMANDS_BETWEEN)
                await migrated_beside_a_long_report(fleet, load)
                # The old ones on the new schema, both, and the new ones alone.
                await load.answered(COMMANDS_BETWEEN)
                new, other = await asyncio.gather(fleet.start(ROOT, "new"), fleet.start(ROOT, "other", ("intake",)))
                await load.answered(COMMANDS_BETWEEN)
                await fleet.stop(*old)
                async with fleet.database() as owner:
                    await finish_upgrade(owner)
                await load.answered(COMMANDS_BETWEEN)
                await fleet.stop(*other)
                await load.answered(COMMANDS_BETWEEN)
            await fleet.quiet()
            history = await history_of(fleet, load.commands, await reader.caught_up())
        await fleet.stop(*new)
    assert not fleet.asked_by.failures, fleet.output
    assert {command.sent for command in load.commands} == {1}
    assert asked, "nothing was asked meanwhile"
    broken = judge(history)
    assert not broken, "\n".join(map(str, broken[:30]))


async def migrated_beside_a_long_report(fleet: Fleet, load: Load) -> None:
    """The schema is brought up to date while somebody reads every table in one transaction, and commands go through."""
    async with fleet.database() as report:
        reading = report.transaction()
        await reading.start()
        for (table,) in await report.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"):
            await report.fetchval(f"SELECT count(*) FROM {table}")
        migrating = asyncio.create_task(migrate(fleet.database_url))
        await load.answered(COMMANDS_BETWEEN)
        await reading.rollback()
        await migrating
        assert await schema_version(report) == newest_schema_version()


@asynccontextmanager
async def asking(fleet: Fleet, load: Load) -> AsyncIterator[list[int]]:
    """Somebody who asks for cases all the time, as new as the newest command; the positions that they have seen."""
    seen: list[int] = []

    async def ask() -> None:
        while True:
            await asyncio.sleep(PAUSE_SECONDS)
            answer = next((each.taken.said for each in reversed(load.commands) if each.taken is not None), None)
            if answer is None:
                continue
            response = await fleet.ask(f"/v1/cases/{answer['id']}?min_position={answer['position']}")
            assert response.status_code == 200, response.text
            seen.append(response.json()["position"])

    task = asyncio.create_task(ask())
    try:
        yield seen
        count = len(seen)
        await until(lambda: task.done() or len(seen) > count, lambda: f"nothing was answered\n{fleet.output}")
        if task.done():
            task.result()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
