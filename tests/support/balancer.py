"""A load balancer: each connection goes to a service that is ready, and clients that send again what got no answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import httpx

from tests.support.commands import WAIT_SECONDS_MAX

_CHUNK_BYTES = 65_536


class Balancer:
    """Passes bytes on, connection by connection. `ports`: the services behind it, of which any may be away."""

    def __init__(self) -> None:
        self.ports: list[int] = []
        self._server: asyncio.Server | None = None
        self._relays: set[asyncio.Task[None]] = set()
        self._turn = 0

    @property
    def url(self) -> str:
        assert self._server is not None
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._relay, "127.0.0.1", 0)

    async def aclose(self) -> None:
        assert self._server is not None
        self._server.close()
        for relay in self._relays:
            relay.cancel()
        await asyncio.gather(*self._relays, return_exceptions=True)

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._relays.add(task)
        try:
            async with asyncio.timeout(WAIT_SECONDS_MAX):
                there_reader, there_writer = await self._connect()
            # Whichever side ends first, the other is told, and may finish what it is saying.
            await asyncio.gather(_pass_on(reader, there_writer), _pass_on(there_reader, writer))
        except TimeoutError:
            pass
        finally:
            self._relays.discard(task)
            writer.close()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """To the next one that is ready; until one is."""
        while True:
            for _ in self.ports:
                self._turn += 1
                port = self.ports[self._turn % len(self.ports)]
                with suppress(OSError):
                    if await _is_ready(port):
                        return await asyncio.open_connection("127.0.0.1", port)
            await asyncio.sleep(0.02)


async def _is_ready(port: int) -> bool:
    """Asked for every connection, where a real one asks every second: what it learns late, draining makes up for."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET /readyz HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n")
    try:
        return (await reader.read()).startswith(b"HTTP/1.1 200")
    finally:
        writer.close()


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(_CHUNK_BYTES):
            writer.write(data)
            await writer.drain()
    writer.close()


@asynccontextmanager
async def balancing() -> AsyncIterator[Balancer]:
    balancer = Balancer()
    await balancer.start()
    try:
        yield balancer
    finally:
        await balancer.aclose()


class AsProxiesDo(httpx.AsyncBaseTransport):
    """Sends a request once more when its connection closed before a byte of the answer came, as proxies do with what
    may be repeated: every command may, by its Idempotency-Key. `again` counts that; `failures` is what else failed.
    """

    def __init__(self) -> None:
        self.again = 0
        self.failures: list[str] = []
        self._transport = httpx.AsyncHTTPTransport(limits=httpx.Limits(max_connections=None))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        what = f"{request.method} {request.url.path}"
        try:
            response = await self._once_more(request)
        except httpx.TransportError as error:
            self.failures.append(f"{what}: {error!r}")
            raise
        if response.status_code >= 500:
            self.failures.append(f"{what}: {response.status_code} {(await response.aread()).decode()}")
        return response

    async def _once_more(self, request: httpx.Request) -> httpx.Response:
        try:
            return await self._transport.handle_async_request(request)
        except (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError):
            self.again += 1
            return await self._transport.handle_async_request(request)

    async def aclose(self) -> None:
        await self._transport.aclose()


def client_of(balancer: Balancer, transport: AsProxiesDo) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=balancer.url, transport=transport, timeout=WAIT_SECONDS_MAX)
