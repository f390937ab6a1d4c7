"""To which addresses a webhook may go: those of the public internet, unless private ones are allowed for it.

A URL is typed by people, and its name is resolved by a server that others run: without this check a webhook could be
pointed at what only we can reach, such as a cloud's metadata service or the broker itself.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final

Resolve = Callable[[str, int], Awaitable[list[str]]]
"""From a host and a port to its addresses. Raises OSError."""

# Allowed where an endpoint says `allow_private`.
_PRIVATE: Final = tuple(
    (ip_network(network), what)
    for network, what in (
        ("127.0.0.0/8", "a loopback address"),
        ("::1/128", "a loopback address"),
        ("10.0.0.0/8", "a private address"),
        ("172.16.0.0/12", "a private address"),
        ("192.168.0.0/16", "a private address"),
        ("100.64.0.0/10", "a private address of a carrier"),
        ("fc00::/7", "a unique local address"),
    )
)
# Where addresses of the IPv6 internet are, and where in it documentation takes its own.
_GLOBAL_6: Final = ip_network("2000::/3")
_DOCUMENTED_6: Final = ip_network("3fff::/20")
# Never allowed. What embeds another address would otherwise be a way around this very table.
_NEVER: Final = tuple(
    (ip_network(network), what)
    for network, what in (
        ("169.254.0.0/16", "a link-local address, where clouds serve credentials"),
        ("fe80::/10", "a link-local address"),
        ("fec0::/10", "a site-local address"),
        ("fd00:ec2::/112", "a metadata service of a cloud"),
        ("fd20:ce::254/128", "a metadata service of a cloud"),
        ("100.100.100.200/32", "a metadata service of a cloud"),
        ("168.63.129.16/32", "a metadata service of a cloud"),
        ("64:ff9b::/96", "a NAT64 address"),
        ("64:ff9b:1::/48", "a NAT64 address"),
        ("2001::/32", "a Teredo address"),
        ("2002::/16", "a 6to4 address"),
        ("192.88.99.0/24", "a 6to4 relay"),
        ("::/96", "an IPv4-compatible address"),
        ("::ffff:0:0:0/96", "an IPv4-translated address"),
        ("192.0.0.0/24", "an address of no host, where a cloud serves credentials"),
        ("0.0.0.0/8", "an address of no host"),
        ("224.0.0.0/4", "a multicast address"),
        ("ff00::/8", "a multicast address"),
    )
)


class AddressRefused(Exception):
    """An endpoint's name leads to an address that no request may go to."""


def refusal(address: str, *, allow_private: bool) -> str | None:
    """Why no request may go to this address; None when it may."""
    ip: IPv4Address | IPv6Address = ip_address(address.partition("%")[0])
    if isinstance(ip, IPv6Address) and ip.ipv4_mapped is not None:
        ip = ip.ipv4_mapped
    for network, what in _PRIVATE[:2]:
        if ip in network:
            return None if allow_private else what
    for network, what in _NEVER:
        if ip in network:
            return what
    for network, what in _PRIVATE:
        if ip in network:
            return None if allow_private else what
    is_public = ip.is_global and (ip.version == 4 or (ip in _GLOBAL_6 and ip not in _DOCUMENTED_6))
    return None if is_public else "not an address of the public internet"


async def checked_addresses(host: str, port: int, *, allow_private: bool, resolve: Resolve) -> list[str]:
    """The addresses of the host, resolved this once, all of them allowed. Raises AddressRefused, OSError.

    One that is refused refuses the host: which of its addresses is tried would be chance.
    """
    addresses = await resolve(host, port)
    for address in addresses:
        what = refusal(address, allow_private=allow_private)
        if what is not None:
            raise AddressRefused(f"{host} is at {address}, {what}")
    if not addresses:
        raise OSError(f"{host} has no address")
    return addresses


class Resolver:
    """Resolves one endpoint's name, in a thread of its own.

    The event loop's own threads are few and shared: a name server that does not answer for one endpoint would hold up
    the others, and the broker. Who asks while an answer is awaited gets the same, so there is one thread at most; it
    ends with the process.
    """

    def __init__(self) -> None:
        self._awaited: asyncio.Future[list[str]] | None = None

    async def __call__(self, host: str, port: int) -> list[str]:
        """Raises OSError."""
        if self._awaited is None or self._awaited.done():
            self._awaited = _look_up(host, port)
        return await asyncio.shield(self._awaited)


def _look_up(host: str, port: int) -> asyncio.Future[list[str]]:
    loop = asyncio.get_running_loop()
    found: asyncio.Future[list[str]] = loop.create_future()
    # Nobody may be left to hear of an error.
    found.add_done_callback(lambda future: future.cancelled() or future.exception())

    def in_thread() -> None:
        result: list[str] | OSError
        try:
            answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            # In the order of preference, each once.
            result = list(dict.fromkeys(str(answer[4][0]) for answer in answers))
        except OSError as error:
            result = error
        except UnicodeError:
            result = OSError(f"{host} is no name of a host")
        # The loop may have ended meanwhile.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(tell, result)

    def tell(result: list[str] | OSError) -> None:
        if found.done():
            return
        if isinstance(result, OSError):
            found.set_exception(result)
        else:
            found.set_result(result)

    threading.Thread(target=in_thread, daemon=True, name="resolve").start()
    return found
