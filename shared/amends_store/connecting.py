"""Connecting to PostgreSQL where several servers may be meant: to the one that takes writes, wherever it is by now.

asyncpg reads such addresses, too, but waits for a silent server for as long as for all of them together, and goes no
further when one is just starting. And it knows nothing of a primary that was replaced and came back.
"""

from __future__ import annotations

import asyncio
import socket
import weakref
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import parse_qs, urlencode

import asyncpg

from amends_store.outages import is_outage
from amends_store.statements import statement
from amends_store.url_parts import url_parts

_TIMELINE: Final = statement("timeline")
_CONNECT_SECONDS_MAX: Final = 5.0
# Of several, a silent one must leave time for the next: whoever has a command in hand looks for three seconds.
_NEXT_SECONDS: Final = 2.0
# A machine that is gone says nothing, not even that the connection is closed: the kernel asks it.
_KEEPALIVE: Final = (
    ("TCP_KEEPIDLE", 5),
    ("TCP_KEEPINTVL", 2),
    ("TCP_KEEPCNT", 3),
    ("TCP_USER_TIMEOUT", 10_000),
)
_ANY: Final = "any"
_TAKES_WRITES: Final = "read-write"
_AT_PRIMARY: Final = (_TAKES_WRITES, "primary")


class NoPrimary(ConnectionError):
    """A server that takes no writes: a standby, or one that was told to take none."""


class TakesNoConnections(ConnectionError):
    """A database that somebody closed to all for a while, as one does before it is restored or renamed."""


class Replaced(ConnectionError):
    """A server that takes writes, though another was promoted in its place: nothing may be written or read there."""


class Primary:
    """The server of `database_url` that takes writes; of a single one whatever its address says.

    `on_promoted` is called when there is another than before: what was seen on the former may not be there.
    """

    def __init__(
        self, database_url: str, *, takes_writes: bool = True, on_promoted: Callable[[], None] | None = None
    ) -> None:
        self._servers, said = servers_of(database_url)
        several = len(self._servers) > 1
        self._session = said or (_TAKES_WRITES if takes_writes or several else _ANY)
        self._seconds_max = _NEXT_SECONDS if several else _CONNECT_SECONDS_MAX
        self._on_promoted = on_promoted
        self._first = 0
        self._timeline = 0
        self._connections: weakref.WeakSet[Any] = weakref.WeakSet()

    async def connect(self, *_: Any, **options: Any) -> asyncpg.Connection:
        """A connection, with asyncpg's own options; as a pool asks for one.

        Raises what asyncpg raises, NoPrimary, TakesNoConnections, Replaced.
        """
        count, first, failed = len(self._servers), self._first, None
        for turn in (n % count for n in range(first, first + count)):
            # The one that was good last time comes first; one that fails, or is too slow for who asks, comes last.
            self._first = (turn + 1) % count
            try:
                connection = await self._connect(self._servers[turn], options)
            except Exception as error:
                if not is_outage(error):
                    raise
                failed = error
            else:
                self._first = turn
                return connection
        assert failed is not None, "there is at least one server"
        raise failed

    async def _connect(self, server: str, options: dict[str, Any]) -> asyncpg.Connection:
        async with asyncio.timeout(self._seconds_max):
            try:
                connection = await asyncpg.connect(
                    server, **{**options, "timeout": None, "target_session_attrs": self._session}
                )
            except asyncpg.TargetServerAttributeNotMatched as error:
                raise NoPrimary(f"the server gives no session that is {self._session}: is it a standby?") from error
            except asyncpg.ObjectNotInPrerequisiteStateError as error:
                raise TakesNoConnections(str(error)) from error
            try:
                _keep_alive(connection)
                if self._session in _AT_PRIMARY:
                    self._compare(int(await connection.fetchval(_TIMELINE), 16), connection)
            except BaseException:
                connection.terminate()
                raise
        return connection

    def _compare(self, timeline: int, connection: asyncpg.Connection) -> None:
        """Every promotion begins a new timeline, of a higher number. Raises Replaced."""
        if timeline < self._timeline:
            raise Replaced(f"the server is on timeline {timeline}, and another was promoted to {self._timeline}")
        former, self._timeline = self._timeline, timeline
        if 0 < former < timeline:
            # Whoever still waits for the former primary would do so until it is found to be gone.
            for each in list(self._connections):
                each.terminate()
            self._connections.clear()
            if self._on_promoted is not None:
                self._on_promoted()
        self._connections.add(connection)


async def connect(database_url: str, **options: Any) -> asyncpg.Connection:
    """One connection: to any server where one is named, to the one that takes writes where several are."""
    return await Primary(database_url, takes_writes=False).connect(**options)


def servers_of(database_url: str) -> tuple[list[str], str | None]:
    """A URL for each server that this one names, and which kind of session it asks for, as libpq understands both.

    Raises ValueError when it names another number of ports than of hosts.
    """
    parts = url_parts(database_url)
    query = {option: values[-1] for option, values in parse_qs(parts.query, keep_blank_values=True).items()}
    session = query.pop("target_session_attrs", None)
    named: list[tuple[str, dict[str, str]]]
    if parts.hosts:
        named = [(host, {}) for host in parts.hosts.split(",")]
    else:
        names, ports = query.pop("host", "").split(","), query.pop("port", "").split(",")
        named = [
            ("", {name: value for name, value in (("host", host), ("port", port)) if value})
            for host, port in zip(names, ports * len(names) if len(ports) == 1 else ports, strict=True)
        ]
    if len(named) == 1 and session is None:
        return [database_url], None
    return [
        str(parts._replace(hosts=host, query=urlencode(query | besides, safe="/"))) for host, besides in named
    ], session


def _keep_alive(connection: Any) -> None:
    """Find out within some ten seconds that the server's machine is gone."""
    sock = connection._transport.get_extra_info("socket")
    if sock is None or sock.family not in (socket.AF_INET, socket.AF_INET6):
        return
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _KEEPALIVE:
        # Not every system has all of them.
        if (option := getattr(socket, name, None)) is not None:
            sock.setsockopt(socket.IPPROTO_TCP, option, value)
