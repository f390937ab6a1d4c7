"""Everything in one terminal: servers, schema, keys and the three services, in order, until it is stopped."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import psutil

from amends_platform.embedded.nats import EmbeddedNats
from amends_platform.embedded.postgres import EmbeddedPostgres
from amends_platform.failures import CannotReach, Failure, WrongUsage
from amends_platform.files import write_private
from amends_platform.identity.development_keys import ensure_development_keys
from amends_platform.owner import owner_connection
from amends_platform.settings import Settings, masked
from amends_platform.supervising.data_directory import DataDirectory, owned
from amends_platform.supervising.leftovers import stop_leftovers
from amends_platform.supervising.ports import free_port, is_free
from amends_platform.supervising.probes import greets_as_nats, http_ready
from amends_platform.supervising.processes import Program
from amends_platform.supervising.running import Running, publish, withdraw
from amends_platform.supervising.supervisor import Say, Supervisor

if TYPE_CHECKING:
    import asyncpg

DATABASE: Final = "amends"
_OURS: Final = "amends"


@dataclass(frozen=True, slots=True)
class Service:
    """One of our services: how to start it, and whether it serves HTTP."""

    name: str
    command: tuple[str, ...]
    serves_http: bool


SERVICES: Final = (
    Service("notifier", (sys.executable, "-m", "amends_notifier"), serves_http=False),
    Service("intake", (sys.executable, "-m", "amends_intake"), serves_http=True),
    Service("workflow", (sys.executable, "-m", "amends_workflow"), serves_http=True),
)


# Gets the database's URL, and the settings as they are known by then.
Preparing = Callable[[str, Settings], Awaitable[None]]


class System:
    """A whole Amends on this machine. `start`, and whatever came of it, `stop`.

    `prepare` is done to the migrated database before any service looks at it.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        services: tuple[Service, ...],
        say: Say,
        ready_file: Path | None = None,
        prepare: Preparing | None = None,
    ) -> None:
        self._settings = settings.model_copy(update={"data_dir": settings.data_dir.expanduser().resolve()})
        self._say = say
        self._ready_file = ready_file
        self._services = services
        self._prepare = prepare
        self._held = ExitStack()
        self._supervisor: Supervisor | None = None
        self._running: Running | None = None

    @property
    def data_dir(self) -> Path:
        """The data directory, absolute."""
        return self._settings.data_dir

    async def start(self) -> Running:
        """Start everything; return once everything answers. Raises Failure or StartFailed."""
        self._check_policy()
        directory = self._held.enter_context(owned(self._settings.data_dir))
        # One from an earlier run would be taken for ours.
        self._withdraw_ready_file()
        await asyncio.to_thread(stop_leftovers, directory.children, self._say_ourselves)
        self._supervisor = Supervisor(noted_in=directory.children, say=self._say, changed=self._pids_changed)
        ports = self._choose_ports()
        database_url = await self._database(directory)
        keys = await self._schema_and_keys(directory, database_url)
        if self._prepare is not None:
            await self._prepare(database_url, self._settings)
        nats_url = await self._broker(directory)
        known = self._settings.model_copy(update=ports | {"database_url": database_url, "nats_url": nats_url})
        # For the console, which sends what people do to this intake, wherever commands are sent from this shell.
        known = known.model_copy(update={"intake_url": _http_url(known.intake_host, known.intake_port)})
        # Keys of development, the owner's database, a broker that asks nobody: this is what they are for.
        known = known.model_copy(update={"mode": "development"})
        await self._start_services(directory, known)
        self._running = Running(
            intake_url=_http_url(known.intake_host, known.intake_port),
            workflow_url=_http_url(known.workflow_host, known.workflow_port),
            nats_url=nats_url,
            database_url=database_url,
            keys=keys,
            pids=self._pids(self._supervisor.pids),
            data_dir=directory.path,
            supervisor_pid=os.getpid(),
            supervisor_started_at=psutil.Process().create_time(),
        )
        self._tell()
        return self._running

    async def stop(self) -> None:
        """Stop everything that was started, services first, PostgreSQL last, and let go of the data directory."""
        if self._running is not None:
            withdraw(self._running.data_dir)
            self._withdraw_ready_file()
        if self._supervisor is not None:
            await self._supervisor.stop()
        self._held.close()

    def kill(self) -> None:
        """End everything at once: for someone who has waited for `stop` long enough."""
        if self._supervisor is not None:
            self._supervisor.kill()

    def _check_policy(self) -> None:
        from amends_platform.policy.files import PolicyFileError, load_policy

        try:
            load_policy(self._settings.policy)
        except PolicyFileError as error:
            raise WrongUsage(f"The policy cannot be used.\n{error}") from error

    def _choose_ports(self) -> dict[str, int]:
        ports: dict[str, int] = {}
        for name in ("intake", "workflow"):
            host, port = getattr(self._settings, f"{name}_host"), getattr(self._settings, f"{name}_port")
            if port == 0:
                while (port := free_port(host)) in ports.values():
                    pass
            elif not is_free(host, port):
                raise Failure(f"Port {port} of {host} is taken. Choose another with --{name}-port; 0 takes any.")
            ports[f"{name}_port"] = port
        return ports

    async def _database(self, directory: DataDirectory) -> str:
        if self._settings.database_url is not None:
            return self._settings.database_url
        assert self._supervisor is not None
        postgres = EmbeddedPostgres(
            directory.postgres, log_file=directory.log("postgres"), say=self._say_of("postgres")
        )
        await postgres.prepare()
        self._held.callback(postgres.tidy)
        await self._supervisor.start(postgres.program())
        await postgres.ensure_database(DATABASE)
        return postgres.url(DATABASE)

    async def _schema_and_keys(self, directory: DataDirectory, database_url: str) -> dict[str, str]:
        from amends_platform.evidence.signing_key import ensure_signing_key
        from amends_platform.sealing import ensure_master_key
        from amends_store.migrate import migrate, newest_schema_version, schema_version
        from amends_store.walls import finish_upgrade, walls_down

        async with owner_connection(database_url) as connection:
            if await schema_version(connection) != newest_schema_version():
                self._say_ourselves("bringing the schema up to date")
                await migrate(database_url)
            if self._settings.database_url is None and any(await walls_down(connection)):
                # It is ours alone: no service of the release before can be running.
                await finish_upgrade(connection)
            master_key = self._settings.master_key_path
            if not master_key.exists() and await connection.fetchval("SELECT true FROM data_keys LIMIT 1"):
                raise Failure(
                    f"The master key {master_key} is missing, and the database holds personal data sealed under it. "
                    "Put the file back, or name it with AMENDS_MASTER_KEY_FILE."
                )
            ensure_master_key(master_key)
            await self._key_store(connection)
            signing_key = self._settings.signing_key_path
            if not signing_key.exists() and await connection.fetchval("SELECT true FROM signed_checkpoints LIMIT 1"):
                raise Failure(
                    f"The signing key {signing_key} is missing, and checkpoints of the log were signed with it. "
                    "Put the file back, or name it with AMENDS_SIGNING_KEY_FILE; `amends checkpoints key --make` tells "
                    "how another is taken."
                )
            ensure_signing_key(signing_key, self._settings.origin)
            return await ensure_development_keys(connection, directory.development_keys, self._settings.tenant)

    async def _key_store(self, connection: asyncpg.Connection) -> None:
        """See that the key store holds what the database names, and take in what an older release kept there."""
        from amends_platform.keystore.checking import check_key_store
        from amends_platform.keystore.moving import move_keys
        from amends_platform.keystore.opening import open_key_store
        from amends_platform.keystore.protocol import KeyStoreUnavailable
        from amends_platform.sealing import CannotUnseal, MasterKey, MasterKeyError

        try:
            store = open_key_store(self._settings)
            try:
                await move_keys(
                    connection,
                    store,
                    self._settings.tenant,
                    lambda: MasterKey.load(self._settings.master_key_path),
                    on_progress=lambda done: self._say_ourselves(f"{done:,} customers' keys moved to the key store"),
                )
                await check_key_store(connection, store, self._settings.tenant)
            finally:
                await store.aclose()
        except (CannotUnseal, KeyStoreUnavailable, MasterKeyError) as error:
            raise Failure(
                f"{error} Put the key store {self._settings.key_store_path} and its master key back, "
                "or name them with AMENDS_KEY_STORE and AMENDS_MASTER_KEY_FILE."
            ) from error

    async def _broker(self, directory: DataDirectory) -> str:
        if self._settings.nats_url is None:
            assert self._supervisor is not None
            nats = EmbeddedNats(directory.nats, log_file=directory.log("nats"))
            await self._supervisor.start(nats.program())
            return nats.url
        first = urlsplit(self._settings.nats_url.split(",")[0])
        if not (await greets_as_nats(first.hostname or "", first.port or 4222)).ready:
            raise CannotReach(f"NATS with JetStream does not answer at {masked(self._settings.nats_url)}.")
        return self._settings.nats_url

    async def _start_services(self, directory: DataDirectory, known: Settings) -> None:
        """All at once, for each takes its second to import; the notifier is the first stage and so stops last."""
        assert self._supervisor is not None
        environment = known.environment_in(os.environ)
        stages: dict[bool, list[Program]] = {False: [], True: []}
        for service in self._services:
            stages[service.serves_http].append(_program(service, known, directory, environment))
        try:
            async with asyncio.TaskGroup() as group:
                for programs in stages.values():
                    group.create_task(self._supervisor.start(*programs))
        except BaseExceptionGroup as failures:
            raise failures.exceptions[0] from None

    def _pids_changed(self, pids: Mapping[str, int]) -> None:
        if self._running is not None:
            self._running = replace(self._running, pids=self._pids(pids))
            try:
                self._tell()
            except OSError as error:
                self._say_ourselves(f"cannot write down the new pids: {error}")

    def _pids(self, pids: Mapping[str, int]) -> dict[str, int | None]:
        return {name: pids.get(name) for name in ("intake", "workflow", "notifier", "postgres", "nats")}

    def _withdraw_ready_file(self) -> None:
        if self._ready_file is not None:
            self._ready_file.unlink(missing_ok=True)

    def _tell(self) -> None:
        assert self._running is not None
        publish(self._running)
        if self._ready_file is not None:
            write_private(self._ready_file, self._running.ready_file())

    def _say_of(self, program: str) -> Callable[[str], None]:
        return lambda text: self._say(program, text)

    def _say_ourselves(self, text: str) -> None:
        self._say(_OURS, text)


