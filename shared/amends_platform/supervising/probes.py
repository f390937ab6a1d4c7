"""Whether a server answers, asked without the libraries that clients use: a probe costs nothing to import."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from typing import Final

from amends_platform.supervising.processes import Answer

_SECONDS_MAX: Final = 3.0
_NOT_YET: Final = Answer(ready=False)


async def greets_as_nats(host: str, port: int) -> Answer:
    """A NATS server greets with a line of its properties; JetStream is among them once it has recovered."""
    greeting = await _first_line(host, port, b"")
    with suppress(ValueError):
        return Answer(ready=json.loads(greeting.removeprefix(b"INFO ")).get("jetstream") is True)
    return _NOT_YET


async def http_ready(host: str, port: int) -> Answer:
    """Whether GET /readyz is answered with 200."""
    request = f"GET /readyz HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n"
    status = (await _first_line(host, port, request.encode())).split()
    return Answer(ready=status[1:2] == [b"200"])


async def _first_line(host: str, port: int, say: bytes) -> bytes:
    """The first line of the answer; empty when there is none."""
    try:
        async with asyncio.timeout(_SECONDS_MAX):
            reader, writer = await asyncio.open_connection(host, port)
            try:
                writer.write(say)
                return await reader.readline()
            finally:
                writer.close()
                with suppress(OSError):
                    await writer.wait_closed()
    except (OSError, TimeoutError, ValueError):
        return b""
