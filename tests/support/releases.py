"""Services of two releases side by side: one database, one broker, and a balancer before each HTTP service."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from types import MappingProxyType

import asyncpg
import httpx
import pytest

from amends_platform.evidence.signing_key import ensure_signing_key
from amends_platform.identity.development_keys import ensure_development_keys
from amends_platform.sealing import ensure_master_key
from amends_platform.supervising.ports import free_port
from amends_platform.supervising.processes import Child, Program, tail
from amends_store.connecting import connect
from amends_store.migrate import migrate
from tests.support.balancer import AsProxiesDo, Balancer, balancing, client_of
from tests.support.intake import Caller
from tests.support.load import ROLES
from tests.support.system import is_quiet, until

ROOT = Path(__file__).resolve().parents[2]
SERVICES = ("intake", "workflow", "notifier")
DRAIN_SECONDS = 0.5

# By the release itself: it knows best how its schema is made, and what a key of it looks like.
_PREPARE = """
import asyncio, json, sys
import asyncpg
try:
    from amends_platform.identity.principals import create_key
except ModuleNotFoundError:  # as in the release before
    from amends_platform.principals import create_key
from amends_store.migrate import migrate, schema_version

async def prepare(url, roles):
    await migrate(url)
    connection = await asyncpg.connect(url)
    keys = {role: await create_key(connection, role=role, tenant="default", branch=None, person="dev-" + role)
            for role in roles}
    print(json.dumps({"schema": await schema_version(connection), "keys": keys}))
    await connection.close()

asyncio.run(prepare(sys.argv[1], sys.argv[2:]))
"""


def unpack_release(commit: str, into: Path) -> Path:
    """The programs of an earlier release, from this repository's own history; skips the test where there is none."""
    git = shutil.which("git")
    if git is None or not (ROOT / ".git").exists():
        pytest.skip("not a git repository: the release before is in its history")
    archive = subprocess.run([git, "archive", commit, "services", "shared"], cwd=ROOT, capture_output=True)
    if archive.returncode:
        pytest.skip(f"the release before is not in this history, which is a shallow one: {archive.stderr.decode()}")
    into.mkdir()
    subprocess.run(["tar", "-x", "-f", "-", "-C", into], input=archive.stdout, check=True)
    return into


class Fleet:
    """Services that come and go. Clients reach them through the balancers, and never hear of it."""

    def __init__(
        self,
        directory: Path,
        database_url: str,
        nats_url: str,
        policy: str,
        settings: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """`settings` of every service besides, without the prefix."""
        self.directory = directory
        self._settings = settings
        self.database_url, self.nats_url = database_url, nats_url
        self.balancers: dict[str, Balancer] = {}
        self.asked_by = AsProxiesDo()
        self.schema = ""
        self._keys: dict[str, str] = {}
        self._clients: dict[str, httpx.AsyncClient] = {}
        self._programs: list[Child] = []
        self._ports: dict[str, int] = {}
        self._policy_file = directory / "policy.yaml"
        self._policy_file.write_text(policy)
        ensure_master_key(directory / "keys" / "master.key")
        ensure_signing_key(directory / "keys" / "signing.key", "amends/default")

    @property
    def output(self) -> str:
        logs = sorted(self.directory.glob("*.log"))
        return "\n".join(self.asked_by.failures) + "".join(f"\n{log.name}:{tail(log, 0)}" for log in logs)

    def caller(self, role: str) -> Caller:
        return Caller(self._clients["intake"], self._keys[role], f"dev-{role}")

    async def ask(self, path: str) -> httpx.Response:
        return await self._clients["workflow"].get(path, headers={"Authorization": f"Bearer {self._keys['handler']}"})

    @asynccontextmanager
    async def database(self) -> AsyncIterator[asyncpg.Connection]:
        connection = await connect(self.database_url)
        try:
            yield connection
        finally:
            await connection.close()

    async def quiet(self) -> None:
        async with self.database() as connection:
            await until(lambda: is_quiet(connection), lambda: f"it did not become quiet\n{self.output}")

    async def prepare_this_release(self) -> None:
        """The schema and the API keys, as the release that is being tested makes them."""
        await migrate(self.database_url)
        async with self.database() as owner:
            self._keys = await ensure_development_keys(owner, self.directory / "keys" / "development.json", "default")

    async def prepare(self, release: Path) -> None:
        """The schema and the API keys, as the release before makes them."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", _PREPARE, self.database_url, *ROLES),
            env=_environment(release),
            stdout=asyncio.subprocess.PIPE,
        )
        output, _ = await process.communicate()
        assert process.returncode == 0
        prepared = json.loads(output)
        self.schema, self._keys = prepared["schema"], prepared["keys"]

    async def start(self, release: Path, name: str, services: tuple[str, ...] = SERVICES) -> list[Child]:
        """Start these services of a release, and let the balancers know."""
        ports = {service: free_port("127.0.0.1") for service in services}
        programs = [self._program(release, f"{name}-{service}", service, ports) for service in services]
        self._ports |= {f"{name}-{service}": port for service, port in ports.items()}
        self._programs += programs
        await asyncio.gather(*(program.start() for program in programs))
        for service in self.balancers.keys() & ports.keys():
            self.balancers[service].ports.append(ports[service])
        return programs

    def port_of(self, program: Child) -> int:
        """Where it serves, its probes and metrics at least."""
        return self._ports[program.program.name]

    async def stop(self, *programs: Child) -> None:
        """SIGTERM, and wait for a good end. The balancers find out by themselves."""
        for program in programs:
            assert await program.stop(), f"{program.program.name} had to be killed\n{self.output}"

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """With balancers and clients; in the end every program is stopped."""
        async with AsyncExitStack() as stack:
            for service in ("intake", "workflow"):
                self.balancers[service] = await stack.enter_async_context(balancing())
                client = client_of(self.balancers[service], self.asked_by)
                self._clients[service] = await stack.enter_async_context(client)
            try:
                yield
            finally:
                await asyncio.gather(*(program.stop() for program in self._programs))

    def _program(self, release: Path, name: str, service: str, ports: dict[str, int]) -> Child:
        keys = self.directory / "keys"
        settings = {
            "DATABASE_URL": self.database_url,
            "NATS_URL": self.nats_url,
            "POLICY": str(self._policy_file),
            "DATA_DIR": str(self.directory),
            "SIGNING_KEY_FILE": str(keys / "signing.key"),
            "CHECKPOINT_SECONDS": "1",
            "RATE_LIMIT": "off",
            "DRAIN_SECONDS": str(DRAIN_SECONDS),
            f"{service.upper()}_PORT": str(ports[service]),
            **self._settings,
        }
        program = Program(
            name,
            (sys.executable, "-m", f"amends_{service}"),
            log_file=self.directory / f"{name}.log",
            announces=True,
            environment=_environment(release) | {f"AMENDS_{name}": value for name, value in settings.items()},
        )
        return Child(program, busy=lambda _: None, started=lambda: None)


def _environment(release: Path) -> dict[str, str]:
    """In which Python finds this release, and no other."""
    places = [release / "shared", *(release / "services" / service for service in SERVICES)]
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("AMENDS_")}
    # The database's owner stands for every service here.
    inherited["AMENDS_MODE"] = "development"
    return inherited | {"PYTHONPATH": os.pathsep.join(map(str, places))}
