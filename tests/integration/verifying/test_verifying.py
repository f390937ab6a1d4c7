"""How a log is verified: side by side, in parts, by those who hold no more than a public key, and at the terminal."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import sys
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
import pytest_asyncio
from typer.testing import CliRunner, Result

from amends_platform.cli import app
from amends_platform.evidence.checkpoint_files import file_name
from amends_platform.evidence.notes import Signer, joined_key
from amends_platform.evidence.signing_key import last_file_of, public_file_of
from amends_platform.failures import WrongUsage
from amends_platform.verifying.claims import claims_from
from amends_platform.verifying.log import Request, Verified, verify_log
from tests.support.postgres import Database, PostgresServer, new_database
from tests.support.whole_logs import HASHED, SEED, SIGNER, STRANGER, rewrite, seal_log, superuser, write_log

# A level above the leaves is full at 65,536.
HEAD = 66_000
CHECKPOINTS = (1, 256, 40_000, 65_536, 65_900)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("exported")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def whole(postgres: PostgresServer, exported: Path) -> AsyncIterator[Database]:
    """To be read only, and to be copied."""
    async with new_database(postgres) as made:
        async with superuser(made) as conn:
            await write_log(conn, 0, HEAD)
            await seal_log(conn, CHECKPOINTS, SIGNER, exported)
            await conn.execute("ANALYZE events")
        yield made


@pytest_asyncio.fixture(loop_scope="session")
async def changed(postgres: PostgresServer, whole: Database) -> AsyncIterator[Database]:
    async with new_database(postgres, whole.name) as copy:
        yield copy


def request(database: Database, exported: Path | None = None) -> Request:
    given = () if exported is None else tuple(claims_from(exported, [SIGNER.verifier]))
    return Request(database.url, [SIGNER.verifier], given, range_events=4_096)


async def verified(asked: Request) -> Verified:
    return await verify_log(asked, lambda _done, _total: None)


def without_time(found: Verified) -> Verified:
    return replace(found, seconds=0.0, resumed=None)


# Side by side


async def test_processes_side_by_side_find_what_one_finds(changed: Database, exported: Path) -> None:
    async with superuser(changed) as conn:
        await conn.execute("UPDATE events SET actor = 'x' WHERE position IN (1, 4096, 4097, 50000, 66000)")
        await conn.execute("DELETE FROM events WHERE position = 12288")
        await conn.execute("UPDATE events SET recorded_at = recorded_at - interval '1 h' WHERE position = 16385")
    asked = request(changed, exported)
    alone = await verified(asked)
    named = [fault.position for fault in alone.faults]
    # The deleted one's case misses it, and the early one stands at the beginning of a range.
    assert named == [1, 4_096, 4_097, 12_288, 12_288 + 130, 16_385, 16_385, 50_000, 66_000]
    assert without_time(await verified(replace(asked, jobs=2))) == without_time(alone)


STANDING_STILL = """
import asyncio, sys
from amends_platform.verifying.log import Request, verify_log

def stand_still(*_):
    print("reading", flush=True)
    sys.stdin.read()

