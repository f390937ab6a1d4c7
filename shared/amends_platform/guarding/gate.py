"""How many connections there are, and from where, and how often one asks: who comes too often is told so."""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING, Final

from amends_platform.guarding.addresses import network_of
from amends_platform.guarding.limits import PROBES_PER_SECOND_MAX, PROBING_CONNECTIONS_MAX, Limits
from amends_platform.guarding.rates import RateLimit
from amends_platform.guarding.refusing import bare_answer, only_whether_it_lives, too_many_connections
from amends_platform.http.problems import Problem

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Scope

    from amends_platform.guarding.protocol import GuardedProtocol

# Of the connections that nobody uses, so many at once make room: looking for them takes a millisecond.
_MADE_ROOM_FOR: Final = 32
_PROBES: Final = frozenset({"/livez", "/readyz", "/metrics"})


class Gate:
    """One per process. `turned_away` counts who was, by why."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.turned_away: Counter[str] = Counter()
        self.open: dict[GuardedProtocol, str | None] = {}
        # Whether all are in use: looking again and again would take the time of those who are served.
        self.is_crowded = False
        self._by_address: dict[str, int] = {}
        self._requests = RateLimit(limits.address_requests_per_second_max, "requests of one address")
        self._probes = RateLimit(PROBES_PER_SECOND_MAX, "probes of one address")

    def count(self, why: str) -> None:
        self.turned_away[why] += 1

    def arrived(self, connection: GuardedProtocol) -> None:
        """Let it in, let it ask whether the process lives, or close it."""
        address = self._counted(connection)
        self.open[connection] = address
        if address is not None:
            self._by_address[address] = self._by_address.get(address, 0) + 1
            if self._by_address[address] > self.limits.address_connections_max:
                connection.refuse(too_many_connections(), "address-connections")
                return
        if len(self.open) <= self.limits.connections_max:
            return
        self.count("connections")
        if self._make_room(connection):
            return
        if len(self.open) > self.limits.connections_max + PROBING_CONNECTIONS_MAX:
            connection.transport.write(bare_answer(too_many_connections()))
            connection.transport.close()
        else:
            connection.app = only_whether_it_lives(too_many_connections(), closes=True)

    def instead(self, scope: Scope) -> ASGIApp | None:
        """What answers this request in the application's place, because its address asks too often. Nothing is looked
        at but who asks: whatever else a request is refused for costs more.
        """
        limit = self._probes if scope["path"] in _PROBES else self._requests
        try:
            limit.spend(self.limits.proxies.address_of(scope), time.monotonic())
        except Problem as problem:
            self.count("address-rate")
            return only_whether_it_lives(problem)
        return None

    def left(self, connection: GuardedProtocol) -> None:
        address = self.open.pop(connection, None)
        if address is None:
            return
        self._by_address[address] -= 1
        if not self._by_address[address]:
            del self._by_address[address]

    def _counted(self, connection: GuardedProtocol) -> str | None:
        """The address that it is counted for; None for that of a proxy, which speaks for many."""
        address = connection.client[0] if connection.client else ""
        return None if not address or self.limits.proxies.trust(address) else network_of(address)

    def _make_room(self, newcomer: GuardedProtocol) -> bool:
        """Close those connections that nobody has used for the longest time. False when all are in use."""
        if self.is_crowded:
            return False
        unused = [each for each in self.open if each is not newcomer and each.is_unused and not each.is_closing]
        unused.sort(key=lambda each: each.seen_since)
        for each in unused[:_MADE_ROOM_FOR]:
            each.transport.close()
            self.count("unused-connection")
        self.is_crowded = not unused
        return bool(unused)
