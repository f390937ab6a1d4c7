"""Who is told that a program is ready: whoever asked, once."""

from __future__ import annotations

import os
import secrets
import socket
from pathlib import Path

import pytest

from amends_platform.supervising.readiness import NOTIFY_SOCKET, READY_FD, announce_ready


@pytest.mark.parametrize("place", ["a file", "a name of its own"])
def test_systemd_is_told_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, place: str) -> None:
    name = str(tmp_path / "notify") if place == "a file" else f"@amends-{secrets.token_hex(8)}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told:
        told.bind(name.replace("@", "\0", 1))
        told.setblocking(False)
        monkeypatch.setenv(NOTIFY_SOCKET, name)
        announce_ready()
        assert told.recv(64) == b"READY=1"
        # Nor are programs that it starts: they would say it of themselves.
        assert NOTIFY_SOCKET not in os.environ
        announce_ready()
        with pytest.raises(BlockingIOError):
            told.recv(64)


def test_nobody_has_to_listen(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    announce_ready()
    reading, writing = os.pipe()
    os.close(reading)
    monkeypatch.setenv(READY_FD, str(writing))
    monkeypatch.setenv(NOTIFY_SOCKET, str(tmp_path / "gone"))
    announce_ready()
