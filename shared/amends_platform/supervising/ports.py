"""Free TCP ports, and ports remembered from one start to the next."""

from __future__ import annotations

import socket
from contextlib import suppress
from pathlib import Path

from amends_platform.files import write_private


def is_free(host: str, port: int) -> bool:
    """Whether a server could listen there now."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        # As servers do: a connection of the last run that lingers is no hindrance.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
        return True


def free_port(host: str) -> int:
    """Any port that is free now."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


def remembered_port(host: str, file: Path) -> int:
    """The port noted in `file` where it is still free, else any, noted from now on."""
    with suppress(OSError, ValueError):
        port = int(file.read_text())
        if is_free(host, port):
            return port
    port = free_port(host)
    write_private(file, f"{port}\n")
    return port
