"""The database: the server, the schema, and what nobody may change."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

import asyncpg

from amends_platform.checkup.access import check_api_keys
from amends_platform.checkup.finding import Finding
from amends_platform.failures import CannotReach
from amends_platform.owner import owner_connection
from amends_platform.settings import Settings, masked
from amends_platform.supervising.running import Running

APPEND_ONLY: Final = (
    "data_keys",
    "events",
    "merkle_tiles",
    "personal_data_readings",
    "policies",
    "publications",
    "refusals",
    "signed_checkpoints",
)
SERVICE_ROLES: Final = ("amends_intake", "amends_workflow", "amends_enquiry", "amends_notifier", "amends_auditor")
_SERVER_VERSION_MIN: Final = 18
_HARDLY_REPLICATED: Final = ("local", "remote_write")
_CLOCKS_APART_SECONDS_MAX: Final = 2.0
_UNSIGNED_SECONDS_MAX: Final = 30.0


async def check_database(settings: Settings, running: Running | None) -> list[Finding]:
    """Whether it answers, keeps what it is given, and is as this release made it."""
    database_url = settings.database_url or (running.database_url if running else None)
    if database_url is None:
        mend = "Start `amends up`, or set AMENDS_DATABASE_URL."
        return [Finding("database", "unreachable", "none is set, and no `amends up` runs", mend)]
    try:
        async with owner_connection(database_url) as connection:
            return [
                Finding("database", "good", f"answers at {masked(database_url)}"),
                await _server_version(connection),
                await durability(connection),
                await _clock(connection),
                await _schema(connection),
                *await _append_only(connection),
                *await _policies(connection),
                await _roles(connection, settings, running),
                *await _walls(connection),
                *await check_api_keys(connection, settings, running),
                await _checkpoints(connection, settings),
            ]
    except CannotReach as error:
        return [Finding("database", "unreachable", str(error), "Is PostgreSQL running, and is the URL right?")]


async def _server_version(connection: asyncpg.Connection) -> Finding:
    version = connection.get_server_version()
    if version.major < _SERVER_VERSION_MIN:
        return Finding("database", "bad", f"is PostgreSQL {version.major}", "Amends needs PostgreSQL 18 or newer.")
    return Finding("database", "good", f"is PostgreSQL {await connection.fetchval('SHOW server_version')}")


async def durability(connection: asyncpg.Connection) -> Finding:
    """Whether what is acknowledged is on a disk, and on the standby's where there is one that commits wait for."""
    off = [name for name in ("fsync", "full_page_writes", "synchronous_commit") if await _is_off(connection, name)]
    if off:
        mend = "Turn it on: an acknowledged complaint could be lost."
        return Finding("database", "bad", f"{', '.join(off)} is off", mend)
    waits_for = await connection.fetchval("SHOW synchronous_commit")
    if waits_for in _HARDLY_REPLICATED and await connection.fetchval("SHOW synchronous_standby_names"):
        mend = "Set it to on: a failover could lose an acknowledged complaint."
        return Finding("database", "bad", f"synchronous_commit is {waits_for}, though there are standbys", mend)
    return Finding("database", "good", "writes what it acknowledges to the disk")


async def _is_off(connection: asyncpg.Connection, name: str) -> bool:
    return bool(await connection.fetchval("SELECT current_setting($1) = 'off'", name))


async def _clock(connection: asyncpg.Connection) -> Finding:
    """The database's clock decides what is due; ours shows times."""
    apart = await connection.fetchval("SELECT extract(epoch FROM clock_timestamp() - $1)", datetime.now(UTC))
    if abs(apart) > _CLOCKS_APART_SECONDS_MAX:
        mend = "Keep both on NTP: the database's clock decides what is due."
        return Finding("clock", "bad", f"this machine and the database are {abs(apart):.1f} s apart", mend)
    return Finding("clock", "good", "this machine and the database agree")


async def _schema(connection: asyncpg.Connection) -> Finding:
    from amends_store.migrate import newest_schema_version, schema_version

    version, newest = await schema_version(connection), newest_schema_version()
    if version is None:
        return Finding("schema", "bad", "there is none", "Run `amends migrate`.")
    if version != newest:
        return Finding("schema", "bad", f"is at {version}, this release brings {newest}", "Run `amends migrate`.")
    return Finding("schema", "good", f"is at {version}, the newest")


