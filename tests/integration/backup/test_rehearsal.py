"""A backup that is made while people work, and restored when the server is lost: what is there then, and what is not.

One walk: the log goes back in time, the keys do not; the broker has survived, or is as new as the server.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg
import structlog
from nats.js.errors import NotFoundError

from amends_notifier.checkpoint_messages import CHECKPOINT_SIGNED
from amends_platform.backup.making import make_backup
from amends_platform.backup.manifest import CHECKPOINT, Manifest
from amends_platform.backup.restoring import restore
from amends_platform.evidence.signing_key import ensure_signing_key, last_file_of
from amends_platform.identity.principals import create_key
from amends_platform.verifying.claims import claims_from, own_public_keys
from amends_platform.verifying.log import Request, Verified, verify_log
from amends_workflow.projection import CHECKPOINT as READ_MODEL
from tests.integration.workflow.conftest import Workflow, running_workflow, until
from tests.support.intake import Caller, Intake, complaint, running_intake
from tests.support.nats import NatsServer, running_nats
from tests.support.notifying import a_notifier, by_case, kept
from tests.support.postgres import Database, new_database

# An apology is due after a day, and reminded of after eighteen hours.
BEFORE_BACKUP, AT_RESTORE = timedelta(hours=19), timedelta(hours=25)
OFTEN_SECONDS = 0.05
CUSTOMERS = ("waiting", "erased-before", "erased-after")
_ALL_PUBLISHED = "SELECT position = (SELECT position FROM log_head) FROM checkpoints WHERE name = 'notifier'"
ASK = {"reason": "asked for by the customer"}


@dataclass
class Running:
    """Everything that runs on one database, with the keys and the broker that there are."""

    database: Database
    intake: Intake
    workflow: Workflow
    keys: Path

    async def quiet(self) -> None:
        """Nothing is due that was not done, and all is projected and published."""
        asked = (
            "SELECT NOT EXISTS (SELECT FROM timers WHERE fires_at <= log_now()) AND 2 = (SELECT count(*) FROM"
            " checkpoints AS c, log_head AS head WHERE c.name IN ($1, 'notifier') AND c.position >= head.position)"
        )
        await until(lambda: self.database.fetchval(asked, READ_MODEL))

    async def signed(self) -> None:
        """All of the log is covered by a checkpoint, which is remembered beside the key."""
        asked = "SELECT (SELECT max(tree_size) FROM signed_checkpoints) = (SELECT position FROM log_head)"
        await until(lambda: self.database.fetchval(asked))

    async def verified(self, *checkpoints: Path) -> Verified:
        keys = own_public_keys(self.keys / "signing.key")
        claims = [claim for path in checkpoints for claim in claims_from(path, keys)]
        return await verify_log(Request(self.database.url, keys, claims), lambda _done, _total: None)

    async def ids(self) -> list[str]:
        return await _ids(self.database)


@asynccontextmanager
async def running(database: Database, keys: Path, nats_url: str) -> AsyncIterator[Running]:
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(a_notifier(database, nats_url))
        intake = await stack.enter_async_context(running_intake(database, keys))
        workflow = await stack.enter_async_context(running_workflow(database, keys, checkpoint_seconds=OFTEN_SECONDS))
        yield Running(database, intake, workflow, keys)


@dataclass
class Lost:
    """The server that will be lost: the backup, who had which key, and what people were told."""

    backup: Path
    manifest: Manifest
    callers: Mapping[str, str]
    cases: Mapping[str, dict[str, Any]]
    answers: Mapping[str, bytes]
    position: int


async def test_a_restored_server_goes_on_where_the_backup_ends(
    database: Database, nats_server: NatsServer, tmp_path: Path
) -> None:
    keys = tmp_path / "keys"
    lost = await _until_the_server_is_lost(database, nats_server.url, keys, tmp_path / "backup")
    assert lost.manifest.position < lost.position
    async with (
        new_database(database.server, "template0") as restored,
        new_database(database.server, "template0") as other,
    ):
        assert await restore(lost.backup, restored.url, _nobody_looks) == lost.manifest
        await _with_the_broker_that_survived(restored, nats_server.url, keys, lost)
        await restore(lost.backup, other.url, _nobody_looks)
        async with running_nats(tmp_path / "new-broker") as broker:
            await _with_a_new_broker(other, broker.url)


async def _until_the_server_is_lost(database: Database, nats_url: str, keys: Path, backup: Path) -> Lost:
    async with running(database, keys, nats_url) as system:
        callers = {role: await _new_key(database, role) for role in ("agent", "handler", "department_head")}
        agent = Caller(system.intake.client, callers["agent"], "agent")
        received = {name: await agent.post("/v1/complaints", _told_by(name), key=name) for name in CUSTOMERS}
        await _erase(system.intake, callers, "erased-before")
        await system.intake.pass_time(seconds=BEFORE_BACKUP.total_seconds())
        await system.quiet()
        await system.signed()
        async with _somebody_at_work(agent):
            manifest = await make_backup(database.url, backup, _nobody_looks)
        await _erase(system.intake, callers, "erased-after")
        assert (await agent.post("/v1/complaints", _told_by("late"), key="late")).status_code == 201
        await system.quiet()
        await system.signed()
        return Lost(
            backup,
            manifest,
            callers,
            {name: answer.json() for name, answer in received.items()},
            {name: answer.content for name, answer in received.items()},
            await database.fetchval("SELECT position FROM log_head"),
        )


async def _with_the_broker_that_survived(restored: Database, nats_url: str, keys: Path, lost: Lost) -> None:
    published_before = await _published(nats_url)
    last = last_file_of(keys / "signing.key")
    async with running(restored, keys, nats_url) as system:
        # That the log went back in time is told, by the workflow and by whoever verifies; else nothing is wrong.
        await until(lambda: _says_it_was_restored(system.workflow))
        assert "the checkpoint of" in (await system.verified(last)).faults[0].what
        assert not (await system.verified(lost.backup / CHECKPOINT)).faults
        await _erased_customers_stay_erased(system, lost)
        # The apology fell due while there was no server.
        await system.intake.pass_time(seconds=AT_RESTORE.total_seconds())
        await system.quiet()
        types = await system.intake.types(lost.cases["waiting"])
        assert types.count("deadline-breached") == types.count("reminder-issued") == 1
        # What the backup knows is answered as it was; what came after it is taken as if for the first time.
        agent = Caller(system.intake.client, lost.callers["agent"], "agent")
        repeated = await agent.post("/v1/complaints", _told_by("waiting"), key="waiting")
        assert (repeated.status_code, repeated.content) == (201, lost.answers["waiting"])
        head = await restored.fetchval("SELECT position FROM log_head")
        assert (await agent.post("/v1/complaints", _told_by("late"), key="late")).json()["position"] == head + 1
        await system.quiet()
        published = await _published(nats_url)
        assert set(published.values()) == {1}
        assert published.keys() == published_before.keys() | set(await system.ids())
    _take_another_signing_key(keys)
    async with running(restored, keys, nats_url) as system:
        await system.signed()
        assert (await system.workflow.client.get("/readyz")).status_code == 200
        assert not (await system.verified(lost.backup / CHECKPOINT, last_file_of(keys / "signing.key"))).faults


async def _with_a_new_broker(restored: Database, nats_url: str) -> None:
    """It has nothing of what was published before: the notifier says so, and publishes all of it once more."""
    wanted = set(await _ids(restored))

    async def is_filled() -> bool:
        try:
            return (await _published(nats_url)).keys() == wanted
        except NotFoundError:
            # The notifier has yet to make the stream.
            return False

    with structlog.testing.capture_logs() as said:
        async with a_notifier(restored, nats_url):
            await until(is_filled)
            await until(lambda: restored.fetchval(_ALL_PUBLISHED))
    assert any(line["event"].startswith("the stream was lost") for line in said)
    messages = [message for message in await kept(nats_url) if message.headers["ce-type"] != CHECKPOINT_SIGNED]
    assert len(messages) == len(wanted)
    for versions in by_case(messages).values():
        assert versions == list(range(1, len(versions) + 1))


async def _erased_customers_stay_erased(system: Running, lost: Lost) -> None:
    narrative = _told_by("waiting")["narrative"]
    asker = await system.workflow.asker("handler")
    for name, is_readable in (("waiting", True), ("erased-before", False), ("erased-after", False)):
        events = await asker.get(f"/v1/cases/{lost.cases[name]['id']}/events")
        assert (narrative in events.text) == is_readable, name
    erased = await system.intake.rows("SELECT customer_ref FROM data_keys WHERE erased_at IS NOT NULL ORDER BY 1")
    assert [row["customer_ref"] for row in erased] == ["erased-after", "erased-before"]


def _take_another_signing_key(keys: Path) -> None:
    """As docs/backup.md says: the log has another name from here on, and what the first one signed is kept."""
    for file in (keys / "signing.key", last_file_of(keys / "signing.key")):
        file.rename(file.with_name(f"before-the-restore.{file.name}"))
    ensure_signing_key(keys / "signing.key", "amends/default/2")


async def _erase(intake: Intake, callers: Mapping[str, str], customer: str) -> None:
    path = f"/v1/customers/{customer}/erasure"
    asked = await Caller(intake.client, callers["handler"], "handler").post(path, ASK)
    approved = await Caller(intake.client, callers["department_head"], "head").post(f"{path}/approval", {})
    assert (asked.status_code, approved.status_code) == (202, 200), approved.text


@asynccontextmanager
async def _somebody_at_work(agent: Caller) -> AsyncIterator[None]:
    """Who has recorded something before the block begins, and goes on until after it ends."""
    done, ended = asyncio.Event(), False

    async def work() -> None:
        while not ended:
            await agent.receive(customer={"ref": "C-1"})
            done.set()

    task = asyncio.create_task(work())
    await done.wait()
    yield
    ended = True
    await task


def _told_by(customer: str) -> dict[str, Any]:
    return complaint(customer={"ref": customer, "name": "Ms. Chen"})


async def _new_key(database: Database, role: str) -> str:
    connection = await asyncpg.connect(database.url)
    try:
        return await create_key(connection, role=role, tenant="default", branch=None, person=role)
    finally:
        await connection.close()


async def _says_it_was_restored(workflow: Workflow) -> bool:
    answer = await workflow.client.get("/readyz")
    return answer.status_code == 503 and "an older state was restored" in answer.json()["detail"]


async def _published(nats_url: str) -> Counter[str]:
    """How often each event stands in the stream."""
    messages = await kept(nats_url)
    return Counter(message.id for message in messages if message.headers["ce-type"] != CHECKPOINT_SIGNED)


async def _ids(database: Database) -> list[str]:
    connection = await asyncpg.connect(database.url)
    try:
        return [str(row["id"]) for row in await connection.fetch("SELECT id FROM events ORDER BY position")]
    finally:
        await connection.close()


def _nobody_looks(_done: int, _total: int) -> None:
    return None
