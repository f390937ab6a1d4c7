"""A URL in its parts, whatever its hosts are.

Some Pythons' urlsplit refuses several hosts with an IPv6 address among them, which libpq understands.
"""

from __future__ import annotations

from typing import NamedTuple


class UrlParts(NamedTuple):
    """As the parts stand there, with no sign decoded. `user` may hold a password, `hosts` several with their ports."""

    scheme: str
    user: str | None
    hosts: str
    path: str
    query: str

    def __str__(self) -> str:
        user = "" if self.user is None else f"{self.user}@"
        query = f"?{self.query}" if self.query else ""
        return f"{self.scheme}://{user}{self.hosts}{self.path}{query}"


def url_parts(url: str) -> UrlParts:
    """The parts of `scheme://user:password@hosts/path?query`, any of which may be missing."""
    address, _, query = url.partition("?")
    scheme, _, rest = address.partition("://")
    where, slash, path = rest.partition("/")
    user, at, hosts = where.rpartition("@")
    return UrlParts(scheme.lower(), user if at else None, hosts, f"{slash}{path}", query)
