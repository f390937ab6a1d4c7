"""Every signed checkpoint comes to stand in the stream, once and in order, whatever happens to broker and notifier."""

from __future__ import annotations

import hashlib
from pathlib import Path
from uuid import uuid4

import asyncpg

from amends_notifier.announcing import CHECKPOINT
from amends_notifier.checkpoint_messages import CheckpointPayload
from amends_platform.evidence.notes import Signer
from amends_platform.evidence.tree_head import TreeHead
from tests.support.nats import NatsServer
from tests.support.notifying import Kept, Log, a_notifier, kept, new_notifier, notifier_program, received, until
from tests.support.postgres import Database

SIGNER = Signer("amends/default", bytes(32))


async def sign(database: Database, *tree_sizes: int, note: str | None = None) -> list[str]:
    """Checkpoints of these sizes, as the sealer leaves them. Their notes."""
    conn = await asyncpg.connect(database.url)
    notes = []
    try:
        for size in tree_sizes:
            head = TreeHead(SIGNER.name, size, hashlib.sha256(str(size).encode()).digest())
            notes.append(SIGNER.sign(head.text()) if note is None else note)
            await conn.execute(
                "INSERT INTO signed_checkpoints (tree_size, root_hash, note) VALUES ($1, $2, $3)",
                *(size, head.root_hash, notes[-1]),
            )
    finally:
        await conn.close()
    return notes


async def published(database: Database, tree_size: int) -> None:
    async def is_published() -> bool:
        told = await database.fetchval("SELECT position FROM checkpoints WHERE name = $1", CHECKPOINT)
        return told is not None and told >= tree_size

    await until(is_published, f"the checkpoint of {tree_size} events was not published")


def checkpoints(messages: list[Kept]) -> list[Kept]:
    return [message for message in messages if message.subject == "amends.v1.default.audit.checkpoint"]


async def test_every_checkpoint_is_told_of_once_in_order_through_kills_of_broker_and_notifier(
    log: Log, database: Database, nats_server: NatsServer, tmp_path: Path
) -> None:
    notes = await sign(database, *range(1, 301))
    process = notifier_program(database, nats_server.url, log_file=tmp_path / "notifier.log")
    await process.start()
    await published(database, 100)
    await process.stop(force=True)
    async with a_notifier(database, nats_server.url):
        await published(database, 300)
        await nats_server.kill()
        notes += await sign(database, 301, 302)
        await nats_server.start()
        await published(database, 302)
        await log.append(uuid4(), received())
        await log.published()
    messages = await kept(nats_server.url)
    told = [CheckpointPayload.model_validate_json(message.raw) for message in checkpoints(messages)]
    assert [(each.tree_size, each.note) for each in told] == list(enumerate(notes, 1))
    assert len({message.id for message in messages}) == len(messages) == 303
    assert all(message.headers["Nats-Msg-Id"] == message.id for message in messages)


async def test_a_republishing_tells_of_the_checkpoints_from_there_on_with_the_same_ids(
    database: Database, nats_server: NatsServer
) -> None:
    await sign(database, 3, 5, 8)
    again = await new_notifier(database, nats_server.url)
    await again.republish(4, lambda _done, _total: None)
    first = checkpoints(await kept(nats_server.url))
    assert [message.said["tree_size"] for message in first] == [5, 8]
    async with a_notifier(database, nats_server.url):
        await published(database, 8)
    assert [message.said["tree_size"] for message in checkpoints(await kept(nats_server.url))] == [5, 8, 3]


async def test_a_checkpoint_that_was_tampered_with_holds_back_no_other(
    database: Database, nats_server: NatsServer
) -> None:
    await sign(database, 1)
    await sign(database, 2, note="nonsense")
    await sign(database, 3, note=SIGNER.sign(TreeHead(SIGNER.name, 9, bytes(32)).text()))
    await sign(database, 4)
    async with a_notifier(database, nats_server.url):
        await published(database, 4)
    assert [message.said["tree_size"] for message in checkpoints(await kept(nats_server.url))] == [1, 4]
