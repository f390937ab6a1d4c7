"""A way to a PostgreSQL that loses an answer at the worst moment: after the commit."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from urllib.parse import parse_qs, urlsplit


class LossyProxy:
    """Passes everything on, until it is told what to lose."""

    def __init__(self, url: str, directory: Path) -> None:
        parts = urlsplit(url)
        (host,) = parse_qs(parts.query)["host"]
        self._server_socket = f"{host}/.s.PGSQL.5432"
        self._own_socket = directory / ".s.PGSQL.5432"
        self.url = f"{parts.scheme}://{parts.netloc}{parts.path}?host={directory}&port=5432"
        self._to_lose: bytes | None = None
        self.lost = asyncio.Event()

    def lose_the_answer_that_holds(self, marker: bytes) -> None:
        """Cut the next connection on which the server says `marker`, instead of passing that on."""
        self._to_lose = marker
        self.lost.clear()

    async def serve(self) -> asyncio.Server:
        return await asyncio.start_unix_server(self._connected, self._own_socket)

    async def _connected(self, client_in: asyncio.StreamReader, client_out: asyncio.StreamWriter) -> None:
        server_in, server_out = await asyncio.open_unix_connection(self._server_socket)
        there = asyncio.create_task(self._pass_on(client_in, server_out, answers=False))
        back = asyncio.create_task(self._pass_on(server_in, client_out, answers=True))
        await asyncio.wait((there, back), return_when=asyncio.FIRST_COMPLETED)
        for task, writer in ((there, server_out), (back, client_out)):
            task.cancel()
            writer.transport.abort()
            with suppress(OSError, asyncio.CancelledError):
                await task

    async def _pass_on(self, source: asyncio.StreamReader, target: asyncio.StreamWriter, *, answers: bool) -> None:
        with suppress(OSError):
            while chunk := await source.read(65536):
                if answers and self._to_lose is not None and self._to_lose in chunk:
                    self._to_lose = None
                    self.lost.set()
                    return
                target.write(chunk)
                await target.drain()


@asynccontextmanager
async def lossy_proxy(url: str) -> AsyncIterator[LossyProxy]:
    """A proxy before the server of `url`, which must name a unix socket."""
    with tempfile.TemporaryDirectory(prefix="amends-lossy-") as directory:
        proxy = LossyProxy(url, Path(directory))
        server = await proxy.serve()
        try:
            yield proxy
        finally:
            server.close()
