"""A load generator, in a process of its own: so many connections, on each one request after the other.

`python -m tests.bench.http_load` takes a Load as JSON on its standard input and tells what came of it on its
standard output. It knows just enough HTTP for the answers of uvicorn, so that it costs little beside what it measures.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Final, cast

import uvloop

NUMBER = "########"
"""Stands in the request wherever the request's own number shall stand."""

_LENGTH = re.compile(rb"\r\ncontent-length: (\d+)\r\n", re.IGNORECASE)
_ANSWER_SECONDS_MAX: Final = 30.0
_CREATED = b"HTTP/1.1 201 "


@dataclass(frozen=True)
class Load:
    """`request` is the whole text of one, NUMBER in it; `first_number` makes those of a run new. `pause_seconds`: after
    each answer."""

    port: int
    request: str
    connections: int
    seconds: float
    first_number: int
    pause_seconds: float = 0.0


@dataclass(frozen=True)
class Answers:
    """How many requests were answered 201 in how long; `refused` is the first other answer."""

    count: int
    seconds: float
    durations_ms: list[float]
    refused: str | None


async def generated(load: Load) -> Answers:
    """Run the generator and wait for what it tells."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", __name__, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    try:
        said, _ = await process.communicate(json.dumps(asdict(load)).encode())
    finally:
        if process.returncode is None:
            process.kill()
    if process.returncode != 0:
        raise RuntimeError(f"the load generator ended with status {process.returncode}")
    return Answers(**json.loads(said))


class _Run:
    """What all connections share."""

    def __init__(self, load: Load) -> None:
        self._parts = load.request.encode().split(NUMBER.encode())
        self._numbers = iter(range(load.first_number, 10 ** len(NUMBER)))
        self._connections = load.connections
        self.pause_seconds = load.pause_seconds
        self.ends_at = time.perf_counter() + load.seconds
        self.durations_ms: list[float] = []
        self.refused: bytes | None = None
        self.over = asyncio.get_running_loop().create_future()

    def requests(self) -> Iterator[bytes]:
        parts = self._parts
        for number in self._numbers:
            yield (b"%0*d" % (len(NUMBER), number)).join(parts)

    def broke(self, _loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """A callback raised: the run is worth nothing."""
        if not self.over.done():
            self.over.set_exception(context.get("exception") or RuntimeError(context["message"]))

    def ended(self) -> None:
        self._connections -= 1
        if self._connections == 0 and not self.over.done():
            self.over.set_result(None)


class _Connection(asyncio.Protocol):
    def __init__(self, run: _Run) -> None:
        self._run = run
        self._requests = run.requests()
        self._received = b""
        self._sent_at = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # No isinstance: the transports of uvloop are not of asyncio's classes.
        self._transport = cast("asyncio.Transport", transport)
        self._send()

    def data_received(self, data: bytes) -> None:
        received = self._received = self._received + data
        head_ends = received.find(b"\r\n\r\n")
        if head_ends < 0:
            return
        length = _LENGTH.search(received, 0, head_ends + 2)
        assert length is not None, received
        if len(received) < head_ends + 4 + int(length[1]):
            return
        now = time.perf_counter()
        if not received.startswith(_CREATED):
            self._run.refused = received
            self._transport.close()
            return
        self._run.durations_ms.append((now - self._sent_at) * 1000)
        self._received = b""
        if now < self._run.ends_at:
            if self._run.pause_seconds:
                asyncio.get_running_loop().call_later(self._run.pause_seconds, self._send)
            else:
                self._send()
        else:
            self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        if exc is not None:
            self._run.refused = repr(exc).encode()
        self._run.ended()

    def _send(self) -> None:
        self._sent_at = time.perf_counter()
        self._transport.write(next(self._requests))


async def _generate(load: Load) -> Answers:
    loop = asyncio.get_running_loop()
    run = _Run(load)
    loop.set_exception_handler(run.broke)
    begun_at = time.perf_counter()
    await asyncio.gather(
        *(loop.create_connection(lambda: _Connection(run), "127.0.0.1", load.port) for _ in range(load.connections))
    )
    async with asyncio.timeout(load.seconds + _ANSWER_SECONDS_MAX):
        await run.over
    refused = None if run.refused is None else run.refused.decode(errors="replace")
    return Answers(len(run.durations_ms), time.perf_counter() - begun_at, run.durations_ms, refused)


if __name__ == "__main__":
    answers = uvloop.run(_generate(Load(**json.load(sys.stdin))))
    json.dump(asdict(answers), sys.stdout)
