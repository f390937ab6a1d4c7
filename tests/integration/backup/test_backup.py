"""A backup is whole or not there; a restore takes all of it or nothing, and never over what is there."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from amends_domain.access.grants import Grant
from amends_platform import cli
from amends_platform.backup.making import make_backup
from amends_platform.backup.manifest import DUMP, MANIFEST, BadBackup, Manifest, hashes_in, read_manifest
from amends_platform.backup.restoring import restore
from amends_platform.backup.tools import ToolFailed, tool, without_password
from amends_platform.evidence.signing_key import last_file_of
from amends_platform.failures import Failure, WrongUsage
from amends_platform.identity.principals import Principal, create_key
from amends_platform.identity.sessions import begin_person_session
from tests.integration.cli.telling import connected
from tests.support.logs import fill_log
from tests.support.postgres import Database, PostgresServer, new_database
from tests.support.whole_logs import SIGNER, seal_log, superuser, write_log

EVENTS = 300
_SIGNED_IN = "INSERT INTO sessions (token_hash, api_key_id, expires_at) SELECT sha256('x'), id, log_now() FROM api_keys"
_COUNT = "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace"


async def test_a_restored_database_is_the_same_to_the_last_right_and_row(database: Database, tmp_path: Path) -> None:
    await fill_log(database, 0, EVENTS)
    async with connected(database) as connection:
        await create_key(connection, role="agent", tenant="default")
        await connection.execute(_SIGNED_IN)
        await begin_person_session(connection, Principal("a-17", "default", (Grant("agent", None),)), 60, "state")
    made = await make_backup(database.url, tmp_path / "backup", _nobody_looks)
    assert made == read_manifest(tmp_path / "backup")
    assert (made.position, made.signed_events) == (EVENTS, 0)
    async with _empty(database.server) as empty:
        assert await restore(tmp_path / "backup", empty.url, _nobody_looks) == made
        assert await _schema(empty) == await _schema(database)
        rows = "SELECT md5(string_agg(e::text, '' ORDER BY position)) FROM events AS e"
        assert await empty.fetchval(rows) == await database.fetchval(rows)
        # Whoever was signed in has to sign in again.
        for sessions in ("sessions", "person_sessions"):
            assert await empty.fetchval(f"SELECT count(*) FROM {sessions}") == 0
        with pytest.raises(Failure, match="is not empty"):
            await restore(tmp_path / "backup", empty.url, _nobody_looks)


async def test_an_ordinary_owner_of_another_name_makes_and_restores_them(database: Database, tmp_path: Path) -> None:
    """Nobody needs a superuser: walls let the owner through, by whatever name, and nobody else."""
    await fill_log(database, 0, EVENTS)
    await make_backup(database.url, tmp_path / "first", _nobody_looks)
    async with _owned_by(database.server, "one_owner") as one:
        await restore(tmp_path / "first", one.url, _nobody_looks)
        await make_backup(one.url, tmp_path / "second", _nobody_looks)
    async with _owned_by(database.server, "other_owner") as other:
        assert (await restore(tmp_path / "second", other.url, _nobody_looks)).position == EVENTS
        let_through = "SELECT array_agg(DISTINCT r) FROM pg_policies, unnest(roles) AS r WHERE r NOT LIKE 'amends%'"
        assert await other.fetchval(let_through) == ["other_owner"]
        assert await other.fetchval("SELECT bool_and(relrowsecurity) FROM pg_class WHERE relforcerowsecurity")
        assert await other.fetchval("SELECT to_regrole('one_owner')") is None


async def test_nothing_is_left_of_a_backup_that_could_not_be_made(database: Database, tmp_path: Path) -> None:
    with pytest.raises(WrongUsage, match="is there already"):
        await make_backup(database.url, tmp_path, _nobody_looks)
    async with _empty(database.server) as empty:
        with pytest.raises(Failure, match="no Amends schema"):
            await make_backup(empty.url, tmp_path / "backup", _nobody_looks)
    stranger = database.url.replace("//postgres@", "//a_stranger@")
    await database.execute("CREATE ROLE a_stranger LOGIN; GRANT SELECT ON alembic_version, log_head TO a_stranger")
    try:
        with pytest.raises(Failure, match="as the owner"):
            await make_backup(stranger, tmp_path / "backup", _nobody_looks)
    finally:
        await database.execute("DROP OWNED BY a_stranger; DROP ROLE a_stranger")
    making = asyncio.create_task(make_backup(database.url, tmp_path / "backup", _nobody_looks))
    while not _names_in(tmp_path):  # noqa: ASYNC110
        await asyncio.sleep(0)
    making.cancel()
    await asyncio.gather(making, return_exceptions=True)
    assert _names_in(tmp_path) == []


async def test_a_damaged_backup_is_refused_and_a_restore_that_fails_leaves_nothing(
    database: Database, tmp_path: Path
) -> None:
    await fill_log(database, 0, EVENTS)
    backup = tmp_path / "backup"
    made = await make_backup(database.url, backup, _nobody_looks)
    whole = (backup / DUMP).read_bytes()
    # What it holds is in order until somewhere in its middle.
    (backup / DUMP).write_bytes(whole[: len(whole) * 9 // 10])
    async with _empty(database.server) as empty:
        nothing = await empty.fetchval(_COUNT)
        with pytest.raises(BadBackup, match="is not what was written"):
            await restore(backup, empty.url, _nobody_looks)
        _write(backup, replace(made, files=hashes_in(backup)))
        with pytest.raises(ToolFailed, match="pg_restore"):
            await restore(backup, empty.url, _nobody_looks)
        _write(backup, replace(made, schema_version="9999", release="9.0"))
        with pytest.raises(Failure, match=r"the release 9\.0"):
            await restore(backup, empty.url, _nobody_looks)
        (backup / MANIFEST).write_text("{}")
        with pytest.raises(BadBackup, match="format"):
            await restore(backup, empty.url, _nobody_looks)
        assert await empty.fetchval(_COUNT) == nothing


async def test_its_commands_say_what_is_in_it_and_what_is_lost(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with superuser(database) as connection:
        await write_log(connection, 0, EVENTS)
        await seal_log(connection, [EVENTS - 10], SIGNER, tmp_path)
    monkeypatch.setenv("AMENDS_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("AMENDS_DATABASE_URL", database.url)
    backup = str(tmp_path / "backup")
    assert "amends keys copy" in (await _amends(0, "backup", backup)).output
    checked = json.loads((await _amends(0, "backup", "--check", backup, "--json")).stdout)
    assert (checked["position"], checked["signed_events"]) == (EVENTS, EVENTS - 10)
    assert "The log in it is whole" in (await _amends(0, "backup", "--rehearse", backup)).output
    assert "kept apart from it" in str((await _amends(1, "keys", "copy", f"{backup}/customers.db")).exception)
    # No server is made for what is no backup.
    await _amends(1, "restore", str(tmp_path / "none"), "--data-dir", str(tmp_path / "new"))
    assert not (tmp_path / "new").exists()
    # Ten more events were signed than the backup has.
    last = last_file_of(tmp_path / "data" / "keys" / "signing.key")
    last.parent.mkdir(parents=True)
    last.write_text(SIGNER.sign(f"amends/default\n{EVENTS + 10}\n{'A' * 43}=\n"))
    async with _empty(database.server) as empty:
        monkeypatch.setenv("AMENDS_DATABASE_URL", empty.url)
        assert "EVENTS ARE LOST, 10 at least" in (await _amends(0, "restore", backup)).output


def test_a_password_is_in_no_list_of_processes() -> None:
    url, environment = without_password("postgresql://own:se%2Fcret@db.example:5432/amends?sslmode=require")
    assert (url, environment) == ("postgresql://own@db.example:5432/amends?sslmode=require", {"PGPASSWORD": "se/cret"})
    url, environment = without_password("postgresql://own@/amends?host=/run/pg&password=secret")
    assert (url, environment) == ("postgresql://own@/amends?host=/run/pg", {"PGPASSWORD": "secret"})


@asynccontextmanager
async def _empty(server: PostgresServer) -> AsyncIterator[Database]:
    async with new_database(server, template="template0") as database:
        yield database


@asynccontextmanager
async def _owned_by(server: PostgresServer, name: str) -> AsyncIterator[Database]:
    """An empty database of this new user, who is no superuser."""
    await server.execute(f"CREATE ROLE {name} LOGIN CREATEROLE")
    async with _empty(server) as database:
        await server.execute(f"ALTER DATABASE {database.name} OWNER TO {name}")
        database.url = database.url.replace("//postgres@", f"//{name}@")
        try:
            yield database
        finally:
            await server.execute(f"DROP OWNED BY {name}", database.name)
            await server.execute(f"ALTER DATABASE {database.name} OWNER TO postgres; DROP ROLE {name}")


async def _amends(status: int, *arguments: str) -> Any:
    """What a command answers, which must end so."""
    answer = await asyncio.to_thread(CliRunner().invoke, cli.app, arguments)
    assert answer.exit_code == status, (answer.output, answer.exception)
    return answer


async def _schema(database: Database) -> str:
    """Everything but the rows, as PostgreSQL itself writes it down, but for what it calls and brackets otherwise."""
    pg_dump = await tool("pg_dump", 18)
    process = await asyncio.create_subprocess_exec(
        *(str(pg_dump), "--schema-only", "--restrict-key=none", database.url), stdout=asyncio.subprocess.PIPE
    )
    schema, _ = await process.communicate()
    assert process.returncode == 0
    return re.sub(r" CONSTRAINT \w+_not_null\d*|[()]", "", schema.decode())


def _names_in(directory: Path) -> list[str]:
    return [path.name for path in directory.iterdir()]


def _write(directory: Path, manifest: Manifest) -> None:
    (directory / MANIFEST).write_text(json.dumps(manifest.document()))


def _nobody_looks(_done: int, _total: int) -> None:
    return None
