"""How the notifier is asked whether it lives: whoever could not be answered takes nobody's place for ever."""

from __future__ import annotations

import asyncio
import threading
import urllib.request
from types import SimpleNamespace

import pytest
from prometheus_client import CollectorRegistry

from amends_notifier import operations


async def test_who_is_asked_for_when_there_is_no_thread_left_takes_no_room_from_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class NoneLeft(threading.Thread):
        def start(self) -> None:
            raise RuntimeError("can't start new thread")

    def asked(port: int) -> int:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/livez") as answer:
            return int(answer.status)

    async def ready() -> None:
        pass

    monkeypatch.setattr(operations, "_AT_ONCE_MAX", 1)
    with operations.answering("127.0.0.1", 0, alive=lambda: None, ready=ready, metrics=CollectorRegistry()) as port:
        with monkeypatch.context() as without_threads:
            without_threads.setattr(operations, "threading", SimpleNamespace(Thread=NoneLeft))
            with pytest.raises(OSError):
                await asyncio.to_thread(asked, port)
        assert await asyncio.to_thread(asked, port) == 200