asyncio.run(verify_log(Request(sys.argv[1], jobs=2, range_events=4_096), stand_still))
"""


async def test_a_verification_that_is_killed_leaves_no_process_behind(whole: Database) -> None:
    pipe = asyncio.subprocess.PIPE
    command = (sys.executable, "-c", STANDING_STILL, whole.url)
    process = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe)
    assert process.stdout is not None
    async with asyncio.timeout(60):
        assert await process.stdout.readline() == b"reading\n"
    readers = psutil.Process(process.pid).children(recursive=True)
    assert len(readers) >= 2
    process.kill()
    await process.wait()
    _, alive = await asyncio.to_thread(psutil.wait_procs, readers, timeout=60)
    assert alive == []


async def test_a_row_above_the_leaves_tells_which_row_of_them_was_changed(changed: Database) -> None:
    async with superuser(changed) as conn:
        await conn.execute("UPDATE events SET actor = 'x' WHERE position = 40001")
        await conn.execute(f"UPDATE events SET leaf_hash = {HASHED} WHERE position = 40001")
        await conn.execute("CREATE TABLE above AS SELECT * FROM merkle_tiles WHERE level = 1")
        await rewrite(conn, "DELETE FROM merkle_tiles")
        await conn.execute(
            "UPDATE merkle_tiles SET hashes = above.hashes, root = above.root FROM above WHERE merkle_tiles.level = 1"
        )
    first, second = (await verified(request(changed))).faults
    # Row 156 of the leaves is of the events 39,937 to 40,192, and 40,000 of them are known to be as they were.
    assert (first.position, first.until) == (39_937, 40_192)
    assert "row 0 of the tree's level 1 has another hash for the events 39937 to 40192" in first.what
    assert (second.position, second.until) == (40_001, 65_536)


async def test_a_missing_row_above_the_leaves_is_named(changed: Database) -> None:
    async with superuser(changed) as conn:
        await conn.execute("DELETE FROM merkle_tiles WHERE level = 1")
    (fault,) = (await verified(request(changed))).faults
    assert fault == (1, "row 0 of the tree's level 1 is missing", 65_536)


async def test_a_log_that_is_bad_everywhere_is_not_read_to_its_end(changed: Database) -> None:
    async with superuser(changed) as conn:
        await conn.execute("UPDATE events SET actor = 'x' WHERE position < 10000")
    reached = []
    found = await verify_log(request(changed), lambda done, _total: reached.append(done))
    assert [fault.position for fault in found.faults] == list(range(1, 101))
    assert reached == [4_096]


async def test_a_log_that_nobody_touched_is_sound(whole: Database, exported: Path) -> None:
    found = await verified(request(whole, exported))
    assert (found.faults, found.head, found.streams) == ((), HEAD, 130)
    assert (found.checkpoints, found.refuted, found.vouched) == (2 * len(CHECKPOINTS), 0, CHECKPOINTS[-1])


async def test_an_empty_log_is_sound(database: Database) -> None:
    found = await verified(Request(database.url, jobs=2))
    assert (found.faults, found.head, found.streams, found.checkpoints) == ((), 0, 0, 0)


# In parts


class _Interrupted(Exception):
    """Somebody pressed Ctrl-C."""


async def interrupted(asked: Request, at: int) -> None:
    """Verify up to this position at least, and no further than the range it is in."""

    def on_progress(done: int, _total: int) -> None:
        if done >= at:
            raise _Interrupted

    with pytest.raises(_Interrupted):
        await verify_log(asked, on_progress)


async def test_what_was_read_before_an_interruption_is_not_read_again(
    whole: Database, exported: Path, tmp_path: Path
) -> None:
    asked = replace(request(whole, exported), resume=tmp_path / "notes")
    await interrupted(asked, 20_000)
    reached: list[int] = []
    found = await verify_log(asked, lambda done, _total: reached.append(done))
    assert reached[0] == 20_480 + 4_096
    assert found.resumed is not None
    assert found.resumed.position == 20_480
    assert without_time(found) == without_time(await verified(request(whole, exported)))
    # It is done with: the next one begins at the beginning.
    assert not (tmp_path / "notes").exists()


async def test_what_was_found_before_an_interruption_is_not_forgotten(changed: Database, tmp_path: Path) -> None:
    async with superuser(changed) as conn:
        await conn.execute("UPDATE events SET actor = 'x' WHERE position = 5000")
        await conn.execute("UPDATE events SET version = 9999 WHERE position = 40000")
    asked = replace(request(changed), resume=tmp_path / "notes")
    await interrupted(asked, 20_000)
    found = await verified(asked)
    assert found.resumed is not None
    assert without_time(found) == without_time(await verified(request(changed)))
    assert {fault.position for fault in found.faults} == {5_000, 40_000, 40_130}


async def test_a_log_that_grew_during_an_interruption_is_read_to_its_new_end(changed: Database, tmp_path: Path) -> None:
    asked = replace(request(changed), resume=tmp_path / "notes")
    await interrupted(asked, 60_000)
    async with superuser(changed) as conn:
        await write_log(conn, HEAD, HEAD + 1_000)
        await seal_log(conn, [HEAD + 900], SIGNER, tmp_path)
    found = await verified(asked)
    assert (found.faults, found.head, found.vouched) == ((), HEAD + 1_000, HEAD + 900)


async def test_a_log_that_was_cut_off_during_an_interruption_is_found(changed: Database, tmp_path: Path) -> None:
    asked = replace(request(changed), resume=tmp_path / "notes")
    await interrupted(asked, 60_000)
    async with superuser(changed) as conn:
        await conn.execute("DELETE FROM events WHERE position > 61000")
        await conn.execute("DELETE FROM merkle_tiles")
        await conn.execute("DELETE FROM signed_checkpoints")
    (fault,) = (await verified(asked)).faults
    assert fault == (61_001, "the log ends at 61,000, but 61,440 events were read before the interruption", 61_440)


async def test_an_event_that_was_replaced_during_an_interruption_is_found(changed: Database, tmp_path: Path) -> None:
    asked = replace(request(changed), resume=tmp_path / "notes")
    await interrupted(asked, 60_000)
    async with superuser(changed) as conn:
        await conn.execute("UPDATE events SET leaf_hash = sha256('x') WHERE position = 61440")
    (fault,) = (await verified(asked)).faults
    assert fault.position == 61_440
    assert "and the last of them is another now" in fault.what


async def test_notes_made_with_other_checkpoints_are_not_gone_on_from(
    whole: Database, exported: Path, tmp_path: Path
) -> None:
    notes = tmp_path / "notes"
    await interrupted(replace(request(whole), resume=notes), 20_000)
    found = await verified(replace(request(whole, exported), resume=notes))
    assert found.resumed is None
    assert without_time(found) == without_time(await verified(request(whole, exported)))


async def test_a_file_of_somebody_else_is_left_alone(whole: Database, tmp_path: Path) -> None:
    (tmp_path / "diary").write_text("Dear diary")
    with closing(sqlite3.connect(tmp_path / "store")) as store:
        store.execute("CREATE TABLE streams (id, version)")
    for path in (tmp_path / "diary", tmp_path / "store"):
        before = path.read_bytes()
        with pytest.raises(WrongUsage, match="cannot be used to go on from"):
            await verified(replace(request(whole), resume=path))
        assert path.read_bytes() == before


# At the terminal


@pytest_asyncio.fixture(loop_scope="session")
async def key_file(tmp_path: Path) -> Path:
    """The file with the key that signed our checkpoints."""
    path = tmp_path / "signing.key"
    path.write_text(f"PRIVATE+KEY+{joined_key(SIGNER.name, SIGNER.key_id, SEED)}\n")
    return path


async def run(database: Database, key_file: Path, *arguments: str) -> Result:
    """`amends verify`, where the key file is, or is not, what the settings name."""
    environment = {"AMENDS_DATABASE_URL": database.url, "AMENDS_SIGNING_KEY_FILE": str(key_file)}
    command = ["verify", "--jobs", "1", *arguments]
    return await asyncio.to_thread(lambda: CliRunner(env=environment).invoke(app, command))


async def test_a_sound_log_is_told_with_the_checkpoints_that_vouch_for_it(whole: Database, key_file: Path) -> None:
    told = await run(whole, key_file)
    assert told.exit_code == 0
    assert "66,000 events of 130 cases" in told.stdout
    assert "5 checkpoints hold, the last one of 65,900 events" in told.stdout
    assert "Only the database's own checkpoints were looked at." in told.stdout
    answer = json.loads((await run(whole, key_file, "--json")).stdout)
    assert (answer["good"], answer["first_bad_position"], answer["head"]) == (True, None, HEAD)
    assert answer["checkpoints"] == {
        "looked_at": 5,
        "refuted": 0,
        "kept_elsewhere": 0,
        "vouched_up_to": 65_900,
        "key": SIGNER.vkey,
        "keys": [SIGNER.vkey],
    }


async def test_an_auditor_needs_the_public_key_alone(whole: Database, exported: Path, tmp_path: Path) -> None:
    nowhere = tmp_path / "no.key"
    (tmp_path / "log.vkey").write_text(SIGNER.vkey + "\n")
    for key in (SIGNER.vkey, str(tmp_path / "log.vkey")):
        told = await run(whole, nowhere, "--key", key, "--checkpoint", str(exported), "--json")
        assert told.exit_code == 0
        assert json.loads(told.stdout)["checkpoints"]["kept_elsewhere"] == 5
    told = await run(whole, nowhere, "--key", STRANGER.vkey)
    assert told.exit_code == 1
    assert f"The events hold together, but the key {STRANGER.vkey} did not sign 5 of 5 checkpoints" in told.stdout
    assert "the checkpoint of 1 events is not signed as it should be" in told.stdout


async def test_after_a_key_was_replaced_each_checkpoint_holds_that_one_of_them_signed(
    changed: Database, exported: Path, key_file: Path, tmp_path: Path
) -> None:
    async with superuser(changed) as conn:
        await seal_log(conn, [65_990], STRANGER, tmp_path)
    told = await run(changed, key_file)
    assert told.exit_code == 1
    assert f"the key {SIGNER.vkey} did not sign 1 of 6 checkpoints" in told.stdout
    both = await run(changed, tmp_path / "no.key", "--key", SIGNER.vkey, "--key", STRANGER.vkey)
    assert (both.exit_code, "6 checkpoints hold" in both.stdout) == (0, True)
    # By itself it knows those that have signed here, whether or not it may read the key.
    public_file_of(key_file).write_text(f"{STRANGER.vkey}\n{SIGNER.vkey}\n")
    public_file_of(tmp_path / "no.key").write_text(f"{STRANGER.vkey}\n{SIGNER.vkey}\n")
    for each in (key_file, tmp_path / "no.key"):
        known = await run(changed, each, "--checkpoint", str(exported))
        assert (known.exit_code, "11 checkpoints hold" in known.stdout) == (0, True)
    # And whom neither has signed is a stranger still.
    async with superuser(changed) as conn:
        await seal_log(conn, [65_999], Signer("amends/default", bytes(32)), tmp_path)
    told = await run(changed, key_file)
    assert told.exit_code == 1
    assert f"none of the keys {SIGNER.vkey}, {STRANGER.vkey} signed 1 of 7 checkpoints" in told.stdout


async def test_without_a_key_it_says_that_no_signature_was_checked(whole: Database, tmp_path: Path) -> None:
    told = await run(whole, tmp_path / "no.key")
    assert told.exit_code == 0
    assert "No signature was checked" in told.stdout


async def test_an_older_state_is_recognised_by_the_note_beside_the_signing_key(
    changed: Database, exported: Path, key_file: Path
) -> None:
    async with superuser(changed) as conn:
        await conn.execute("DELETE FROM events WHERE position > 50000")
        await conn.execute("DELETE FROM merkle_tiles WHERE (index + 1) << (8 * (level + 1)) > 50000")
        await conn.execute("DELETE FROM signed_checkpoints WHERE tree_size > 50000")
    assert (await run(changed, key_file)).exit_code == 0
    last_file_of(key_file).write_text((exported / file_name(CHECKPOINTS[-1])).read_text())
    told = await run(changed, key_file)
    assert told.exit_code == 1
    assert "The log is bad from position 50,001 on." in told.stdout
    assert "the checkpoint of 65,900 events in " in told.stdout


async def test_a_checkpoint_that_is_just_being_written_is_passed_over(exported: Path, tmp_path: Path) -> None:
    whole_notes = [(exported / file_name(size)).read_bytes() for size in CHECKPOINTS]
    (tmp_path / file_name(1)).write_bytes(whole_notes[0])
    last = tmp_path / file_name(65_900)
    for written in range(len(whole_notes[-1])):
        last.write_bytes(whole_notes[-1][:written])
        assert [claim.tree_size for claim in claims_from(tmp_path, [SIGNER.verifier])] == [1]
    last.write_bytes(whole_notes[-1])
    assert [claim.tree_size for claim in claims_from(tmp_path, [SIGNER.verifier])] == [1, 65_900]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--key", "nobody"), "A verifier key looks like"),
        (("--checkpoint", "nowhere.txt"), "cannot be read"),
        (("--checkpoint", "."), "There is no checkpoint"),
    ],
)
async def test_what_is_no_key_or_checkpoint_is_wrong_usage(
    whole: Database, key_file: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, str], said: str
) -> None:
    monkeypatch.chdir(key_file.parent)
    told = await run(whole, key_file, *arguments)
    assert isinstance(told.exception, WrongUsage)
    assert said in str(told.exception)
