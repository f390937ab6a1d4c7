"""The safety net is tried itself: each planted mistake is seen to break its promise, and where none is, none breaks."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.faults.planted.bugs import BUGS, Bug
from tests.faults.planted.stage import staged
from tests.support.nats import NatsServer
from tests.support.postgres import PostgresServer, running_postgres

# One that plays each scenario: with the same rules it is the same, whatever is planted.
WITHOUT = {(bug.scenario, bug.policy): bug for bug in BUGS}.values()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def server() -> AsyncIterator[PostgresServer]:
    """A server to be killed; every test has a database of its own there."""
    async with running_postgres() as running:
        yield running


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
async def test_a_planted_bug_is_caught(bug: Bug, server: PostgresServer, nats_server: NatsServer) -> None:
    failed = None
    async with staged(bug.patches, server, nats_server, bug.policy) as stage:
        try:
            await bug.scenario(stage)
        except Exception as error:
            # Who uses a system that is broken meets that, too. What counts is what is seen of it.
            failed = error
        found = await stage.violations()
    assert bug.breaks in {each.promise for each in found}, [failed, *found]


@pytest.mark.parametrize("bug", WITHOUT, ids=lambda bug: bug.scenario.__name__)
async def test_without_one_the_same_breaks_no_promise(
    bug: Bug, server: PostgresServer, nats_server: NatsServer
) -> None:
    async with staged((), server, nats_server, bug.policy) as stage:
        await bug.scenario(stage)
        found = await stage.violations()
        assert not stage.ended, stage.fleet.output
        assert not found, "\n".join(map(str, found[:30])) + stage.fleet.output
