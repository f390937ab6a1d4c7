"""A whole answer in one message: the bytes on the wire are those of the two messages of ASGI."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from starlette.requests import Request

from amends_platform.guarding.cycle import WHOLE_ANSWER
from tests.support.guarded import WAIT_SECONDS_MAX, Guarded, guarded

_BODY = b'{"id":1}'
_HEADERS = [(b"content-length", b"8"), (b"etag", b'"1"'), (b"content-type", b"application/json")]


async def _app(scope: Any, receive: Any, send: Any) -> None:
    """/whole answers in one message, any other path in two; with a body, once all of it was read and no more comes."""
    request = Request(scope, receive)
    await request.body()
    assert WHOLE_ANSWER in scope["extensions"]
    if scope["path"] == "/whole":
        await send({"type": WHOLE_ANSWER, "status": 201, "headers": _HEADERS, "body": _BODY})
    else:
        await send({"type": "http.response.start", "status": 201, "headers": _HEADERS})
        await send({"type": "http.response.body", "body": _BODY})
    assert (await receive())["type"] == "http.disconnect"


@pytest_asyncio.fixture(loop_scope="session")
async def server() -> AsyncIterator[Guarded]:
    async with guarded(_app) as running:
        running.without_date()
        yield running


async def _said(server: Guarded, request: bytes) -> bytes:
    wire = await server.wire()
    await wire.send(request)
    wire.writer.write_eof()
    return await wire.rest()


@pytest.mark.parametrize("version", ["1.1", "1.0"])
@pytest.mark.parametrize("head", ["Content-Length: 3\r\n\r\nabc", "Connection: close\r\nContent-Length: 0\r\n\r\n"])
async def test_one_message_says_what_two_say(server: Guarded, version: str, head: str) -> None:
    request = f"POST /{{}} HTTP/{version}\r\nHost: here\r\n{head}"
    whole, parted = [await _said(server, request.format(path).encode()) for path in ("whole", "parted")]
    assert whole == parted
    assert whole.endswith(b"\r\n\r\n" + _BODY)


async def test_requests_sent_at_once_are_answered_one_after_the_other(server: Guarded) -> None:
    wire = await server.wire()
    await wire.send(b"POST /whole HTTP/1.1\r\nHost: here\r\nContent-Length: 3\r\n\r\nabc" * 3)
    assert [(await wire.answer()).body for _ in range(3)] == [_BODY] * 3


async def test_a_server_that_stops_says_so_in_whole_answers_too(server: Guarded) -> None:
    server.closes_from_now_on()
    assert b"\r\nconnection: close\r\n" in await _said(server, b"POST /whole HTTP/1.1\r\nHost: here\r\n\r\n")


async def test_a_body_that_comes_in_pieces_is_read_to_its_end() -> None:
    read, has_begun = bytearray(), asyncio.Event()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        async for piece in Request(scope, receive).stream():
            read.extend(piece)
            has_begun.set()
        await send({"type": WHOLE_ANSWER, "status": 201, "headers": _HEADERS, "body": _BODY})

    async with guarded(app) as server:
        wire = await server.wire()
        await wire.send(b"POST /whole HTTP/1.1\r\nHost: here\r\nContent-Length: 6\r\n\r\nabc")
        async with asyncio.timeout(WAIT_SECONDS_MAX):
            await has_begun.wait()
        await wire.send(b"def")
        assert (await wire.answer()).status == 201
    assert read == b"abcdef"
