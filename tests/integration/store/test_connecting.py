"""Finding the server that takes writes among several."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from amends_store import connecting
from amends_store.connecting import NoPrimary, Primary, Replaced, TakesNoConnections
from amends_store.outages import is_outage
from amends_store.pool import connect_pool
from tests.faults.links import Link
from tests.support.postgres import Database, PostgresServer
from tests.support.scratch import scratch_directory


def with_another(database: Database, directory: Path) -> str:
    """The URL of the database, and before it of a server with its socket in this directory."""
    (here,) = parse_qs(urlsplit(database.url).query)["host"]
    return database.url.replace(f"host={here}", f"host={directory},{here}")


@contextmanager
def silent_server() -> Iterator[Path]:
    """One whose connections are made and never answered, as a machine's that hangs; its socket's directory."""
    with scratch_directory("amends-silent-") as directory, socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(directory / ".s.PGSQL.5432"))
        listening.listen()
        yield directory


async def test_a_server_that_is_away_is_passed_over_and_the_good_one_asked_first_from_then_on(
    database: Database, tmp_path: Path
) -> None:
    pool = await connect_pool(
        with_another(database, tmp_path / "away"), role="amends_intake", tenant="default", min_size=1, max_size=1
    )
    assert await pool.fetchval("SELECT position FROM log_head") == 0
    pool.terminate()


async def test_a_silent_server_takes_only_its_share_of_the_time(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connecting, "_NEXT_SECONDS", 0.2)
    with silent_server() as directory:
        primary = Primary(with_another(database, directory))
        connection = await primary.connect()
        assert await connection.fetchval("SELECT position FROM log_head") == 0
        connection.terminate()


async def test_whoever_gives_a_silent_server_up_begins_with_the_next_one(database: Database) -> None:
    with silent_server() as directory:
        primary = Primary(with_another(database, directory))
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await primary.connect()
        async with asyncio.timeout(connecting._NEXT_SECONDS):
            (await primary.connect()).terminate()


async def test_a_database_that_somebody_closed_to_all_is_away_and_nothing_worse(
    database: Database, postgres: PostgresServer
) -> None:
    await postgres.execute(f"ALTER DATABASE {database.name} ALLOW_CONNECTIONS false")
    try:
        with pytest.raises(TakesNoConnections, match="not currently accepting connections") as refused:
            await Primary(database.url).connect()
        assert is_outage(refused.value)
    finally:
        await postgres.execute(f"ALTER DATABASE {database.name} ALLOW_CONNECTIONS true")


async def test_the_kernel_asks_whether_the_machine_of_the_server_is_still_there(database: Database) -> None:
    (directory,) = parse_qs(urlsplit(database.url).query)["host"]
    async with over_the_network(directory) as port:
        connection = await Primary(f"postgresql://postgres@127.0.0.1:{port}/{database.name}?sslmode=disable").connect()
        assert connection._transport.get_extra_info("socket").getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
        await connection.close()


@asynccontextmanager
async def over_the_network(directory: str) -> AsyncIterator[int]:
    """A port that is the server's socket."""
    link = Link("over the network", lambda: asyncio.open_unix_connection(f"{directory}/.s.PGSQL.5432"))
    await link.open()
    try:
        yield link.port
    finally:
        await link.close()


async def test_a_server_that_takes_no_writes_is_none_for_services(database: Database) -> None:
    await database.execute(f"ALTER DATABASE {database.name} SET default_transaction_read_only = on")
    with pytest.raises(NoPrimary):
        await Primary(database.url).connect()
    # An auditor may well look at a standby.
    (await connecting.connect(database.url)).terminate()


async def test_a_primary_that_was_replaced_is_refused_when_it_comes_back(database: Database) -> None:
    promoted: list[bool] = []
    primary = Primary(database.url, on_promoted=lambda: promoted.append(True))
    former = await primary.connect()
    await timeline(database, "0000000A")
    (await primary.connect()).terminate()
    assert promoted == [True]
    assert former.is_closed(), "whoever waits for the former primary is let go"
    await timeline(database, "00000009")
    with pytest.raises(Replaced):
        await primary.connect()
    assert promoted == [True]


async def timeline(database: Database, number: str) -> None:
    """Let this one database say that it is on that timeline, from its next connection on."""
    await database.execute(
        "CREATE SCHEMA IF NOT EXISTS posing;"
        "CREATE OR REPLACE FUNCTION posing.pg_walfile_name(pg_lsn) RETURNS text LANGUAGE sql"
        f" RETURN '{number}0000000000000001';"
        f"ALTER DATABASE {database.name} SET search_path = posing, pg_catalog, public"
    )