async def run(system: System, when_ready: Callable[[Running], Awaitable[None]]) -> None:
    """Start the system, await `when_ready`, stop. Ctrl-C ends the first two early; a second one ends the third.

    Raises what `start` and `when_ready` raise; not CancelledError for Ctrl-C, which is how one leaves.
    """
    asked_to_stop = False
    working = asyncio.create_task(_work(system, when_ready))

    def on_signal() -> None:
        nonlocal asked_to_stop
        if asked_to_stop:
            system.kill()
        asked_to_stop = True
        working.cancel()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        # Under nohup we are meant to outlive the terminal.
        if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
            loop.add_signal_handler(number, on_signal)
    try:
        with suppress(asyncio.CancelledError):
            await working
    finally:
        asked_to_stop = True
        await system.stop()


async def until_stopped(_: Running) -> None:
    """Wait for ever."""
    await asyncio.Event().wait()


async def _work(system: System, when_ready: Callable[[Running], Awaitable[None]]) -> None:
    await when_ready(await system.start())


def _program(service: Service, known: Settings, directory: DataDirectory, environment: Mapping[str, str]) -> Program:
    probe = None
    if service.serves_http:
        host, port = getattr(known, f"{service.name}_host"), getattr(known, f"{service.name}_port")
        probe = lambda: http_ready(_reachable(host), port)  # noqa: E731
    return Program(
        name=service.name,
        command=service.command,
        log_file=directory.log(service.name),
        probe=probe,
        announces=True,
        environment=environment,
        stop_seconds_max=known.drain_seconds + known.shutdown_seconds_max + 5,
    )


def _reachable(host: str) -> str:
    """The address to call a server that listens on `host`."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104


def _http_url(host: str, port: int) -> str:
    host = _reachable(host)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
