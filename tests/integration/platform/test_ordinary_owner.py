"""Nobody needs a superuser: an ordinary role owns the database, and is held by its row-level security like anybody."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import asyncpg
import pytest

from amends_platform.backup.making import make_backup
from amends_platform.backup.restoring import restore
from amends_platform.identity.principals import create_key, list_keys, revoke_key
from amends_platform.verifying.log import Request, verify_log
from amends_store.append import Appender
from amends_store.migrate import migrate
from amends_store.pool import connect_pool
from amends_store.records import Append, Appended
from amends_store.walls import walls_down
from tests.support.appends import a_command
from tests.support.postgres import Database, PostgresServer, new_database

LOGIN = "a_login"


@asynccontextmanager
async def owned_by(server: PostgresServer, owner: str) -> AsyncIterator[tuple[Database, str]]:
    """An empty database of this role, which is no superuser; and its URL."""
    async with new_database(server, template="template0") as empty:
        await server.execute(
            f"CREATE ROLE {owner} LOGIN CREATEROLE; ALTER DATABASE {empty.name} OWNER TO {owner};"
            f"ALTER ROLE {owner} NOSUPERUSER NOBYPASSRLS"
        )
        try:
            yield empty, empty.url.replace("//postgres@", f"//{owner}@")
        finally:
            await server.execute(f"DROP OWNED BY {owner}", empty.name)
            await server.execute(f"ALTER DATABASE {empty.name} OWNER TO postgres; DROP ROLE {owner}")


@pytest.fixture
async def login(postgres: PostgresServer) -> AsyncIterator[str]:
    """A role that may act as the services, and owns nothing."""
    await postgres.execute(
        f"CREATE ROLE {LOGIN} LOGIN NOINHERIT; GRANT amends_intake TO {LOGIN}; GRANT amends_workflow TO {LOGIN}"
    )
    yield LOGIN
    await postgres.execute(f"DROP ROLE {LOGIN}")


async def test_an_ordinary_owner_migrates_makes_keys_verifies_backs_up_and_restores(
    postgres: PostgresServer, login: str, tmp_path: Path
) -> None:
    async with owned_by(postgres, "one_owner") as (empty, url):
        await migrate(url)
        owners = "SELECT array_agg(DISTINCT tableowner) FROM pg_tables WHERE schemaname = 'public'"
        assert await empty.fetchval(owners) == ["one_owner"]
        for tenant in ("default", "other"):
            await appended(url.replace("//one_owner@", f"//{login}@"), replace(a_command(), tenant=tenant))
        owner = await asyncpg.connect(url)
        assert await walls_down(owner) == ((), ())
        for tenant in ("default", "other"):
            await create_key(owner, role="agent", tenant=tenant, person="p-1")
            (key,) = await list_keys(owner, tenant=tenant)
            assert (await revoke_key(owner, str(key.id), tenant=tenant)).revoked_at is not None
        await owner.close()
        assert await verified(url) == (2, 2)
        await make_backup(url, tmp_path / "backup", lambda *_: None)
    async with owned_by(postgres, "another_owner") as (_, url):
        await restore(tmp_path / "backup", url, lambda *_: None)
        assert await verified(url) == (2, 2)
        owner = await asyncpg.connect(url)
        assert await walls_down(owner) == ((), ())
        await owner.close()


async def appended(url: str, command: Append) -> None:
    """By a service: its login acts as the service's role, and the workflow's as that of questions, too."""
    pool = await connect_pool(url, role="amends_intake", tenant=command.tenant, min_size=1, max_size=2)
    appender = Appender(pool)
    assert isinstance(await appender.append(command), Appended)
    await appender.aclose()
    await pool.close()
    pool = await connect_pool(url, role="amends_enquiry", tenant=command.tenant, min_size=1, max_size=1)
    assert await pool.fetchval("SELECT count(*) FROM events") == 0
    await pool.close()


async def verified(url: str) -> tuple[int, int]:
    """How many events and cases; nothing is wrong with them."""
    found = await verify_log(Request(url), lambda *_: None)
    assert found.faults == ()
    return found.head, found.streams
