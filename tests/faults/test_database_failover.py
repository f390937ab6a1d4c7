"""A PostgreSQL primary that dies and a synchronous standby that is promoted: what was acknowledged, published or signed
is there afterwards, and nothing happens twice.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
import pytest_asyncio

from amends_notifier.service import CONNECTIONS, Notifier
from amends_platform.broker_address import BrokerAddress
from amends_platform.checkup.database import durability
from amends_platform.evidence.signing import CheckpointSigning
from amends_platform.evidence.signing_key import ensure_signing_key, load_signer
from amends_platform.owner import owner_connection
from amends_platform.recorded import new_event
from amends_store.append import Appender
from amends_store.errors import OutcomeUnknown
from amends_store.pool import connect_pool
from amends_store.read import find_receipt
from amends_store.records import Appended, DataKey
from amends_store.replication import NotReplicated, replicated
from amends_workflow.sealer import Sealer
from tests.support.appends import a_command, a_receipt
from tests.support.keys import a_key
from tests.support.nats import NatsServer
from tests.support.notifying import POLICY_HASH, kept_count, received
from tests.support.postgres_pair import Pair, postgres_pair
from tests.support.rigs import Rig, a_rig
from tests.support.system import until

COMMANDS_BETWEEN = 80
WAITING = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND application_name LIKE $1"
CANCEL = WAITING.replace("count(*)", "count(pg_cancel_backend(pid))")


@pytest_asyncio.fixture(loop_scope="session")
async def pair() -> AsyncIterator[Pair]:
    async with postgres_pair() as running:
        yield running


async def test_what_was_acknowledged_survives_one_failover_after_the_other(pair: Pair, nats_server: NatsServer) -> None:
    async with a_rig(pair.url, nats_server.url, each=2) as rig:
        for _ in range(2):
            async with rig.load.at_work():
                await rig.load.answered(COMMANDS_BETWEEN)
                await pair.primary.kill()
                await pair.promote()
                await rig.load.answered(COMMANDS_BETWEEN)
                await pair.rebuild()
                await rig.load.answered(COMMANDS_BETWEEN)
            await rig.promises_were_kept()
            await nothing_stopped(rig)


async def nothing_stopped(rig: Rig) -> None:
    """Neither the read model nor the sealer found the log other than it was."""
    assert await rig.told("workflow", "amends_projection_halted") == [0.0, 0.0]
    assert await rig.told("workflow", "amends_sealer_stopped") == [0.0, 0.0]


async def test_a_former_primary_that_hangs_is_left_and_not_gone_back_to(pair: Pair, nats_server: NatsServer) -> None:
    former = pair.primary
    async with a_rig(pair.url, nats_server.url) as rig:
        async with rig.load.at_work():
            await rig.load.answered(COMMANDS_BETWEEN)
            with former.frozen():
                await pair.promote()
                await rig.load.answered(COMMANDS_BETWEEN)
            # It is back, believes to be the primary still, and nobody has told it otherwise.
            await rig.load.answered(COMMANDS_BETWEEN)
        await former.kill()
        await rig.promises_were_kept()


async def test_nothing_is_acknowledged_while_the_standby_is_away_whoever_cuts_the_waiting_off(
    pair: Pair, nats_server: NatsServer
) -> None:
    async with a_rig(pair.url, nats_server.url) as rig:
        async with rig.load.at_work():
            await rig.load.answered(COMMANDS_BETWEEN)
            await pair.standby.kill()
            for _ in range(3):
                # Whoever it is just now: a command, a timer, what follows the log.
                await until(lambda: cancelled(pair, "amends_%"), lambda: f"nobody waits\n{rig.fleet.output}")
            # What was cut off is there to be seen; and then the only server that has it dies.
            await pair.primary.kill()
            await pair.standby.start()
            await pair.promote()
            await rig.load.answered(COMMANDS_BETWEEN)
        await rig.promises_were_kept()


async def test_a_commit_whose_wait_was_cut_off_is_told_to_nobody_until_the_standby_has_it(
    pair: Pair, nats_server: NatsServer, tmp_path: Path
) -> None:
    """The server shows it from then on; a failover takes it back, and the same key records it anew."""
    pools = {
        role: await connect_pool(pair.url, role=role, tenant="default", min_size=0, max_size=CONNECTIONS)
        for role in ("amends_intake", "amends_notifier", "amends_workflow")
    }
    appender = Appender(pools["amends_intake"])
    notifier = Notifier(
        pools["amends_notifier"], BrokerAddress(nats_server.url), replicas=1, tenant="default", finish_seconds_max=1
    )
    key = tmp_path / "signing.key"
    ensure_signing_key(key, "amends/default")
    sealer = Sealer(pools["amends_workflow"], CheckpointSigning(load_signer(key), key), every_seconds=0.05)
    following = [asyncio.create_task(notifier.run(lambda: None)), asyncio.create_task(sealer.run())]
    customers = a_key()
    event = new_event(received(), datetime.now(UTC), POLICY_HASH, customers)
    brought = DataKey(customers.key_id, customers.customer_ref)
    command = replace(a_command(receipt=a_receipt("the-call"), data_key=brought), events=(event,))
    try:
        await until(lambda: all_follow(pair), lambda: "they do not follow")
        await pair.standby.kill()
        appending = asyncio.create_task(appender.append(command))
        await until(lambda: cancelled(pair, "amends_intake"), lambda: "the append did not wait for the standby")
        # It can be seen, and everybody who does waits.
        for role in ("amends_intake", "amends_notifier", "amends_workflow"):
            await until(lambda role=role: waits(pair, role), lambda role=role: f"{role} does not wait")  # type: ignore[misc]
        assert await pair.primary.fetchval("SELECT position FROM log_head") == 1
        with pytest.raises(OutcomeUnknown):
            await appending
        async with pools["amends_intake"].acquire() as conn:
            with pytest.raises(TimeoutError):
                await replicated(conn, timeout_seconds=0.1)
        assert await kept_count(nats_server.url) == 0
        assert not key.with_suffix(".key.last").exists()

        await pair.primary.kill()
        await pair.standby.start()
        await pair.promote()
        assert await pair.primary.fetchval("SELECT position FROM log_head") == 0
        assert await find_receipt(pools["amends_intake"], "default", "agent-7", "the-call") is None
        verdict = await appender.append(command)
        assert isinstance(verdict, Appended), verdict
        assert (verdict.first_position, verdict.last_position) == (1, 1)
        await until(lambda: signed(pair, 1), lambda: "nothing was signed")
        assert not sealer.is_stopped
    finally:
        notifier.stop()
        following[1].cancel()
        await asyncio.gather(*following, return_exceptions=True)
        await appender.aclose()
        for pool in pools.values():
            pool.terminate()


async def test_a_cancelled_wait_is_no_acknowledgement(pair: Pair) -> None:
    pool = await connect_pool(pair.url, role="amends_notifier", tenant="default", min_size=0, max_size=2)
    await pair.standby.kill()
    async with pool.acquire() as conn:
        waiting = asyncio.create_task(replicated(conn))
        await until(lambda: cancelled(pair, "amends_notifier"), lambda: "it did not wait")
        with pytest.raises(NotReplicated):
            await waiting
        await pair.standby.start()
        await replicated(conn)
    pool.terminate()


async def waits(pair: Pair, role: str) -> bool:
    return bool(await pair.primary.fetchval(WAITING, role))


async def cancelled(pair: Pair, role: str) -> bool:
    return bool(await pair.primary.fetchval(CANCEL, role))


async def all_follow(pair: Pair) -> bool:
    """Whether notifier, announcer and sealer have their checkpoints, so that none waits for having claimed one."""
    return bool(await pair.primary.fetchval("SELECT count(*) = 3 FROM checkpoints"))


async def signed(pair: Pair, events: int) -> bool:
    return (await pair.primary.fetchval("SELECT max(tree_size) FROM signed_checkpoints") or 0) >= events


async def test_the_doctor_names_a_database_that_does_not_wait_for_its_standby_s_disk(pair: Pair) -> None:
    async with owner_connection(pair.url) as owner:
        assert (await durability(owner)).status == "good"
        await owner.execute("ALTER DATABASE amends SET synchronous_commit = remote_write")
    async with owner_connection(pair.url) as owner:
        found = await durability(owner)
    assert (found.status, found.found) == ("bad", "synchronous_commit is remote_write, though there are standbys")
