"""Restoring a backup into an empty database: all of it, or nothing."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Final

import asyncpg

from amends_platform.backup.manifest import DUMP, BadBackup, Manifest, Membership, check_files, read_manifest
from amends_platform.backup.tools import run_tool, tool
from amends_platform.backup.watching import OnProgress, watching
from amends_platform.failures import Failure
from amends_platform.owner import owner_connection
from amends_platform.settings import masked
from amends_store.migrate import newest_schema_version
from amends_store.read import head_position

_HOLDS: Final = """
SELECT n.nspname || '.' || c.relname FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f')
    AND NOT EXISTS (SELECT FROM pg_depend AS d WHERE d.objid = c.oid AND d.deptype = 'e')
ORDER BY 1 LIMIT 1
"""
_MAJOR: Final = "SELECT current_setting('server_version_num')::int / 10000"
_IS_MISSING: Final = "SELECT to_regrole($1) IS NULL"
_HAS_WALLS: Final = "SELECT to_regproc('public.put_up_wall') IS NOT NULL"
# What is open for the release before stays so.
_PUT_UP_WALLS: Final = """
SELECT public.put_up_wall(w.of_table, 'public', EXISTS (SELECT FROM pg_policies WHERE policyname = 'release_before'))
FROM public.walls() AS w
WHERE to_regclass('public.' || w.of_table) IS NOT NULL
"""
_SERVICES: Final = "amends_"
_IS_MEMBER: Final = "SELECT pg_has_role($1, $2, 'MEMBER')"


async def restore(directory: Path, database_url: str, on_progress: OnProgress) -> Manifest:
    """Restore the backup into the database, which must hold nothing yet, in one transaction.

    Raises BadBackup, CannotReach, Failure (ToolFailed is one).
    """
    manifest = read_manifest(directory)
    if manifest.schema_version > newest_schema_version():
        raise Failure(
            f"The backup has the schema {manifest.schema_version}, made by the release {manifest.release}; this one "
            f"knows no schema after {newest_schema_version()}. Restore it with that release, or a newer one."
        )
    check_files(directory, manifest)
    async with owner_connection(database_url) as connection:
        if holds := await connection.fetchval(_HOLDS):
            raise Failure(
                f"The database {masked(database_url)} is not empty ({holds} is in it): a backup is restored into a new "
                "one, beside what is there."
            )
        pg_restore = await tool("pg_restore", await connection.fetchval(_MAJOR))
        made = await _make_roles(connection, manifest)
        async with watching(database_url, manifest.rows, on_progress):
            await run_tool(
                *(pg_restore, database_url, "--single-transaction", "--exit-on-error", "--no-owner"),
                # Else it would make that schema, which a new database has.
                "--schema=public",
                str(directory / DUMP),
            )
        await _let_the_owner_through(connection, made)
        if (position := await head_position(connection)) != manifest.position:
            raise BadBackup(f"The log ends at {position} now, and the manifest says {manifest.position}.")
        await connection.execute("ANALYZE")
    return manifest


async def _make_roles(connection: asyncpg.Connection, manifest: Manifest) -> list[str]:
    """The roles that rights are granted to, without login, as migrating makes them. Those that were made now."""
    missing = [role for role in manifest.roles if await connection.fetchval(_IS_MISSING, _quoted(role))]
    for role in missing:
        await connection.execute(f"CREATE ROLE {_quoted(role)} NOLOGIN")
    for membership in manifest.memberships:
        await _make_member(connection, membership)
    return missing


async def _let_the_owner_through(connection: asyncpg.Connection, made: list[str]) -> None:
    """Walls name the owner, who may be another here: they are put up anew, and the old one is not needed."""
    if await connection.fetchval(_HAS_WALLS):
        await connection.execute(_PUT_UP_WALLS)
    for role in made:
        if not role.startswith(_SERVICES):
            with suppress(asyncpg.DependentObjectsStillExistError):
                await connection.execute(f"DROP ROLE {_quoted(role)}")


async def _make_member(connection: asyncpg.Connection, membership: Membership) -> None:
    role, member, inherits, sets = membership
    if not await connection.fetchval(_IS_MEMBER, member, role):
        await connection.execute(
            f"GRANT {_quoted(role)} TO {_quoted(member)} WITH INHERIT {str(inherits).upper()}, SET {str(sets).upper()}"
        )


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
