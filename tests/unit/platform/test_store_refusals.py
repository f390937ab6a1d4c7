"""Data that the store refuses is repeated nowhere: not in the answer, not in the log."""

from __future__ import annotations

import httpx
import pytest
import structlog
from fastapi import FastAPI
from prometheus_client import CollectorRegistry
from structlog.testing import LogCapture

from amends_platform.http import web
from amends_store.errors import AppendRefused


async def _ready() -> None:
    pass


async def test_neither_the_answer_nor_the_log_repeats_what_was_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    captured = LogCapture()
    monkeypatch.setattr(web, "log", structlog.wrap_logger(structlog.PrintLogger(), processors=[captured]))
    app = FastAPI()
    web.add_operations(app, ready=_ready, metrics=CollectorRegistry(), body_bytes_max=1000)

    @app.post("/")
    async def refused() -> None:
        cause = ValueError("invalid input for query argument $1: 'call-Thistledown'")
        raise AppendRefused(str(cause)) from cause

    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://desk") as client:
        answer = await client.post("/")
    assert answer.status_code == 422
    assert "Thistledown" not in answer.text
    assert captured.entries == [
        {"event": "the store refused a command", "log_level": "warning", "reason": "ValueError"}
    ]
