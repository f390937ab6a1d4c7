"""Addresses of and about the identity provider: encrypted, or of this very machine, and nothing hidden in them."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urlsplit

from amends_domain.documents import Node

_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_VISIBLE: Final = re.compile(r"[!-~]{1,2000}")


def may_be_asked(url: str) -> bool:
    """Whether keys may be fetched from there: by https, or by http from this very machine."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return False
    if not _VISIBLE.fullmatch(url) or "\\" in url or "@" in parts.netloc or parts.fragment or not host or port == 0:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and host in _LOOPBACK)


def url_of(node: Node) -> str:
    """The address that the node names; what is wrong with it is kept in the node."""
    url = node.text("an https URL")
    if isinstance(node.value, str) and not may_be_asked(url):
        node.fail("expected an https URL (http for this very machine only), without user, password and #")
    return url
