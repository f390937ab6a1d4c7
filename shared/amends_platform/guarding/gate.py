"""How many connections there are, and from where: who comes when there is no room is told so."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from amends_platform.guarding.addresses import network_of
from amends_platform.guarding.limits import PROBING_CONNECTIONS_MAX, Limits
from amends_platform.guarding.refusing import bare_answer, only_whether_it_lives, too_many_connections

if TYPE_CHECKING:
    from amends_platform.guarding.protocol import GuardedProtocol

# Of the connections that nobody uses, so many at once make room: looking for them takes a millisecond.
_MADE_ROOM_FOR: Final = 32


class Gate:
    """One per process. `turned_away` counts who was, by why."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.turned_away: Counter[str] = Counter()
        self.open: dict[GuardedProtocol, str | None] = {}
        # Whether all are in use: looking again and again would take the time of those who are served.
        self.is_crowded = False
        self._by_address: dict[str, int] = {}

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
            connection.app = only_whether_it_lives

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
