"""Three nats-servers that keep the stream together: the leader killed and frozen while clients work, and two of three
gone for a while. Nothing is lost, cases stay in order, and the notifier says why it waits.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import NamedTuple

import httpx
import nats.errors
import pytest
import pytest_asyncio

from amends_notifier.stream import STREAM
from amends_platform.checkup.everything import check_everything
from amends_platform.settings import Settings
from tests.support.nats_cluster import SERVERS, ClusteredNats, NatsCluster, nats_cluster
from tests.support.notifying import connected
from tests.support.postgres import running_postgres
from tests.support.rigs import Rig, a_rig
from tests.support.system import until

COMMANDS_BETWEEN = 80


class Here(NamedTuple):
    rig: Rig
    cluster: NatsCluster


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def here() -> AsyncIterator[Here]:
    async with nats_cluster() as cluster, running_postgres() as postgres:
        await postgres.execute("CREATE DATABASE amends")
        async with a_rig(postgres.url("amends"), cluster.url, settings={"NATS_REPLICAS": str(len(SERVERS))}) as rig:
            await cluster.until_whole()
            yield Here(rig, cluster)


async def test_the_stream_is_made_with_three_replicas_and_refuses_to_be_emptied(here: Here) -> None:
    async with here.rig.load.at_work():
        await here.rig.load.answered(COMMANDS_BETWEEN)
    await here.rig.promises_were_kept()
    info = await here.cluster.stream()
    assert info is not None
    config = info.config
    assert (config.num_replicas, config.duplicate_window) == (3, 600)
    assert (config.deny_delete, config.deny_purge) == (True, True)
    async with connected(here.cluster.url) as client:
        for emptying in (client.jetstream().purge_stream(STREAM), client.jetstream().delete_msg(STREAM, 1)):
            with pytest.raises(nats.errors.Error):
                await emptying


async def test_a_leader_that_is_killed_again_and_again_loses_nothing(here: Here) -> None:
    async with here.rig.load.at_work():
        for _ in SERVERS:
            await here.rig.load.answered(COMMANDS_BETWEEN)
            leader = await here.cluster.leader()
            await leader.kill()
            await here.rig.load.answered(COMMANDS_BETWEEN)
            await leader.start()
            await here.cluster.until_whole()
    await here.rig.promises_were_kept()


async def test_a_leader_that_hangs_is_left_for_the_others(here: Here) -> None:
    leader = await here.cluster.leader()
    with leader.frozen():
        async with here.rig.load.at_work():
            await here.rig.load.answered(COMMANDS_BETWEEN)
        # All of it gets out, though one of three says nothing.
        await here.rig.fleet.quiet()
    await here.cluster.until_whole()
    await here.rig.promises_were_kept()


async def test_without_a_quorum_the_notifier_says_so_and_publishes_all_of_it_afterwards(here: Here) -> None:
    left, *lost = here.cluster.servers
    async with here.rig.load.at_work():
        for server in lost:
            await server.kill()
        await here.rig.load.answered(COMMANDS_BETWEEN)
        await until(lambda: _says(here.rig, 503), lambda: f"it believes that it can publish\n{here.rig.fleet.output}")
        await here.rig.load.answered(COMMANDS_BETWEEN)
    assert left.runs
    assert "docs/runbooks/nats-cluster.md" in await advice_on(left)
    assert await here.rig.told("notifier", "amends_notifier_broker_connected") == [0.0]
    (unpublished,) = await here.rig.told("notifier", "amends_notifier_lag_events")
    assert unpublished is not None
    assert unpublished > 0
    for server in lost:
        await server.start()
    await here.cluster.until_whole()
    await here.rig.promises_were_kept()
    await until(lambda: _says(here.rig, 200), lambda: f"it is not ready again\n{here.rig.fleet.output}")


async def advice_on(server: ClusteredNats) -> str:
    """What `amends doctor` says is to be done about it."""
    found = await check_everything(Settings(nats_url=server.url), None)
    return " ".join(each.mend or "" for each in found if each.subject in ("broker", "stream") and each.status == "bad")


async def _says(rig: Rig, status: int) -> bool:
    (notifier,) = rig.programs["notifier"]
    async with httpx.AsyncClient() as client:
        answer = await client.get(f"http://127.0.0.1:{rig.fleet.port_of(notifier)}/readyz", timeout=10)
    if answer.status_code == 503:
        assert "broker" in answer.text, answer.text
    return answer.status_code == status