async def _append_only(connection: asyncpg.Connection) -> list[Finding]:
    """Whoever owns the tables can switch off what refuses changes, and forget it."""
    from amends_store.statements import statement

    tables = await connection.fetch(statement("append_only_tables"), list(APPEND_ONLY))
    changeable = [row["name"] for row in tables if not row["refuses"]]
    if changeable:
        mend = "Switch their triggers on (ALTER TABLE … ENABLE ALWAYS TRIGGER …), then run `amends verify`."
        return [Finding("log", "bad", f"may be changed: {', '.join(changeable)}", mend)]
    return [Finding("log", "good", "refuses to be changed, by its owner too")] if tables else []


async def _policies(connection: asyncpg.Connection) -> list[Finding]:
    from amends_platform.policy.book import AlteredPolicy, restored

    mend = "Put the row back as it was, from a backup or a bundle of evidence: until then nothing is judged by it."
    findings = []
    try:
        rows = await connection.fetch("SELECT * FROM policies ORDER BY registered_at, hash")
    except asyncpg.UndefinedTableError:
        # Said about the schema.
        return []
    for row in rows:
        try:
            restored(row)
        except AlteredPolicy as error:
            findings.append(Finding("policies", "bad", str(error), mend))
    return findings or [Finding("policies", "good", f"{len(rows):,} registered, each what its hash is of")]


async def _roles(connection: asyncpg.Connection, settings: Settings, running: Running | None) -> Finding:
    if settings.mode == "production" and running is None:
        # Each service has a login of its own there, and nobody may act as all of them.
        there = await connection.fetch("SELECT rolname FROM pg_roles WHERE rolname = ANY($1)", list(SERVICE_ROLES))
        if lacking := sorted(set(SERVICE_ROLES) - {row["rolname"] for row in there}):
            return Finding("roles", "bad", f"there is no {', '.join(lacking)}", "Run `amends migrate`.")
        return Finding("roles", "good", "each service has one")
    rows = await connection.fetch(
        "SELECT rolname FROM pg_roles WHERE rolname = ANY($1) AND pg_has_role(current_user, oid, 'SET')",
        list(SERVICE_ROLES),
    )
    missing = sorted(set(SERVICE_ROLES) - {row["rolname"] for row in rows})
    if missing:
        mend = "Run `amends migrate`, then grant the missing ones to the user in AMENDS_DATABASE_URL."
        return Finding("roles", "bad", f"this user cannot act as {', '.join(missing)}", mend)
    return Finding("roles", "good", "this user can act as every service")


async def _walls(connection: asyncpg.Connection) -> list[Finding]:
    from amends_store.walls import walls_down

    try:
        down = await walls_down(connection)
    except asyncpg.UndefinedFunctionError:
        # Said about the schema.
        return []
    mend = "Run `amends migrate --finish` once no service of the release before runs."
    if down.missing:
        return [Finding("walls", "bad", f"no row-level security holds {', '.join(down.missing)}", mend)]
    if down.open_for_release_before:
        return [Finding("walls", "note", "are open for services of the release before", mend)]
    return [Finding("walls", "good", "row-level security holds every table, its owner too")]


async def _checkpoints(connection: asyncpg.Connection, settings: Settings) -> Finding:
    from amends_platform.evidence.tree_head import signed_so_far

    try:
        signed = await signed_so_far(connection)
    except asyncpg.UndefinedTableError:
        return Finding("checkpoints", "bad", "there is no table of them", "Run `amends migrate`.")
    if signed.age_seconds is None:
        found = f"none of {signed.events:,} events was signed yet"
    else:
        found = (
            f"{signed.signed_events:,} of {signed.events:,} events are signed, the last {signed.age_seconds:.0f} s ago"
        )
    if (signed.waiting_seconds or 0) > _UNSIGNED_SECONDS_MAX + 3 * settings.checkpoint_seconds:
        mend = "See the workflow's log: does it run, has it the signing key, does /readyz say why nothing is signed?"
        return Finding("checkpoints", "bad", found, mend)
    return Finding("checkpoints", "note" if signed.age_seconds is None else "good", found)
