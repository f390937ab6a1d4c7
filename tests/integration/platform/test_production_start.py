"""In production a service is nobody who could change what was recorded."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest

from amends_platform.production import OwnerRefused, refuse_owner
from tests.support.intake import running_intake
from tests.support.postgres import Database


async def test_whoever_owns_the_log_is_refused_and_a_login_of_the_service_s_own_is_not(database: Database) -> None:
    login, deputy, sleeper, unheld = (f"login_{uuid4().hex[:12]}" for _ in range(4))
    owner = await database.fetchval("SELECT relowner::regrole::text FROM pg_class WHERE oid = 'events'::regclass")
    await database.execute(
        f"CREATE ROLE {login} LOGIN IN ROLE amends_intake; CREATE ROLE {deputy} LOGIN IN ROLE {owner};"
        f"CREATE ROLE {sleeper} LOGIN IN ROLE amends_intake; GRANT {owner} TO {sleeper} WITH INHERIT FALSE;"
        f"CREATE ROLE {unheld} LOGIN BYPASSRLS IN ROLE amends_intake"
    )
    try:
        for user, is_refused in (
            *((login, False), (deputy, True), (sleeper, True)),
            *((unheld, True), (owner, True)),
        ):
            connection = await asyncpg.connect(database.url, user=user)
            try:
                if user != deputy:
                    # Whatever role it takes: it can take another.
                    await connection.execute("SET ROLE amends_intake")
                if is_refused:
                    with pytest.raises(OwnerRefused):
                        await refuse_owner(connection)
                else:
                    await refuse_owner(connection)
            finally:
                await connection.close()
    finally:
        await database.execute(f"DROP ROLE {login}, {deputy}, {sleeper}, {unheld}")


async def test_intake_does_not_start_as_the_owner(database: Database, tmp_path: Path) -> None:
    with pytest.raises(OwnerRefused, match="it could change what was recorded"):
        async with running_intake(database, tmp_path, mode="production"):
            pass
