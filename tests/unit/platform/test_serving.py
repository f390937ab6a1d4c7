"""A server that stops while somebody listens to an answer without end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
import uvicorn
from fastapi import FastAPI
from starlette.responses import StreamingResponse

from amends_platform.http import serving

WAIT_SECONDS_MAX = 20


async def test_a_server_that_stops_ends_the_answers_that_have_no_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "collect_seldom", lambda: None)
    ready = asyncio.Event()
    monkeypatch.setattr(serving, "announce_ready", ready.set)
    app = FastAPI()
    ended = asyncio.Event()
    app.state.end_streams = ended.set

    async def endless() -> AsyncIterator[bytes]:
        yield b"listening\n"
        await ended.wait()

    @app.get("/endless")
    async def answer() -> StreamingResponse:
        return StreamingResponse(endless())

    # Without a limit to its patience: it would wait for ever.
    server = serving._Server(uvicorn.Config(app, port=0, log_config=None), app)
    async with asyncio.timeout(WAIT_SECONDS_MAX):
        running = asyncio.create_task(server.serve())
        await ready.wait()
        port = server.servers[0].sockets[0].getsockname()[1]
        async with (
            httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client,
            client.stream("GET", "/endless") as response,
        ):
            lines = response.aiter_lines()
            assert await anext(lines) == "listening"
            server.should_exit = True
            assert [line async for line in lines] == []
        await running
