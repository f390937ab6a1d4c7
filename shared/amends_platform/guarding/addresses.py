"""From which address a request comes, by the connection or by what a trusted proxy says of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any, Final

Network = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True)
class Proxies:
    """Whose X-Forwarded-For is believed. By default nobody's: anybody may send one."""

    networks: tuple[Network, ...] = ()

    @staticmethod
    def of(text: str) -> Proxies:
        """From addresses and networks with commas between them. Raises ValueError."""
        return Proxies(tuple(ip_network(part.strip(), strict=False) for part in text.split(",") if part.strip()))

    def trust(self, address: str) -> bool:
        """Whether this is the address of one of them."""
        return bool(self.networks) and _is_in(address, self.networks)

    def address_of(self, scope: Mapping[str, Any]) -> str:
        """Whom a request is counted for: an address, or for IPv6 its network of 64 bits, of which a client has all."""
        client = scope.get("client")
        if client is None:
            return ""
        address: str = client[0]
        if self.networks and _is_in(address, self.networks):
            address = self._forwarded(scope["headers"]) or address
        return network_of(address) if ":" in address else address

    def _forwarded(self, headers: list[tuple[bytes, bytes]]) -> str | None:
        """The last address that none of them has: what stands before it, anybody may have written."""
        said = b",".join(value for name, value in headers if name == b"x-forwarded-for").decode("latin-1")
        for part in reversed(said.split(",")):
            address = _bare(part.strip())
            try:
                ip_address(address)
            except ValueError:
                return None
            if not _is_in(address, self.networks):
                return address
        return None


NO_PROXIES: Final = Proxies()


@lru_cache(maxsize=4096)
def network_of(address: str) -> str:
    """The network of 64 bits that an IPv6 address is in; the IPv4 address that it may stand for."""
    try:
        ip = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if ip.version == 4:
        return str(ip)
    if ip.ipv4_mapped is not None:
        return str(ip.ipv4_mapped)
    return str(ip_network((int(ip) >> 64 << 64, 64)))


@lru_cache(maxsize=4096)
def _is_in(address: str, networks: tuple[Network, ...]) -> bool:
    try:
        ip = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if ip.version == 6 and ip.ipv4_mapped is not None:
        ip = ip.ipv4_mapped
    return any(ip in network for network in networks)


def _bare(text: str) -> str:
    """Without a port, and without the brackets that go with one."""
    if text.startswith("["):
        return text[1:].partition("]")[0]
    return text.partition(":")[0] if text.count(":") == 1 else text
