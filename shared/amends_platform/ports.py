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


def free_port(host: str, remembered_in: Path | None = None) -> int:
    """A free port: the remembered one where it is still free, else any, which is remembered from now on."""
    if remembered_in is not None:
        with suppress(OSError, ValueError):
            port = int(remembered_in.read_text())
            if is_free(host, port):
                return port
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.bind((host, 0))
        port = int(probe.getsockname()[1])
    if remembered_in is not None:
        write_private(remembered_in, f"{port}\n")
    return port
