"""Making a backup: everything in it is of one snapshot of the database, and it is there whole or not at all."""

from __future__ import annotations

import asyncio
import importlib.metadata
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import asyncpg

from amends_platform.backup.manifest import CHECKPOINT, DUMP, MANIFEST, Manifest, Membership, hashes_in
from amends_platform.backup.tools import run_tool, tool
from amends_platform.backup.watching import OnProgress, watching
from amends_platform.evidence.tree_head import latest_checkpoint
from amends_platform.failures import Failure, WrongUsage
from amends_platform.files import sync_directory
from amends_platform.owner import owner_connection
from amends_store.migrate import schema_version
from amends_store.read import head_position

_VERSION: Final = (
    "SELECT current_setting('server_version') AS full, current_setting('server_version_num')::int AS number"
)
# Whom rights are granted to, and whom walls (row-level security) let through: the owner, too.
_ROLES: Final = r"""
SELECT rolname FROM pg_roles WHERE rolname LIKE 'amends\_%' AND NOT rolcanlogin
UNION SELECT r.rolname FROM pg_policy AS p JOIN pg_roles AS r ON r.oid = ANY (p.polroles)
ORDER BY rolname
"""
# Of a table with a wall pg_dump reads what its user is shown: all, if a policy says so and none says otherwise.
_HIDDEN: Final = """
SELECT c.relname FROM pg_class AS c
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND row_security_active(c.oid)
    AND NOT coalesce((
        SELECT bool_and(p.permissive = 'PERMISSIVE')
            AND bool_or(p.qual = 'true' AND p.cmd IN ('ALL', 'SELECT') AND p.roles && ARRAY[current_user, 'public'])
        FROM pg_policies AS p WHERE p.schemaname = 'public' AND p.tablename = c.relname
    ), false)
ORDER BY c.relname LIMIT 1
"""
_MEMBERSHIPS: Final = r"""
SELECT r.rolname AS role, m.rolname AS member, bool_or(a.inherit_option) AS inherits, bool_or(a.set_option) AS sets
FROM pg_auth_members AS a JOIN pg_roles AS r ON r.oid = a.roleid JOIN pg_roles AS m ON m.oid = a.member
WHERE r.rolname LIKE 'amends\_%' AND m.rolname LIKE 'amends\_%' AND NOT r.rolcanlogin AND NOT m.rolcanlogin
GROUP BY r.rolname, m.rolname ORDER BY r.rolname, m.rolname
"""
_ROWS: Final = """
SELECT coalesce(sum(greatest(reltuples, 0)), 0)::bigint FROM pg_class
WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND relname <> 'events'
"""
# Whoever was signed in to the console when it was made is not signed in again by restoring it.
_LEFT_OUT: Final = ("public.sessions", "public.person_sessions")


async def make_backup(database_url: str, directory: Path, on_progress: OnProgress) -> Manifest:
    """Back the database up into `directory`, which must not be there yet, while services work on.

    Raises WrongUsage, CannotReach, Failure (ToolFailed is one), OSError; then nothing is left.
    """
    with _made_at_once(directory) as beside:
        async with owner_connection(database_url) as connection:
            try:
                manifest = await _back_up(connection, database_url, beside, on_progress)
            except asyncpg.InsufficientPrivilegeError as error:
                raise Failure(
                    f"A backup is made as the owner of the database, who may read all of it: {error}"
                ) from error
        (beside / MANIFEST).write_text(json.dumps(manifest.document(), indent=2) + "\n", encoding="utf-8")
    return manifest


@contextmanager
def _made_at_once(directory: Path) -> Iterator[Path]:
    """A directory to fill, which is there under its name, and for good, once the block is left; or not at all."""
    if directory.exists():
        raise WrongUsage(f"{directory} is there already: each backup is a directory of its own.")
    if not directory.parent.is_dir():
        raise WrongUsage(f"There is no directory {directory.parent}.")
    beside = directory.with_name(f".{directory.name}.{os.getpid()}.tmp")
    beside.mkdir(mode=0o700)
    try:
        yield beside
        for file in beside.iterdir():
            _make_durable(file)
        sync_directory(beside)
        beside.rename(directory)
        sync_directory(directory.parent)
    except BaseException:
        with suppress(OSError):
            shutil.rmtree(beside)
        raise


async def _back_up(
    connection: asyncpg.Connection, database_url: str, directory: Path, on_progress: OnProgress
) -> Manifest:
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        snapshot = await connection.fetchval("SELECT pg_export_snapshot()")
        schema = await schema_version(connection)
        if schema is None:
            raise Failure("The database has no Amends schema, so there is nothing to back up.")
        made_at = datetime.now(UTC)
        postgres: Any = await connection.fetchrow(_VERSION)
        position = await head_position(connection)
        checkpoint = await latest_checkpoint(connection)
        rows = position + await connection.fetchval(_ROWS)
        if hidden := await connection.fetchval(_HIDDEN):
            raise Failure(
                f"This user may not see every row of {hidden}: a backup is made as the owner of the database."
            )
        pg_dump = await tool("pg_dump", postgres["number"] // 10_000)
        async with watching(database_url, rows, on_progress):
            await run_tool(
                *(
                    pg_dump,
                    database_url,
                    f"--snapshot={snapshot}",
                    "--format=custom",
                    "--compress=1",
                    f"--file={directory / DUMP}",
                ),
                # Without it a user whom walls concern may read nothing at all.
                "--enable-row-security",
                *("--schema=public", "--no-owner", *(f"--exclude-table-data={table}" for table in _LEFT_OUT)),
            )
        if checkpoint is not None:
            (directory / CHECKPOINT).write_text(checkpoint.note, encoding="utf-8")
        return Manifest(
            made_at=made_at,
            release=importlib.metadata.version("amends"),
            postgres=postgres["full"],
            schema_version=schema,
            position=position,
            signed_events=0 if checkpoint is None else checkpoint.tree_size,
            roles=tuple(name for (name,) in await connection.fetch(_ROLES)),
            memberships=tuple(Membership(*row) for row in await connection.fetch(_MEMBERSHIPS)),
            rows=rows,
            files=await asyncio.to_thread(hashes_in, directory),
        )


def _make_durable(file: Path) -> None:
    file.chmod(0o600)
    handle = os.open(file, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
