"""How a program tells the supervisor that started it that it is ready: one line into an inherited pipe."""

from __future__ import annotations

import os

READY_FD = "AMENDS_READY_FD"


def announce_ready() -> None:
    """Say "ready" once everything answers. Does nothing when no supervisor asked, or a second time."""
    handle = os.environ.pop(READY_FD, None)
    if handle is None:
        return
    try:
        os.write(int(handle), b"ready\n")
        os.close(int(handle))
    except OSError:
        # The supervisor is gone or stopped listening; being ready is no less true.
        return
