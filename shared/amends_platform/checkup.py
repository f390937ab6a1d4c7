"""What `amends doctor` looks at: database, broker, policy, master key, services, settings. It changes nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, Literal

import asyncpg

from amends_platform.failures import CannotReach
from amends_platform.files import others_may_read
from amends_platform.owner import owner_connection
from amends_platform.settings import Settings, masked, unknown_variables
from amends_platform.supervising.ports import is_free
from amends_platform.supervising.probes import http_ready
from amends_platform.supervising.running import Running

if TYPE_CHECKING:
    from amends_platform.broker_address import BrokerAddress
    from amends_platform.keystore.protocol import KeyStore

STREAM: Final = "AMENDS"
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
_NATS_SECONDS_MAX: Final = 5.0
_SERVICE_SECONDS_MAX: Final = 5.0
_CLOCKS_APART_SECONDS_MAX: Final = 2.0
_UNSIGNED_SECONDS_MAX: Final = 30.0

Status = Literal["good", "note", "bad", "unreachable"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at. `mend` says what to do, where something is to be done."""

    subject: str
    status: Status
    found: str
    mend: str | None = None


async def check_everything(settings: Settings, running: Running | None) -> list[Finding]:
    """All findings, in the order in which one would mend them."""
    checks: list[Callable[[], Awaitable[list[Finding]]]] = [
        lambda: _settings(),
        lambda: _mode(settings, running),
        lambda: _database(settings, running),
        lambda: _broker(settings, running),
        lambda: _policy(settings),
        lambda: _master_key(settings),
        lambda: _signing_key(settings),
        lambda: _key_store(settings, running),
        lambda: _services(settings, running),
        lambda: _identity_provider(settings),
        lambda: _webhooks(settings, running),
        lambda: _digest(settings, running),
    ]
    found = await asyncio.gather(*(check() for check in checks))
    return [finding for findings in found for finding in findings]


async def _settings() -> list[Finding]:
    findings = []
    for variable, meant in unknown_variables().items():
        mend = f"Did you mean {meant}?" if meant else "Remove it; the settings are listed below."
        findings.append(Finding("settings", "bad", f"{variable} is no setting of Amends", mend))
    return findings


async def _mode(settings: Settings, running: Running | None) -> list[Finding]:
    from amends_platform.identity.access_checkup import check_mode

    if running is not None:
        # What it started, it started in development, whatever this shell says.
        settings = settings.model_copy(update={"mode": "development"})
    elif settings.database_url is None:
        return []
    return [Finding("mode", *told) for told in await check_mode(settings)]


async def _identity_provider(settings: Settings) -> list[Finding]:
    from amends_platform.identity.access_checkup import check_identity_provider

    return [Finding("identity", *told) for told in await check_identity_provider(settings)]


async def _api_keys(connection: asyncpg.Connection, settings: Settings, running: Running | None) -> list[Finding]:
    from amends_platform.identity.access_checkup import check_api_keys

    if running is not None:
        settings = settings.model_copy(update={"mode": "development"})
    return [Finding("API keys", *told) for told in await check_api_keys(connection, settings)]


async def _database(settings: Settings, running: Running | None) -> list[Finding]:
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
                *await _api_keys(connection, settings, running),
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


def _broker_address(settings: Settings, running: Running | None) -> BrokerAddress | None:
    from amends_platform.broker_address import BrokerAddress

    return BrokerAddress.of(settings, running.nats_url if running else None)


