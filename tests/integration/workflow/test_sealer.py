"""The sealer: what it signs is the log as it is, it goes on after any crash, and it never contradicts itself."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import asyncpg
import pytest

from amends_platform.evidence.checkpoint_files import file_name
from amends_platform.evidence.notes import Signer, Verifier
from amends_platform.evidence.signing import CheckpointSigning, Contradiction
from amends_platform.evidence.signing_key import last_file_of, public_file_of, public_keys_in
from amends_platform.evidence.tree_head import SignedCheckpoint, TreeHead, latest_checkpoint, parse
from amends_store.checkpoints import Checkpoint
from amends_store.errors import Fenced, LogHole
from amends_store.merkle import EMPTY_ROOT, root_of
from amends_store.migrate import migrate
from amends_workflow.sealer import BATCH_EVENTS, CHECKPOINT, Sealer
from tests.integration.workflow.conftest import Log, running, running_workflow, until
from tests.support.logs import fill_log
from tests.support.postgres import TEMPLATE, Database, new_database, running_postgres

SIGNER = Signer("amends/default", bytes(32))
SUCCESSOR = Signer("amends/default", b"the key that came after it".ljust(32))
OFTEN_SECONDS = 0.02
# As long as a test: what is to be sealed is sealed in one step.
NEVER_SECONDS = 3_600.0


class Desk:
    """A database with a log, the files beside a signing key, and sealers that come and go."""

    def __init__(self, database: Database, pool: asyncpg.Pool, directory: Path) -> None:
        self.database = database
        self.pool = pool
        self.key_file = directory / "signing.key"
        self.last_file = last_file_of(self.key_file)
        self.directory = directory / "checkpoints"
        self.directory.mkdir(parents=True, exist_ok=True)

    def signing(self, signer: Signer = SIGNER) -> CheckpointSigning:
        """As a process has it that has just started."""
        return CheckpointSigning(signer, self.key_file, self.directory)

    async def seal(self, signer: Signer = SIGNER) -> SignedCheckpoint:
        """Start a sealer, let it seal and sign once, and end it. The newest checkpoint."""
        sealer = Sealer(self.pool, self.signing(signer), NEVER_SECONDS)
        await sealer.step(await Checkpoint.claim(self.pool, CHECKPOINT))
        newest = await latest_checkpoint(self.pool)
        assert newest is not None
        return newest

    async def sign_and_lose_it(self, tree_size: int) -> None:
        """Sign, and let the database forget it, as in a crash just before the commit."""
        claim = await Checkpoint.claim(self.pool, CHECKPOINT)
        async with self.pool.acquire() as conn:
            transaction = conn.transaction()
            await transaction.start()
            assert await self.signing().sign(conn, tree_size, claim) is not None
            await transaction.rollback()

    async def signed(self) -> list[SignedCheckpoint]:
        rows = await self.pool.fetch("SELECT tree_size, root_hash, signed_at, note FROM signed_checkpoints ORDER BY 1")
        return [SignedCheckpoint._make(row) for row in rows]

    async def tiles(self) -> list[tuple[int, int]]:
        return [tuple(row) for row in await self.pool.fetch("SELECT level, index FROM merkle_tiles ORDER BY 1, 2")]

    async def root(self, tree_size: int) -> bytes:
        rows = await self.pool.fetch("SELECT leaf_hash FROM events WHERE position <= $1 ORDER BY position", tree_size)
        return root_of([row["leaf_hash"] for row in rows])


@pytest.fixture
async def desk(database: Database, tmp_path: Path) -> Desk:
    return Desk(database, await database.pool("amends_workflow", max_size=8), tmp_path)


async def test_what_is_signed_is_the_log_at_every_size_it_had(desk: Desk) -> None:
    sizes = [1, 255, 256, 257, 70_000]
    for before, size in zip([0, *sizes], sizes, strict=False):
        await fill_log(desk.database, before, size)
        newest = await desk.seal()
        assert (newest.tree_size, newest.root_hash) == (size, await desk.root(size))
        head = parse(Verifier.from_vkey(SIGNER.vkey).open(newest.note))
        assert (head.origin, head.tree_size, head.root_hash) == ("amends/default", size, newest.root_hash)
    assert [checkpoint.tree_size for checkpoint in await desk.signed()] == sizes
    assert await desk.tiles() == [*((0, index) for index in range(70_000 // 256)), (1, 0)]
    assert desk.last_file.read_text() == newest.note
    assert {path.name: path.read_text() for path in desk.directory.iterdir()} == {
        file_name(checkpoint.tree_size): checkpoint.note for checkpoint in await desk.signed()
    }


async def test_a_log_that_has_not_grown_is_not_signed_again(desk: Desk) -> None:
    await fill_log(desk.database, 0, 3)
    assert await desk.seal() == await desk.seal()
    assert len(await desk.signed()) == 1


async def test_an_empty_log_is_not_signed(desk: Desk) -> None:
    sealer = Sealer(desk.pool, desk.signing(), OFTEN_SECONDS)
    claim = await sealer.step(await Checkpoint.claim(desk.pool, CHECKPOINT))
    assert (claim.position, await desk.signed()) == (0, [])


async def test_after_a_crash_between_tree_and_checkpoint_the_same_is_signed(desk: Desk) -> None:
    await fill_log(desk.database, 0, 600)
    unsigned = Sealer(desk.pool, None, NEVER_SECONDS)
    await unsigned.step(await Checkpoint.claim(desk.pool, CHECKPOINT))
    assert (await desk.tiles(), await desk.signed()) == ([(0, 0), (0, 1)], [])
    newest = await desk.seal()
    assert (newest.tree_size, newest.root_hash) == (600, await desk.root(600))


@pytest.mark.parametrize("written_of_file", [None, 0, 30], ids=["no file", "an empty file", "half a file"])
async def test_a_checkpoint_that_a_crash_kept_from_the_table_is_in_it_after_the_next_start(
    desk: Desk, written_of_file: int | None
) -> None:
    await fill_log(desk.database, 0, 300)
    await desk.sign_and_lose_it(200)
    lost = desk.last_file.read_text()
    file = desk.directory / file_name(200)
    assert file.read_text() == lost
    if written_of_file is None:
        file.unlink()
    else:
        file.write_text(lost[:written_of_file])
    assert await desk.signed() == []
    await desk.seal()
    assert [checkpoint.tree_size for checkpoint in await desk.signed()] == [200, 300]
    assert (await desk.signed())[0].note == file.read_text() == lost


async def test_a_sealer_that_is_far_behind_signs_on_the_way(desk: Desk) -> None:
    await fill_log(desk.database, 0, 2 * BATCH_EVENTS + 300)
    sealer = Sealer(desk.pool, desk.signing(), every_seconds=0)
    claim = await Checkpoint.claim(desk.pool, CHECKPOINT)
    for _ in range(3):
        claim = await sealer.step(claim)
    sizes = [checkpoint.tree_size for checkpoint in await desk.signed()]
    assert sizes == [BATCH_EVENTS, 2 * BATCH_EVENTS, 2 * BATCH_EVENTS + 300]


async def test_a_tree_behind_what_was_signed_catches_up_before_anything_is_signed(desk: Desk, tmp_path: Path) -> None:
    """The server crashed, and lost the newest of the tree and of the table, but no event."""
    await fill_log(desk.database, 0, 600)
    signed = await desk.seal()
    async with new_database(desk.database.server) as other:
        await fill_log(other, 0, 700)
        behind = Desk(other, await other.pool("amends_workflow"), tmp_path)
        claim = await Checkpoint.claim(behind.pool, CHECKPOINT)
        async with behind.pool.acquire() as conn, conn.transaction():
            assert await behind.signing().sign(conn, 255, claim) is None
        assert await behind.signed() == []
        await behind.seal()
        first, second = await behind.signed()
        assert (first.tree_size, first.note, second.tree_size) == (600, signed.note, 700)


async def test_a_log_whose_server_was_killed_is_sealed_as_if_nothing_had_been(tmp_path: Path) -> None:
    """What it loses of the tree, which does not wait for the disk, is made anew."""
    async with running_postgres() as server:
        await server.execute(f"CREATE DATABASE {TEMPLATE}")
        await migrate(server.url(TEMPLATE))
        async with new_database(server) as database:
            desk = Desk(database, await database.pool("amends_workflow"), tmp_path)
            sealer = Sealer(desk.pool, desk.signing(), OFTEN_SECONDS)
            async with running(sealer.run()):
                await fill_log(database, 0, 15_000)
                await server.kill()
                await server.start()
                await fill_log(database, 15_000, 16_000)
                await until(lambda: _is_signed(desk, 16_000))
            assert not sealer.is_stopped
            assert await desk.tiles() == [(0, index) for index in range(16_000 // 256)]
            for checkpoint in await desk.signed():
                assert checkpoint.root_hash == await desk.root(checkpoint.tree_size)


async def test_of_two_sealers_at_once_each_event_is_sealed_and_signed_once(desk: Desk) -> None:
    sealers = [Sealer(desk.pool, desk.signing(), OFTEN_SECONDS) for _ in range(2)]
    async with running(sealers[0].run()), running(sealers[1].run()):
        for size in range(100, 3_000, 100):
            await fill_log(desk.database, size - 100, size)
        last = size
        await until(lambda: _is_signed(desk, last))
    assert await desk.tiles() == [(0, index) for index in range(last // 256)]
    for checkpoint in await desk.signed():
        assert checkpoint.root_hash == await desk.root(checkpoint.tree_size)
    assert not any(sealer.is_stopped for sealer in sealers)


async def test_a_sealer_that_another_took_for_dead_signs_nothing(desk: Desk) -> None:
    await fill_log(desk.database, 0, 5)
    dead = Sealer(desk.pool, desk.signing(), OFTEN_SECONDS)
    claim = await Checkpoint.claim(desk.pool, CHECKPOINT)
    await Checkpoint.claim(desk.pool, CHECKPOINT)
    with pytest.raises(Fenced):
        await dead.step(claim)
    assert (await desk.signed(), desk.last_file.exists()) == ([], False)


async def test_a_sealer_that_comes_back_from_the_dead_does_not_take_back_what_another_signed(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fill_log(desk.database, 0, 7)
    signing, about_to, may_go_on = desk.signing(), threading.Event(), threading.Event()
    remember = signing._remember

    def hang_before(note: str) -> None:
        about_to.set()
        may_go_on.wait(10)
        remember(note)

    monkeypatch.setattr(signing, "_remember", hang_before)
    dead = Sealer(desk.pool, signing, NEVER_SECONDS)
    stepping = asyncio.create_task(dead.step(await Checkpoint.claim(desk.pool, CHECKPOINT)))
    await asyncio.to_thread(about_to.wait, 10)
    await desk.database.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND state = 'idle in transaction'"
    )
    await fill_log(desk.database, 7, 9)
    signed = await desk.seal()
    may_go_on.set()
    with pytest.raises(Exception):  # noqa: B017  # Fenced, or the connection that giving it back finds broken
        await stepping
    assert desk.last_file.read_text() == signed.note
    assert [each.tree_size for each in await desk.signed()] == [9]


@pytest.mark.parametrize(
    ("remembers", "size", "reason"),
    [
        ("the file beside the key", 399, "ends at 399"),
        ("the file beside the key", 400, "first 400 events"),
        ("the file beside the key", 5_000, "first 400 events"),
        ("the directory", 5_000, "first 400 events"),
        ("the table", 5_000, "first 400 events"),
    ],
)
async def test_a_log_with_another_history_than_the_one_signed_is_never_signed(
    desk: Desk, tmp_path: Path, remembers: str, size: int, reason: str
) -> None:
    """An older backup was restored, and perhaps went on; or the log was rewritten, tree and all."""
    await fill_log(desk.database, 0, 400)
    signed = await desk.seal()
    if remembers != "the file beside the key":
        desk.last_file.unlink()
    if remembers != "the directory":
        (desk.directory / file_name(400)).unlink()
    async with new_database(desk.database.server) as other:
        await fill_log(other, 0, 380)
        await fill_log(other, 380, size, history=1)
        if remembers == "the table":
            await other.execute(
                "INSERT INTO signed_checkpoints (tree_size, root_hash, note)"
                f" VALUES (400, decode('{signed.root_hash.hex()}', 'hex'), $${signed.note}$$)"
            )
        rewritten = Desk(other, await other.pool("amends_workflow"), tmp_path)
        before = (await rewritten.signed(), sorted(desk.directory.iterdir()))
        with pytest.raises(Contradiction, match=reason):
            await rewritten.seal()
        assert (await rewritten.signed(), sorted(desk.directory.iterdir())) == before
        assert not desk.last_file.exists() or desk.last_file.read_text() == signed.note


async def test_an_older_backup_is_gone_on_with_once_a_person_has_put_away_what_is_remembered(
    desk: Desk, tmp_path: Path
) -> None:
    await fill_log(desk.database, 0, 400)
    await desk.seal()
    async with new_database(desk.database.server) as backup:
        await fill_log(backup, 0, 380)
        restored = Desk(backup, await backup.pool("amends_workflow"), tmp_path)
        restored.last_file.rename(tmp_path / "evidence")
        with pytest.raises(Contradiction):
            await restored.seal()
        restored.directory = tmp_path / "another"
        restored.directory.mkdir()
        assert (await restored.seal()).tree_size == 380


async def test_a_new_key_signs_once_what_the_old_one_signed_was_put_away(desk: Desk, tmp_path: Path) -> None:
    await fill_log(desk.database, 0, 400)
    old = await desk.seal()
    await fill_log(desk.database, 400, 500)
    with pytest.raises(Contradiction, match="signed with another key"):
        await desk.seal(SUCCESSOR)
    assert [key.vkey for key in public_keys_in(public_file_of(desk.key_file))] == [SIGNER.vkey]
    desk.last_file.rename(tmp_path / "evidence")
    assert (await desk.seal(SUCCESSOR)).tree_size == 500
    assert [key.vkey for key in desk.signing(SUCCESSOR).earlier_keys()] == [SIGNER.vkey]
    # What was signed with the old one is held against the log as before.
    async with new_database(desk.database.server) as backup:
        await fill_log(backup, 0, 600, history=1)
        await backup.execute(
            "INSERT INTO signed_checkpoints (tree_size, root_hash, note)"
            f" VALUES (400, decode('{old.root_hash.hex()}', 'hex'), $${old.note}$$)"
        )
        rewritten = Desk(backup, await backup.pool("amends_workflow"), tmp_path / "elsewhere")
        with pytest.raises(Contradiction, match="first 400 events"):
            await rewritten.seal(SUCCESSOR)


async def test_a_new_key_records_what_the_old_one_signed_just_before_a_crash(desk: Desk) -> None:
    await fill_log(desk.database, 0, 200)
    await desk.sign_and_lose_it(190)
    note = desk.last_file.read_text()
    desk.last_file.unlink()
    assert (desk.directory / file_name(190)).read_text() == note
    assert (await desk.seal(SUCCESSOR)).tree_size == 200
    assert [(each.tree_size, each.note == note) for each in await desk.signed()] == [(190, True), (200, False)]


async def test_a_file_of_the_write_once_directory_is_never_overwritten(desk: Desk) -> None:
    await fill_log(desk.database, 0, 7)
    (desk.directory / file_name(7)).write_text("something else")
    with pytest.raises(Contradiction):
        await desk.seal()
    assert (desk.directory / file_name(7)).read_text() == "something else"


async def test_a_row_that_does_not_say_what_its_note_says_stops_the_sealer(desk: Desk) -> None:
    await fill_log(desk.database, 0, 7)
    signed = await desk.seal()
    # As if all that will ever be recorded were signed: nothing would be any more, and nobody would know.
    await desk.database.execute(
        f"INSERT INTO signed_checkpoints (tree_size, root_hash, note) SELECT {10**15}, root_hash, note"
        " FROM signed_checkpoints"
    )
    await fill_log(desk.database, 7, 9)
    with pytest.raises(Contradiction, match="is not of its note"):
        await desk.seal()
    assert desk.last_file.read_text() == signed.note


async def test_only_checkpoints_count_of_what_is_in_the_write_once_directory(desk: Desk) -> None:
    (desk.directory / "checkpoint-keys-are-in-the-safe.txt").write_text("Ask the archivist.")
    await fill_log(desk.database, 0, 7)
    assert (await desk.seal()).tree_size == 7


async def test_a_log_that_became_shorter_than_its_tree_stops_the_sealer(desk: Desk) -> None:
    await fill_log(desk.database, 0, 300)
    claim = await Sealer(desk.pool, None, NEVER_SECONDS).step(await Checkpoint.claim(desk.pool, CHECKPOINT))
    await desk.database.execute(
        "ALTER TABLE events DISABLE TRIGGER events_row_unchanged; DELETE FROM events WHERE position > 200"
    )
    with pytest.raises(LogHole):
        await Sealer(desk.pool, None, NEVER_SECONDS).step(claim)


async def test_a_service_that_may_not_sign_says_so_until_a_person_decides(log: Log, tmp_path: Path) -> None:
    forged = SIGNER.sign(TreeHead("amends/default", 1, EMPTY_ROOT).text())
    (tmp_path / "signing.key.last").write_text(forged)
    async with running_workflow(log.database, tmp_path, checkpoint_seconds=OFTEN_SECONDS) as workflow:
        assert (await workflow.client.get("/readyz")).status_code == 200
        await log.receive()

        async def is_stopped() -> bool:
            return "amends_sealer_stopped 1.0" in (await workflow.client.get("/metrics")).text

        await until(is_stopped)
        ready = await workflow.client.get("/readyz")
        assert (ready.status_code, "first 1 events of the log are not those" in ready.text) == (503, True)
        assert (await (await workflow.asker()).get("/v1/audit/checkpoint")).status_code == 404
    assert (tmp_path / "signing.key.last").read_text() == forged


async def _is_signed(desk: Desk, size: int) -> bool:
    newest = await latest_checkpoint(desk.pool)
    return newest is not None and newest.tree_size == size
