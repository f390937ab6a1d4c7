"""`amends verify` at the terminal: what it says, which keys it needs, and what is wrong usage."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
import pytest_asyncio
from typer.testing import CliRunner, Result

from amends_platform.cli import app
from amends_platform.evidence.checkpoint_files import file_name
from amends_platform.evidence.notes import Signer, joined_key
from amends_platform.evidence.signing_key import last_file_of, public_file_of
from amends_platform.failures import WrongUsage
from amends_platform.verifying.claims import claims_from
from tests.support.whole_logs import SEED, SIGNER, STRANGER, WholeLog, seal_log, superuser


@pytest_asyncio.fixture(loop_scope="session")
async def key_file(tmp_path: Path) -> Path:
    """The file with the key that signed our checkpoints."""
    path = tmp_path / "signing.key"
    path.write_text(f"PRIVATE+KEY+{joined_key(SIGNER.name, SIGNER.key_id, SEED)}\n")
    return path


async def run(log: WholeLog, key_file: Path, *arguments: str) -> Result:
    """`amends verify`, where the key file is, or is not, what the settings name."""
    environment = {"AMENDS_DATABASE_URL": log.database.url, "AMENDS_SIGNING_KEY_FILE": str(key_file)}
    command = ["verify", "--jobs", "1", *arguments]
    return await asyncio.to_thread(lambda: CliRunner(env=environment).invoke(app, command))


async def test_a_sound_log_is_told_with_the_checkpoints_that_vouch_for_it(whole: WholeLog, key_file: Path) -> None:
    told = await run(whole, key_file)
    assert told.exit_code == 0
    assert "1,650 events of 130 cases" in told.stdout
    assert "5 checkpoints hold, the last one of 1,640 events" in told.stdout
    assert "Only the database's own checkpoints were looked at." in told.stdout
    answer = json.loads((await run(whole, key_file, "--json")).stdout)
    assert (answer["good"], answer["first_bad_position"], answer["head"]) == (True, None, whole.head)
    assert answer["checkpoints"] == {
        "looked_at": 5,
        "refuted": 0,
        "kept_elsewhere": 0,
        "vouched_up_to": 1_640,
        "key": SIGNER.vkey,
        "keys": [SIGNER.vkey],
    }


async def test_an_auditor_needs_the_public_key_alone(whole: WholeLog, tmp_path: Path) -> None:
    nowhere = tmp_path / "no.key"
    (tmp_path / "log.vkey").write_text(SIGNER.vkey + "\n")
    for key in (SIGNER.vkey, str(tmp_path / "log.vkey")):
        told = await run(whole, nowhere, "--key", key, "--checkpoint", str(whole.exported), "--json")
        assert told.exit_code == 0
        assert json.loads(told.stdout)["checkpoints"]["kept_elsewhere"] == 5
    told = await run(whole, nowhere, "--key", STRANGER.vkey)
    assert told.exit_code == 1
    assert f"The events hold together, but the key {STRANGER.vkey} did not sign 5 of 5 checkpoints" in told.stdout
    assert "the checkpoint of 1 events is not signed as it should be" in told.stdout


async def test_after_a_key_was_replaced_each_checkpoint_holds_that_one_of_them_signed(
    changed: WholeLog, key_file: Path, tmp_path: Path
) -> None:
    async with superuser(changed.database) as conn:
        await seal_log(conn, [1_645], STRANGER, tmp_path)
    told = await run(changed, key_file)
    assert told.exit_code == 1
    assert f"the key {SIGNER.vkey} did not sign 1 of 6 checkpoints" in told.stdout
    both = await run(changed, tmp_path / "no.key", "--key", SIGNER.vkey, "--key", STRANGER.vkey)
    assert (both.exit_code, "6 checkpoints hold" in both.stdout) == (0, True)
    # By itself it knows those that have signed here, whether or not it may read the key.
    public_file_of(key_file).write_text(f"{STRANGER.vkey}\n{SIGNER.vkey}\n")
    public_file_of(tmp_path / "no.key").write_text(f"{STRANGER.vkey}\n{SIGNER.vkey}\n")
    for each in (key_file, tmp_path / "no.key"):
        known = await run(changed, each, "--checkpoint", str(changed.exported))
        assert (known.exit_code, "11 checkpoints hold" in known.stdout) == (0, True)
    # And whom neither has signed is a stranger still.
    async with superuser(changed.database) as conn:
        await seal_log(conn, [1_649], Signer("amends/default", bytes(32)), tmp_path)
    told = await run(changed, key_file)
    assert told.exit_code == 1
    assert f"none of the keys {SIGNER.vkey}, {STRANGER.vkey} signed 1 of 7 checkpoints" in told.stdout


async def test_without_a_key_it_says_that_no_signature_was_checked(whole: WholeLog, tmp_path: Path) -> None:
    told = await run(whole, tmp_path / "no.key")
    assert told.exit_code == 0
    assert "No signature was checked" in told.stdout


async def test_an_older_state_is_recognised_by_the_note_beside_the_signing_key(
    changed: WholeLog, key_file: Path
) -> None:
    async with superuser(changed.database) as conn:
        await conn.execute("DELETE FROM events WHERE position > 1250")
        await conn.execute("DELETE FROM merkle_tiles WHERE (index + 1) << (8 * (level + 1)) > 1250")
        await conn.execute("DELETE FROM signed_checkpoints WHERE tree_size > 1250")
    assert (await run(changed, key_file)).exit_code == 0
    last_file_of(key_file).write_text((changed.exported / file_name(changed.checkpoints[-1])).read_text())
    told = await run(changed, key_file)
    assert told.exit_code == 1
    assert "The log is bad from position 1,251 on." in told.stdout
    assert "the checkpoint of 1,640 events in " in told.stdout


async def test_a_checkpoint_that_is_just_being_written_is_passed_over(whole: WholeLog, tmp_path: Path) -> None:
    whole_notes = [(whole.exported / file_name(size)).read_bytes() for size in whole.checkpoints]
    (tmp_path / file_name(1)).write_bytes(whole_notes[0])
    last = tmp_path / file_name(1_640)
    for written in range(len(whole_notes[-1])):
        last.write_bytes(whole_notes[-1][:written])
        assert [claim.tree_size for claim in claims_from(tmp_path, [SIGNER.verifier])] == [1]
    last.write_bytes(whole_notes[-1])
    assert [claim.tree_size for claim in claims_from(tmp_path, [SIGNER.verifier])] == [1, 1_640]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--key", "nobody"), "A verifier key looks like"),
        (("--checkpoint", "nowhere.txt"), "cannot be read"),
        (("--checkpoint", "."), "There is no checkpoint"),
    ],
)
async def test_what_is_no_key_or_checkpoint_is_wrong_usage(
    whole: WholeLog, key_file: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, str], said: str
) -> None:
    monkeypatch.chdir(key_file.parent)
    told = await run(whole, key_file, *arguments)
    assert isinstance(told.exception, WrongUsage)
    assert said in str(told.exception)
