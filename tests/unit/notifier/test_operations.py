"""How the notifier is asked whether it lives: whoever could not be answered takes nobody's place for ever."""

from __future__ import annotations

import asyncio
import socket
import threading
import urllib.request
from types import SimpleNamespace

import pytest
from prometheus_client import CollectorRegistry

from amends_notifier import operations

SECONDS_MAX = 60


def asked(port: int) -> int:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/livez") as answer:
        return int(answer.status)


async def ready() -> None:
    pass


async def test_who_is_asked_for_when_there_is_no_thread_left_takes_no_room_from_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class NoneLeft(threading.Thread):
        def start(self) -> None:
            raise RuntimeError("can't start new thread")

    monkeypatch.setattr(operations, "_AT_ONCE_MAX", 1)
    with operations.answering("127.0.0.1", 0, alive=lambda: None, ready=ready, metrics=CollectorRegistry()) as port:
        with monkeypatch.context() as without_threads:
            without_threads.setattr(operations, "threading", SimpleNamespace(Thread=NoneLeft))
            with pytest.raises(OSError):
                await asyncio.to_thread(asked, port)
        assert await asyncio.to_thread(asked, port) == 200


async def test_who_asks_bit_by_bit_has_their_place_only_until_somebody_else_wants_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(operations, "_AT_ONCE_MAX", 2)
    # As if each bit came just in time.
    monkeypatch.setattr(operations._Handler, "timeout", None)
    with (
        operations.answering("127.0.0.1", 0, alive=lambda: None, ready=ready, metrics=CollectorRegistry()) as port,
        socket.create_connection(("127.0.0.1", port)) as slow,
        socket.create_connection(("127.0.0.1", port)) as slower,
    ):
        slow.sendall(b"GET /livez")
        with pytest.raises(OSError):
            await asyncio.to_thread(asked, port)
        monkeypatch.setattr(operations, "_ROOM_SECONDS_MAX", 0.0)
        with pytest.raises(OSError):
            await asyncio.to_thread(asked, port)
        # Hung up on, both.
        for each in (slow, slower):
            assert await asyncio.to_thread(each.recv, 1) == b""
        async with asyncio.timeout(SECONDS_MAX):
            # Their threads are about to see it.
            while [*await asyncio.gather(asyncio.to_thread(asked, port), return_exceptions=True)] != [200]:
                pass
