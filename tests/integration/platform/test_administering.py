"""`amends migrate`, `keys` and `doctor` on real servers."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg

from amends_platform.checkup.database import APPEND_ONLY
from amends_platform.evidence.signing import CheckpointSigning
from amends_platform.evidence.signing_key import ensure_signing_key, load_signer
from amends_platform.identity.authenticating import Authenticator
from amends_platform.identity.principals import list_keys
from amends_platform.policy.book import keep
from amends_platform.policy.files import load_policy
from amends_platform.sealing import ensure_master_key
from amends_store.checkpoints import Checkpoint
from amends_store.migrate import newest_schema_version
from tests.support.commands import Ended, run
from tests.support.keys import kept_in_the_database, key_store_in
from tests.support.logs import fill_log
from tests.support.postgres import Database, PostgresServer
from tests.support.receivers import a_receiver
from tests.support.scratch import scratch_directory
from tests.support.ups import environment


async def amends(home: Path, *arguments: str, **variables: str) -> Ended:
    """Give a command."""
    return await run(*arguments, environment=environment(home, **variables))


async def test_a_key_made_at_the_command_line_opens_until_it_is_revoked(tmp_path: Path, database: Database) -> None:
    url = {"AMENDS_DATABASE_URL": database.url}
    who = ("--role", "agent", "--branch", "north", "--person", "a-7", "--expires", "90d")
    made = await amends(tmp_path, "keys", "create", *who, **url)
    assert made.status == 0, made.error
    assert re.fullmatch(r"It expires at \d{4}-\d\d-\d\d \d\d:\d\d UTC\. .*\n", made.error)
    principal = await Authenticator(await database.pool()).authenticate(f"Bearer {made.output.strip()}")
    assert (principal.id, principal.grants) == ("a-7", (("agent", "north"),))
    listed = (await amends(tmp_path, "keys", "list", "--json", **url)).document
    assert [(key["person"], key["branch"], key["revoked_at"]) for key in listed] == [("a-7", "north", None)]
    good_for = datetime.fromisoformat(listed[0]["expires_at"]) - datetime.fromisoformat(listed[0]["created_at"])
    assert abs(good_for - timedelta(days=90)) < timedelta(minutes=5)
    revoked = await amends(tmp_path, "keys", "revoke", listed[0]["id"], **url)
    assert revoked.status == 0, revoked.error
    connection = await asyncpg.connect(database.url)
    assert [key.revoked_at is not None for key in await list_keys(connection, tenant="default")] == [True]
    await connection.close()


async def test_what_keys_refuses_tells_usage_from_fact_from_reach(tmp_path: Path, database: Database) -> None:
    url = {"AMENDS_DATABASE_URL": database.url}
    wrong_role = await amends(tmp_path, "keys", "create", "--role", "director", **url)
    assert (wrong_role.status, "There is no role 'director'" in wrong_role.error) == (2, True)
    no_such_key = await amends(tmp_path, "keys", "revoke", "amends_nobody", **url)
    assert (no_such_key.status, "No key is called so" in no_such_key.error) == (1, True)
    nothing_runs = await amends(tmp_path, "keys", "list")
    assert (nothing_runs.status, "start `amends up`" in nothing_runs.error) == (3, True)


async def test_migrate_makes_the_schema_that_keys_and_doctor_miss(tmp_path: Path, postgres: PostgresServer) -> None:
    await postgres.execute("CREATE DATABASE bare")
    url = {"AMENDS_DATABASE_URL": postgres.url("bare")}
    try:
        too_early = await amends(tmp_path, "keys", "list", **url)
        assert (too_early.status, "run `amends migrate`" in too_early.error) == (1, True)
        migrated = await amends(tmp_path, "migrate", "--json", **url)
        assert migrated.status == 0, migrated.error
        done = {"schema": newest_schema_version(), "keys_moved": 0, "keys_in_database": 0, "to_finish": False}
        assert migrated.document == done
        assert (await amends(tmp_path, "keys", "list", **url)).status == 0
    finally:
        await postgres.execute("DROP DATABASE bare WITH (FORCE)")


async def test_keys_of_an_older_release_are_moved_before_the_master_key_is_replaced(
    tmp_path: Path, database: Database
) -> None:
    ensure_master_key(tmp_path / "master.key")
    master_key = bytes.fromhex((tmp_path / "master.key").read_text())
    settings = {
        "AMENDS_DATABASE_URL": database.url,
        "AMENDS_MASTER_KEY_FILE": str(tmp_path / "master.key"),
        "AMENDS_KEY_STORE": str(tmp_path / "customers.db"),
    }
    keys = await kept_in_the_database(await database.pool("amends_intake"), master_key, 3)
    too_early = await amends(tmp_path, "keys", "rotate-master", **settings)
    assert (too_early.status, "run `amends migrate`" in too_early.error) == (1, True)
    migrated = await amends(tmp_path, "migrate", **settings)
    assert "3 customers' keys were moved from the database" in migrated.output, migrated.error
    assert await database.fetchval("SELECT count(*) FROM data_keys WHERE wrapped IS NOT NULL") == 0
    rotated = await amends(tmp_path, "keys", "rotate-master", "--json", **settings)
    assert rotated.document == {"keys": 3, "master_key_file": settings["AMENDS_MASTER_KEY_FILE"]}
    assert bytes.fromhex((tmp_path / "master.key").read_text()) != master_key
    copied = await amends(tmp_path, "keys", "copy", str(tmp_path / "copy.db"), **settings)
    assert copied.output == f"Copied {tmp_path / 'customers.db'} to {tmp_path / 'copy.db'}.\n", copied.error
    assert (await amends(tmp_path, "keys", "copy", str(tmp_path / "copy.db"), **settings)).status == 1
    (tmp_path / "copy.db").replace(tmp_path / "customers.db")
    store = key_store_in(tmp_path)
    assert await store.get(keys) == keys
    await store.aclose()


async def findings(
    home: Path, expected_status: int, *options: str, **variables: str
) -> dict[tuple[str, str], dict[str, Any]]:
    answer = await amends(home, "doctor", "--json", *options, **variables)
    assert answer.status == expected_status, answer.output + answer.error
    document = answer.document
    assert document["healthy"] == (expected_status == 0)
    return {(finding["subject"], finding["status"]): finding for finding in document["findings"]}


async def test_a_doctor_who_finds_nothing_wrong_says_so(tmp_path: Path, database: Database, nats_url: str) -> None:
    ensure_master_key(tmp_path / "master.key")
    ensure_signing_key(tmp_path / "signing.key", "amends/default")
    found = await findings(
        tmp_path,
        # The tests' own server does not wait for the disk, which is the one thing to be found.
        1,
        AMENDS_DATABASE_URL=database.url,
        AMENDS_NATS_URL=nats_url,
        AMENDS_MASTER_KEY_FILE=str(tmp_path / "master.key"),
        AMENDS_SIGNING_KEY_FILE=str(tmp_path / "signing.key"),
        AMENDS_INTAKE_PORT="0",
        AMENDS_WORKFLOW_PORT="0",
    )
    assert {subject for subject, status in found if status in ("bad", "unreachable")} == {"database"}
    assert found["database", "bad"]["found"] == "fsync, full_page_writes is off"
    assert {"schema", "log", "roles", "clock", "broker", "policy", "master key", "signing key"} <= {
        subject for subject, status in found if status == "good"
    }


async def test_a_doctor_names_what_cannot_be_reached_and_how_to_mend_it(tmp_path: Path) -> None:
    async with a_receiver("200 OK") as another:
        found = await findings(tmp_path, 3, AMENDS_INTAKE_PORT=str(another.port))
    assert found["intake", "note"]["found"] == f"does not run here; another system's is on 127.0.0.1:{another.port}"
    assert found["database", "unreachable"]["mend"] == "Start `amends up`, or set AMENDS_DATABASE_URL."
    assert found["broker", "unreachable"]["mend"]
    found = await findings(
        tmp_path,
        3,
        AMENDS_DATABASE_URL="postgresql://amends:secret@127.0.0.1:1/amends",
        AMENDS_NATS_URL="nats://127.0.0.1:1",
        AMENDS_POLICY="no-such-policy",
        AMENDS_INTAKE_PROT="1",
    )
    assert ("policy", "bad") in found
    assert found["settings", "bad"]["mend"] == "Did you mean AMENDS_INTAKE_PORT?"
    assert "secret" not in str(found)


async def test_a_doctor_asks_the_services_where_the_settings_say_that_they_are(tmp_path: Path) -> None:
    async with a_receiver("200 OK") as ready, a_receiver("404 Not Found") as behind_a_proxy:
        intake, workflow = (f"http://127.0.0.1:{each.port}" for each in (ready, behind_a_proxy))
        found = await findings(tmp_path, 3, AMENDS_INTAKE_URL=intake, AMENDS_WORKFLOW_URL=workflow)
        assert found["intake", "good"]["found"] == f"is ready at {intake}"
        assert found["workflow", "note"]["found"] == f"answers at {workflow}, where whether it is ready is not shown"
    async with a_receiver("503 Service Unavailable") as busy:
        intake = f"http://127.0.0.1:{busy.port}"
        found = await findings(tmp_path, 3, AMENDS_INTAKE_URL=intake, AMENDS_WORKFLOW_URL=workflow)
    assert found["intake", "unreachable"]["found"] == f"is not ready at {intake}"
    assert found["workflow", "unreachable"]["found"].startswith(f"does not answer at {workflow}: ")


async def test_a_doctor_tells_the_right_key_store_from_another(tmp_path: Path, database: Database) -> None:
    settings = {
        "AMENDS_DATABASE_URL": database.url,
        "AMENDS_MASTER_KEY_FILE": str(tmp_path / "master.key"),
        "AMENDS_KEY_STORE": str(tmp_path / "customers.db"),
    }
    store = key_store_in(tmp_path)
    (key_id,) = await store.reserve(1)
    await store.aclose()
    record = "INSERT INTO data_keys (key_id, tenant, customer_ref, created_at) VALUES ($1, 'default', $2, log_now())"
    pool = await database.pool("amends_intake")
    await pool.execute(record, key_id, "C-1")
    found = await findings(tmp_path, 3, **settings)
    assert found["key store", "good"]["found"].endswith("holds the keys that the database names")
    await pool.execute(record, UUID(int=key_id.int + 1), "C-2")
    found = await findings(tmp_path, 3, **settings)
    assert "older copy" in found["key store", "bad"]["found"]


async def test_a_doctor_finds_a_master_key_that_others_may_read(tmp_path: Path) -> None:
    with scratch_directory("amends-keys-") as directory:
        directory.chmod(0o755)
        key = directory / "master.key"
        ensure_master_key(key)
        key.chmod(0o644)
        found = await findings(tmp_path, 3, AMENDS_MASTER_KEY_FILE=str(key))
    assert found["master key", "bad"]["mend"] == f"chmod 600 {key}"


async def test_a_doctor_lists_every_setting(tmp_path: Path) -> None:
    answer = await amends(tmp_path, "doctor")
    assert answer.status == 3
    for variable in ("AMENDS_DATABASE_URL", "AMENDS_RATE_LIMIT", "AMENDS_LOG_FORMAT"):
        assert variable in answer.output


async def test_a_doctor_sees_that_the_log_may_be_changed(tmp_path: Path, database: Database) -> None:
    connection = await asyncpg.connect(database.url)
    refusing = "SELECT DISTINCT tgrelid::regclass::text FROM pg_trigger WHERE tgfoid = 'refuse_change'::regproc"
    assert {row[0] for row in await connection.fetch(refusing)} == set(APPEND_ONLY)
    await connection.execute("ALTER TABLE events DISABLE TRIGGER events_row_unchanged")
    await connection.execute("ALTER TABLE refusals ENABLE TRIGGER refusals_row_unchanged")
    await keep(connection, load_policy("bank-cn"))
    await connection.execute("ALTER TABLE policies DISABLE TRIGGER policies_row_unchanged")
    await connection.execute("UPDATE policies SET version = version + 1")
    await connection.close()
    found = await findings(tmp_path, 3, AMENDS_DATABASE_URL=database.url)
    assert found["log", "bad"]["found"] == "may be changed: events, policies, refusals"
    assert "was altered in the database" in found["policies", "bad"]["found"]


async def test_a_doctor_sees_that_nothing_is_signed(tmp_path: Path, database: Database) -> None:
    await fill_log(database, 0, 5)
    await database.move_clock(timedelta(minutes=2))
    found = await findings(tmp_path, 3, AMENDS_DATABASE_URL=database.url)
    assert found["checkpoints", "bad"]["found"] == "none of 5 events was signed yet"
    assert "does not exist" in found["signing key", "bad"]["found"]


async def test_checkpoints_are_exported_once_each_and_never_overwritten(tmp_path: Path, database: Database) -> None:
    settings = {"AMENDS_DATABASE_URL": database.url, "AMENDS_SIGNING_KEY_FILE": str(tmp_path / "signing.key")}
    none_yet = await amends(tmp_path, "checkpoints", "key", **settings)
    assert (none_yet.status, "--make" in none_yet.error) == (1, True)
    made = await amends(tmp_path, "checkpoints", "key", "--make", **settings)
    signing = CheckpointSigning(load_signer(tmp_path / "signing.key"), tmp_path / "signing.key")
    assert made.output == signing.verifier.vkey + "\n"

    pool = await database.pool("amends_workflow")
    notes: dict[str, str] = {}
    for size in (3, 7):
        await fill_log(database, len(notes) and 3, size)
        async with pool.acquire() as conn, conn.transaction():
            signed = await signing.sign(conn, size, await Checkpoint.claim(conn, "sealer"))
        assert signed is not None
        notes[f"checkpoint-{size:020}.txt"] = signed.note
    directory = tmp_path / "exported"
    directory.mkdir()
    cut_off = directory / "checkpoint-00000000000000000007.txt"
    cut_off.write_text(notes[cut_off.name][:20])
    for written in (2, 0):
        answer = await amends(tmp_path, "checkpoints", "export", str(directory), "--json", **settings)
        told = answer.document
        assert (told["written"], told["present"], told["newest"]["tree_size"]) == (written, 2 - written, 7)
        assert {path.name: path.read_text() for path in directory.iterdir()} == notes

    cut_off.write_text(notes[cut_off.name].replace("\n7\n", "\n8\n"))
    forged = await amends(tmp_path, "checkpoints", "export", str(directory), **settings)
    assert (forged.status, "holds another checkpoint" in forged.error) == (1, True)
    assert cut_off.read_text() != notes[cut_off.name]

    # Another key is taken once what this one signed last was put away; what it signed is not forgotten.
    (tmp_path / "signing.key").unlink()
    refused = await amends(tmp_path, "checkpoints", "key", "--make", **settings)
    assert (refused.status, "signing.key.last as evidence, move it away" in refused.error) == (1, True)
    (tmp_path / "signing.key.last").rename(tmp_path / "evidence")
    replaced = await amends(tmp_path, "checkpoints", "key", "--make", "--json", **settings)
    told = replaced.document
    assert (told["earlier"], told["vkey"] == signing.verifier.vkey) == ([signing.verifier.vkey], False)
