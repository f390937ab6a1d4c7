"""Clients as nobody wants them, in a process of their own, from addresses of their own.

`python -m tests.bench.attacks` takes an Attack as JSON on its standard input, says `begun` once it goes on, and goes on
until that input ends.
"""

from __future__ import annotations

import asyncio
import json
import random
import secrets
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict, dataclass
from typing import Final

import uvloop

ADDRESSES: Final = ("127.0.0.2", "127.0.0.3")
LORIS_CONNECTIONS: Final = 400
IDLE_CONNECTIONS: Final = 1_000
FLOOD_CONNECTIONS: Final = 64
UPLOADS: Final = 4
UPLOAD_BYTES: Final = 1_000_000_000

_PIECE: Final = b"x" * 65_536
_BYTE_SECONDS: Final = 0.5
_AGAIN_SECONDS: Final = 0.05


@dataclass(frozen=True)
class Attack:
    """`request` is a whole one, with a good key."""

    kind: str
    port: int
    request: str


@asynccontextmanager
async def attacking(attack: Attack) -> AsyncIterator[None]:
    """The attack goes on while the block runs."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", __name__, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write(json.dumps(asdict(attack)).encode() + b"\n")
        if await process.stdout.readline() != b"begun\n":
            raise RuntimeError(f"the attack {attack.kind} did not begin")
        yield
    finally:
        process.stdin.close()
        if await process.wait() != 0:
            raise RuntimeError(f"the attack {attack.kind} broke off")


class _Attacker:
    def __init__(self, attack: Attack) -> None:
        self._attack = attack
        head, _, self._body = attack.request.encode().partition(b"\r\n\r\n")
        self._lines = head.split(b"\r\n")

    async def slow_loris(self, n: int) -> None:
        """A head, a byte at a time, never at its end."""
        async with self._connected(n) as (reader, writer):
            writer.write(self._lines[0] + b"\r\n")
            while not reader.at_eof():
                writer.write(b"X" if random.random() < 0.9 else b": y\r\n")
                await asyncio.sleep(_BYTE_SECONDS)

    async def announced_upload(self, n: int) -> None:
        await self._upload(n, b"Content-Length: %d" % UPLOAD_BYTES, b"%b")

    async def chunked_upload(self, n: int) -> None:
        await self._upload(n, b"Transfer-Encoding: chunked", b"10000\r\n%b\r\n")

    async def idle(self, n: int) -> None:
        async with self._connected(n) as (reader, _):
            await reader.read()

    async def flood(self, n: int) -> None:
        """One request after the other with one good key, whatever is answered."""
        await self._ask_on(n, lambda: self._attack.request.encode())

    async def wrong_keys(self, n: int) -> None:
        """As fast as it goes, each with another key that might be good."""

        def request() -> bytes:
            key = b"Authorization: Bearer amends_" + secrets.token_urlsafe(32).encode()
            lines = [key if line.startswith(b"Authorization:") else line for line in self._lines]
            return b"\r\n".join(lines) + b"\r\n\r\n" + self._body

        await self._ask_on(n, request)

    async def _upload(self, n: int, length: bytes, piece: bytes) -> None:
        lines = [length if line.startswith(b"Content-Length:") else line for line in self._lines]
        framed = piece % _PIECE
        async with self._connected(n) as (reader, writer):
            writer.write(b"\r\n".join(lines) + b"\r\n\r\n")
            for _ in range(UPLOAD_BYTES // len(_PIECE)):
                writer.write(framed)
                await writer.drain()
                if reader.at_eof():
                    return

    async def _ask_on(self, n: int, request: Callable[[], bytes]) -> None:
        async with self._connected(n) as (reader, writer):
            while True:
                writer.write(request())
                head = await reader.readuntil(b"\r\n\r\n")
                length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
                await reader.readexactly(int(length))

    @asynccontextmanager
    async def _connected(self, n: int) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        source = ADDRESSES[n % len(ADDRESSES)]
        reader, writer = await asyncio.open_connection("127.0.0.1", self._attack.port, local_addr=(source, 0))
        try:
            yield reader, writer
        finally:
            # Left to the collector, a connection that broke would be complained of.
            writer.transport.abort()
            with suppress(OSError):
                await writer.wait_closed()


KINDS: Final[dict[str, tuple[Callable[[_Attacker, int], Awaitable[None]], int]]] = {
    "slow loris": (_Attacker.slow_loris, LORIS_CONNECTIONS),
    "1 GB announced": (_Attacker.announced_upload, UPLOADS),
    "1 GB chunked": (_Attacker.chunked_upload, UPLOADS),
    "1,000 idle": (_Attacker.idle, IDLE_CONNECTIONS),
    "flood of one key": (_Attacker.flood, FLOOD_CONNECTIONS),
    "flood of wrong keys": (_Attacker.wrong_keys, FLOOD_CONNECTIONS),
}


async def _go_on(attack: Attack) -> None:
    do, connections = KINDS[attack.kind]
    attacker = _Attacker(attack)

    async def again_and_again(n: int) -> None:
        while True:
            with suppress(OSError, EOFError, ValueError):
                await do(attacker, n)
            # Whoever is turned away comes back.
            await asyncio.sleep(_AGAIN_SECONDS)

    tasks = [asyncio.create_task(again_and_again(n)) for n in range(connections)]
    await asyncio.sleep(1.0)
    print("begun", flush=True)
    await asyncio.to_thread(sys.stdin.read)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


if __name__ == "__main__":
    uvloop.run(_go_on(Attack(**json.loads(sys.stdin.readline()))))