async def _broker(settings: Settings, running: Running | None) -> list[Finding]:
    from nats.js.errors import NotFoundError

    from amends_platform.broker_connection import TROUBLE, opened

    address = _broker_address(settings, running)
    if address is None:
        return [
            Finding(
                "broker", "unreachable", "none is set, and no `amends up` runs", "Start it, or set AMENDS_NATS_URL."
            )
        ]
    async with AsyncExitStack() as held:
        try:
            client = await held.enter_async_context(opened(address, "amends-doctor"))
        except TROUBLE as error:
            found = f"{address} does not answer: {str(error) or 'not in time'}"
            return [Finding("broker", "unreachable", found, "Is NATS running?")]
        version = client.connected_server_version
        findings = [
            Finding("broker", "good", f"NATS {version.major}.{version.minor}.{version.patch} answers at {address}")
        ]
        jetstream = client.jetstream(timeout=_NATS_SECONDS_MAX)
        try:
            await jetstream.account_info()
        except TROUBLE as error:
            return [
                *findings,
                Finding(
                    "broker",
                    "bad",
                    f"has no JetStream: {error}",
                    "Enable jetstream in its config; in a cluster too few servers may be left: see"
                    " docs/runbooks/nats-cluster.md.",
                ),
            ]
        try:
            stream = await jetstream.stream_info(STREAM)
        except NotFoundError:
            return [*findings, Finding("stream", "note", f"{STREAM} is not there yet; the notifier makes it")]
        except TROUBLE as error:
            found = f"{STREAM} cannot be asked for: {str(error) or 'not in time'}"
            return [*findings, Finding("stream", "unreachable", found, "See docs/runbooks/nats-cluster.md.")]
        if stream.cluster is not None and not stream.cluster.leader:
            # In a cluster a server that is cut off from all the others still tells of it.
            found = f"{STREAM} has no leader: too few of the servers that keep it answer"
            return [*findings, Finding("stream", "bad", found, "See docs/runbooks/nats-cluster.md.")]
        return [*findings, Finding("stream", "good", f"{STREAM} holds {stream.state.messages} messages")]


async def _policy(settings: Settings) -> list[Finding]:
    from amends_platform.policy.files import PolicyFileError, load_policy

    try:
        loaded = await asyncio.to_thread(load_policy, settings.policy)
    except PolicyFileError as error:
        return [Finding("policy", "bad", str(error), "Mend it, and try `amends policy check` on it.")]
    policy = loaded.policy
    return [Finding("policy", "good", f"{policy.name} {policy.version} ({policy.hash[:12]}…)")]


async def _master_key(settings: Settings) -> list[Finding]:
    from amends_platform.sealing import MasterKey, MasterKeyError

    path = settings.master_key_path
    if not path.exists():
        mend = "`amends up` makes one; for services of your own, bring it here from where it is kept."
        return [Finding("master key", "bad" if settings.database_url else "note", f"{path} does not exist", mend)]
    try:
        MasterKey.load(path)
    except MasterKeyError as error:
        return [Finding("master key", "bad", str(error), "Put the right file back from where you keep it safe.")]
    if others_may_read(path):
        return [Finding("master key", "bad", f"others may read {path}", f"chmod 600 {path}")]
    return [Finding("master key", "good", f"{path}")]


async def _key_store(settings: Settings, running: Running | None) -> list[Finding]:
    from amends_platform.keystore.opening import open_key_store
    from amends_platform.keystore.protocol import KeyStoreUnavailable
    from amends_platform.sealing import MasterKeyError

    path = settings.key_store_path
    if not path.exists():
        mend = "Intake makes one for a new database; for one in use, bring it here from where it is kept."
        return [Finding("key store", "note", f"{path} does not exist", mend)]
    if others_may_read(path):
        return [Finding("key store", "bad", f"others may read {path}", f"chmod 600 {path}")]
    try:
        store = open_key_store(settings)
        try:
            database_url = settings.database_url or (running.database_url if running else None)
            return [await _keys_of_database(store, settings, database_url)]
        finally:
            await store.aclose()
    except (KeyStoreUnavailable, MasterKeyError) as error:
        return [Finding("key store", "bad", str(error), "Put the right file back from where you keep it safe.")]


async def _keys_of_database(store: KeyStore, settings: Settings, database_url: str | None) -> Finding:
    from amends_platform.keystore.checking import check_key_store
    from amends_platform.keystore.moving import count_unmoved
    from amends_platform.sealing import CannotUnseal

    path = settings.key_store_path
    if database_url is None:
        return Finding("key store", "good", f"{path}")
    try:
        async with owner_connection(database_url) as connection:
            if unmoved := await count_unmoved(connection, settings.tenant):
                mend = "Run `amends migrate`, or start intake: it moves them to the key store."
                return Finding("key store", "bad", f"{unmoved:,} keys are in the database still", mend)
            await check_key_store(connection, store, settings.tenant)
    except (CannotReach, asyncpg.UndefinedTableError, asyncpg.UndefinedColumnError):
        # Said about the database itself.
        return Finding("key store", "note", f"{path}; whether it is that of the database cannot be told")
    except CannotUnseal as error:
        return Finding("key store", "bad", str(error), "Put the right file back from where you keep it safe.")
    return Finding("key store", "good", f"{path} holds the keys that the database names")


