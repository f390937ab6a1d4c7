"""Three nats-servers that are one cluster, each killed, frozen and started again as a test likes."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import nats.errors
from nats.js.api import StreamInfo

from amends_notifier.stream import STREAM
from amends_platform.embedded.nats import nats_server_binary
from amends_platform.supervising.ports import free_port
from amends_platform.supervising.probes import greets_as_nats
from amends_platform.supervising.processes import Child, Program
from tests.support.notifying import connected
from tests.support.scratch import scratch_directory
from tests.support.system import until

SERVERS = ("n1", "n2", "n3")
_HOST = "127.0.0.1"
_ANSWER_SECONDS_MAX = 2.0


class ClusteredNats:
    """One server of the cluster. It keeps ports and store over a restart."""

    def __init__(self, name: str, directory: Path, port: int, route: int, routes: list[int]) -> None:
        self.name = name
        self.url = f"nats://{_HOST}:{port}"
        self.store = directory / name
        configuration = directory / f"{name}.conf"
        others = [f"nats://{_HOST}:{each}" for each in routes]
        # As in deploy/nats.conf and deploy/helm/examples/nats-values.yaml: an acknowledgement means "on disk".
        configuration.write_text(
            f"host: {_HOST}\nport: {port}\nserver_name: {name}\n"
            f"jetstream {{ store_dir: {json.dumps(str(self.store))}, sync_interval: always }}\n"
            f"cluster {{ name: amends, listen: {_HOST}:{route}, routes: {json.dumps(others)} }}\n"
        )
        self._child = Child(
            Program(
                name,
                (str(nats_server_binary()), "--config", str(configuration)),
                log_file=directory / f"{name}.log",
                probe=lambda: greets_as_nats(_HOST, port),
            ),
            busy=lambda _: None,
            started=lambda: None,
        )

    @property
    def runs(self) -> bool:
        return self._child.pid is not None

    async def start(self) -> None:
        """Return once it greets: the others may not know it yet."""
        await self._child.start()

    async def stop(self) -> None:
        await self._child.stop()

    async def kill(self) -> None:
        await self._child.stop(force=True)

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Cut off from everybody, who still believe it to be there."""
        assert self._child.pid is not None
        os.kill(self._child.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(self._child.pid, signal.SIGCONT)


class NatsCluster:
    """`url` names all of them, with commas between."""

    def __init__(self, directory: Path) -> None:
        ports: set[int] = set()
        while len(ports) < 2 * len(SERVERS):
            ports.add(free_port(_HOST))
        clients, routes = list(ports)[: len(SERVERS)], list(ports)[len(SERVERS) :]
        self.servers = [
            ClusteredNats(name, directory, client, route, [each for each in routes if each != route])
            for name, client, route in zip(SERVERS, clients, routes, strict=True)
        ]

    @property
    def url(self) -> str:
        return ",".join(server.url for server in self.servers)

    def server(self, name: str) -> ClusteredNats:
        return next(server for server in self.servers if server.name == name)

    async def start(self) -> None:
        await asyncio.gather(*(server.start() for server in self.servers))
        await self.until_whole()

    async def stop(self) -> None:
        await asyncio.gather(*(server.stop() for server in self.servers))

    async def until_whole(self) -> None:
        """Wait until JetStream has a leader, and the stream, where there is one, three replicas in step."""
        await until(self._is_whole, lambda: "the cluster did not come together")

    async def stream(self) -> StreamInfo | None:
        """What one of the servers says of the stream; None when none of them can."""
        for server in self.servers:
            if server.runs:
                try:
                    async with asyncio.timeout(_ANSWER_SECONDS_MAX), connected(server.url) as client:
                        return await client.jetstream(timeout=_ANSWER_SECONDS_MAX).stream_info(STREAM)
                except (nats.errors.Error, OSError):
                    continue
        return None

    async def leader(self) -> ClusteredNats:
        """Whoever leads the stream, once somebody does."""
        found: list[str] = []

        async def asked() -> bool:
            info = await self.stream()
            if info is not None and info.cluster is not None and info.cluster.leader:
                found.append(info.cluster.leader)
            return bool(found)

        await until(asked, lambda: "nobody leads the stream")
        return self.server(found[0])

    async def _is_whole(self) -> bool:
        if not all([await self._knows_jetstream(server) for server in self.servers]):
            return False
        info = await self.stream()
        return info is None or _is_in_step(info)

    async def _knows_jetstream(self, server: ClusteredNats) -> bool:
        try:
            async with asyncio.timeout(_ANSWER_SECONDS_MAX), connected(server.url) as client:
                await client.jetstream(timeout=_ANSWER_SECONDS_MAX).account_info()
        except (nats.errors.Error, OSError):
            return False
        return True


def _is_in_step(info: StreamInfo) -> bool:
    peers: list[Any] = list(info.cluster.replicas or []) if info.cluster is not None else []
    return len(peers) == len(SERVERS) - 1 and all(peer.current and not peer.offline for peer in peers)


@asynccontextmanager
async def nats_cluster() -> AsyncIterator[NatsCluster]:
    with scratch_directory("amends-nats-") as directory:
        cluster = NatsCluster(directory)
        try:
            await cluster.start()
            yield cluster
        finally:
            await cluster.stop()
