"""NATS as it is deployed: a real server with deploy/nats.conf and its users, TLS and nkeys where a test wants them."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from amends_platform.broker_address import BrokerAddress
from amends_platform.embedded.nats import nats_server_binary
from amends_platform.supervising.ports import free_port
from amends_platform.supervising.probes import greets_as_nats
from amends_platform.supervising.processes import Child, Program

DEPLOY: Final = Path(__file__).parents[2] / "deploy"
USERS: Final = ("intake", "workflow", "relay", "operator", "reader")


def password(user: str) -> str:
    """Of digits only: one that the configuration could take for a number."""
    return str(1_000_000 + USERS.index(user))


@dataclass(frozen=True)
class GuardedNats:
    """One that runs."""

    port: int

    def of(self, user: str | None, *, scheme: str = "nats") -> BrokerAddress:
        """How this user reaches it; None: somebody who does not say who they are."""
        who = "" if user is None else f"{user}:{password(user)}@"
        return BrokerAddress(f"{scheme}://{who}127.0.0.1:{self.port}")


@asynccontextmanager
async def guarded_nats(
    directory: Path, *flags: str, instead: Mapping[str, str] | None = None
) -> AsyncIterator[GuardedNats]:
    """Started with these flags besides, and `instead` of the texts that are its keys in the file of users."""
    configuration = _written(directory, instead or {})
    port = free_port("127.0.0.1")
    server = Child(
        Program(
            name="nats",
            command=(
                *(str(nats_server_binary()), "--config", str(configuration), "--addr", "127.0.0.1"),
                *("--port", str(port), "--http_port", str(free_port("127.0.0.1"))),
                *flags,
            ),
            log_file=directory / "nats.log",
            probe=lambda: greets_as_nats("127.0.0.1", port),
            environment=os.environ | {f"NATS_{user.upper()}_PASSWORD": f'"{password(user)}"' for user in USERS},
        ),
        busy=_nothing,
        started=_nothing,
    )
    await server.start()
    try:
        yield GuardedNats(port)
    finally:
        await server.stop()


def _written(directory: Path, instead: Mapping[str, str]) -> Path:
    """The files of deploy/, with another place for what is kept and for what the test changes."""
    directory.mkdir(parents=True, exist_ok=True)
    for name, changed in (("nats.conf", {"/data": str(directory / "store")}), ("nats-users.conf", instead)):
        text = (DEPLOY / name).read_text("utf-8")
        for old, new in changed.items():
            assert text.count(old) == 1, old
            text = text.replace(old, new)
        (directory / name).write_text(text)
    return directory / "nats.conf"


def _nothing(*_: str) -> None:
    return None