async def _signing_key(settings: Settings) -> list[Finding]:
    from amends_platform.evidence.signing_key import SigningKeyError, load_signer

    path = settings.signing_key_path
    if not path.exists():
        mend = "`amends checkpoints key --make` makes one; where the log was signed before, bring that one back."
        return [Finding("signing key", "bad" if settings.database_url else "note", f"{path} does not exist", mend)]
    try:
        signer = load_signer(path)
    except SigningKeyError as error:
        return [Finding("signing key", "bad", str(error), "Put the right file back from where you keep it safe.")]
    if others_may_read(path):
        return [Finding("signing key", "bad", f"others may read {path}", f"chmod 600 {path}")]
    return [Finding("signing key", "good", f"signs as {signer.name}, key {signer.key_id.hex()}")]


async def _services(settings: Settings, running: Running | None) -> list[Finding]:
    findings = []
    for name in ("intake", "workflow"):
        url: str | None = getattr(settings, f"{name}_url")
        if running is None and url is not None:
            findings.append(await _service_at(name, url))
            continue
        host, port = getattr(settings, f"{name}_host"), getattr(settings, f"{name}_port")
        if running is not None:
            address = (running.intake_url if name == "intake" else running.workflow_url).removeprefix("http://")
            host, _, number = address.rpartition(":")
            host, port = host.strip("[]"), int(number)
        answers = (await http_ready(host, port)).ready
        if answers and running is None and settings.database_url is None:
            mend = (
                "`AMENDS_DATA_DIR` says which `amends up` is meant; for services of your own, set AMENDS_DATABASE_URL."
            )
            findings.append(Finding(name, "note", f"does not run here; another system's is on {host}:{port}", mend))
        elif answers:
            findings.append(Finding(name, "good", f"is ready on {host}:{port}"))
        elif running is not None:
            findings.append(Finding(name, "unreachable", f"is not ready on {host}:{port}", f"See logs/{name}.log."))
        elif port == 0 or is_free(host, port):
            findings.append(Finding(name, "note", f"does not run; port {port} is free for it"))
        else:
            mend = f"Stop that program, or set AMENDS_{name.upper()}_PORT."
            findings.append(Finding(name, "bad", f"port {port} of {host} is taken by another program", mend))
    return findings


async def _service_at(name: str, url: str) -> Finding:
    """Where the settings say that it is, which may be another machine, or a proxy that keeps probes inside."""
    import httpx

    try:
        async with httpx.AsyncClient(timeout=_SERVICE_SECONDS_MAX) as client:
            status = (await client.get(f"{url.rstrip('/')}/readyz")).status_code
    except httpx.HTTPError as error:
        mend = f"Start it, or set AMENDS_{name.upper()}_URL."
        return Finding(name, "unreachable", f"does not answer at {url}: {str(error) or type(error).__name__}", mend)
    if status == 503:
        return Finding(name, "unreachable", f"is not ready at {url}", f"{url}/readyz says why, and its log.")
    if status != 200:
        return Finding(name, "note", f"answers at {url}, where whether it is ready is not shown")
    return Finding(name, "good", f"is ready at {url}")


async def _webhooks(settings: Settings, running: Running | None) -> list[Finding]:
    """Nothing where nobody is to be told."""
    if settings.webhooks is None:
        return []
    from amends_platform.webhooks.checking import check_webhooks

    return [
        Finding("webhooks", status, found, mend)
        for status, found, mend in await check_webhooks(
            settings.webhooks, _broker_address(settings, running), settings.tenant
        )
    ]


async def _digest(settings: Settings, running: Running | None) -> list[Finding]:
    """Nothing where nobody is to get one."""
    if settings.digest is None:
        return []
    from amends_platform.digest.checking import check_digest

    database_url = settings.database_url or (running.database_url if running else None)
    told = await check_digest(settings, database_url)
    return [Finding("digest", status, found, mend) for status, found, mend in told]
