"""How a program tells whoever started it that it is ready: one line into an inherited pipe, or systemd's message."""

from __future__ import annotations

import os
import socket

READY_FD = "AMENDS_READY_FD"
# Source: sd_notify(3), of a unit of Type=notify.
NOTIFY_SOCKET = "NOTIFY_SOCKET"


def announce_ready() -> None:
    """Say "ready" once everything answers. Does nothing when nobody asked, or a second time."""
    _tell_supervisor()
    _tell_systemd()


def _tell_supervisor() -> None:
    handle = os.environ.pop(READY_FD, None)
    if handle is None:
        return
    try:
        os.write(int(handle), b"ready\n")
        os.close(int(handle))
    except OSError:
        # The supervisor is gone or stopped listening; being ready is no less true.
        return


def _tell_systemd() -> None:
    address = os.environ.pop(NOTIFY_SOCKET, None)
    if not address:
        return
    # An @ stands for the byte that begins a name of the abstract namespace.
    name = "\0" + address[1:] if address.startswith("@") else address
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sending:
            sending.sendto(b"READY=1", name)
    except OSError:
        # It starts the service anew when it has waited long enough.
        return
