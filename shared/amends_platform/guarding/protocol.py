"""What one connection may do. uvicorn parses and answers; it has no limit for slow, endless or malformed requests.

Only attributes are set here while requests come: how long something takes is looked at from outside, by `watch`.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any, Final, cast
from urllib.parse import unquote

import httptools
import structlog
from starlette.types import Scope
from uvicorn._types import ASGI3Application
from uvicorn.config import Config
from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from amends_platform.guarding import limits
from amends_platform.guarding.cycle import CLOSE, Cycle
from amends_platform.guarding.gate import Gate
from amends_platform.guarding.headers import SECURITY
from amends_platform.guarding.refusing import bare_answer, given_up, stopped, wrong_request
from amends_platform.http.problems import Problem, instance_of, problem_response
from amends_platform.reasons import traced

log = structlog.get_logger()

# Of which a request has one. Of two, we would read one and a proxy before us the other.
_ONCE: Final = (
    *(b"host", b"authorization", b"content-type", b"content-length", b"transfer-encoding", b"content-encoding"),
    *(b"idempotency-key", b"if-match", b"traceparent", b"last-event-id"),
)


class GuardedProtocol(HttpToolsProtocol):
    """One connection. `gate` counts it among the others."""

    cycle: Cycle
    pipeline: deque[tuple[Cycle, ASGI3Application]]  # type: ignore[assignment]

    def __init__(
        self,
        gate: Gate,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self.gate = gate
        # Bytes so far; of a head that is not complete, or in a body and not of it; of a body whose answer is sent.
        self.received = 0
        self.head_bytes = 0
        self.unwanted = 0
        # Another one each time that an answer which waited for the client goes on.
        self.taken = object()
        # What is being answered, which is not always what was parsed last, and the task that does it.
        self.serving: Cycle | None = None
        self.task: asyncio.Task[None] | None = None
        self.is_given_up = False
        # What `watch` saw when it looked, and since when.
        self.seen: Any = None
        self.seen_since = 0.0
        self.seen_received = 0
        self._arriving = 0
        self._deaf = False
        self._refusal: Problem | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.seen_since = self.loop.time()
        self.gate.arrived(self)

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self.gate.left(self)
        if self.serving is not None and not self.serving.response_complete:
            self.serving.disconnected = True
            self.serving.message_event.set()

    def data_received(self, data: bytes) -> None:
        if self._deaf:
            return
        self._arriving = len(data)
        self.received += self._arriving
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserError:
            self.refuse(self._refusal or wrong_request("This is no HTTP request that can be read."))
            return
        except httptools.HttpParserUpgrade:
            # There is no other protocol here. What would follow is not parsed.
            self._deaf = True
            self.cycle.keep_alive = False
            return
        cycle = self.cycle
        # What stands in a body and is none of it, of which there could be no end: trailers, and what is said of chunks.
        if self.is_in_head or (cycle is not None and cycle.more_body):
            self.head_bytes += self._arriving
            if self.head_bytes > limits.HEAD_BYTES_MAX:
                self.refuse(_head_too_large())
        else:
            self.head_bytes = 0

    @property
    def is_in_head(self) -> bool:
        """Whether a request has begun and its head is not complete."""
        return self.scope is not None and (self.cycle is None or self.cycle.scope is not self.scope)

    @property
    def is_answering(self) -> bool:
        return self.serving is not None and not self.serving.response_complete

    @property
    def is_closing(self) -> bool:
        return self.transport.is_closing()

    @property
    def is_unused(self) -> bool:
        """Whether nothing has begun, or all that had begun is done."""
        return not self.is_answering and not self.is_in_head and (self.cycle is None or not self.cycle.more_body)

    def on_headers_complete(self) -> None:
        headers = dict(self.headers)
        self._refusal = self._wrong(headers)
        if self._refusal is not None:
            # The parser passes it on to `data_received`.
            raise ValueError
        if headers.get(b"x-forwarded-proto") == b"https":
            # Anybody may claim it; it only makes their own cookies stricter.
            self.scope["scheme"] = "https"
        self._begin()
        if self.expect_100_continue:
            # Who waits to be asked for the body may never send it, where the answer comes first: what comes next here
            # would be taken for it, and may be somebody else's request, passed on by a proxy.
            self.cycle.keep_alive = False
            self.cycle.default_headers = [*self.cycle.default_headers, CLOSE]
        # Trailers come into another list: they are no headers, whatever they are called.
        self.headers = []
        self.head_bytes = -self._arriving

    def _begin(self) -> None:
        """Serve the request whose head has arrived, or let it wait for those before it. As uvicorn does, which knows of
        other protocols, and of a path that it is mounted at.
        """
        version = self.parser.get_http_version()
        scope = self.scope
        scope["method"] = self.parser.get_method().decode("ascii")
        scope["http_version"] = version
        target = httptools.parse_url(self.url)
        path = target.path
        scope["raw_path"] = path
        scope["path"] = unquote(path.decode("ascii")) if b"%" in path else path.decode("ascii")
        scope["query_string"] = target.query or b""
        before = self.cycle
        cycle = self.cycle = Cycle(
            scope=scope,
            transport=self.transport,
            flow=self.flow,
            logger=self.logger,
            access_logger=self.access_logger,
            access_log=False,
            default_headers=self.server_state.default_headers,
            message_event=asyncio.Event(),
            expect_100_continue=self.expect_100_continue,
            keep_alive=version != "1.0" and self.parser.should_keep_alive(),
            on_response=self.on_response_complete,
        )
        if before is None or before.response_complete:
            self._start_asgi_task(cycle, self.app)
        else:
            self.flow.pause_reading()
            self.pipeline.appendleft((cycle, self.app))

    def _wrong(self, headers: dict[bytes, bytes]) -> Problem | None:
        """What forbids to serve the request whose head has arrived."""
        count = len(self.headers)
        if len(headers) != count:
            for name in _ONCE:
                if name in headers and sum(other == name for other, _ in self.headers) > 1:
                    return wrong_request(f"The header {name.decode().title()} stands there twice.")
        if b"host" not in headers and self.parser.get_http_version() == "1.1":
            return wrong_request("The header Host is missing.")
        coding = headers.get(b"transfer-encoding")
        if b"upgrade" in headers and (coding is not None or headers.get(b"content-length", b"0") != b"0"):
            # The parser takes what follows for the other protocol's.
            return wrong_request("There is no other protocol here: send a body without the header Upgrade.")
        if coding is not None and (coding.lower() != b"chunked" or self.parser.get_http_version() != "1.1"):
            return wrong_request("Transfer-Encoding can be chunked, in HTTP/1.1, and nothing else.")
        if len(self.url) > limits.TARGET_BYTES_MAX:
            return Problem(414, "uri-too-long", f"Path and query may have {limits.TARGET_BYTES_MAX} bytes at most.")
        if count > limits.HEADERS_MAX:
            return _head_too_large()
        may_be_large = self.head_bytes + self._arriving > limits.HEAD_BYTES_MAX
        if may_be_large and sum(len(name) + len(value) for name, value in self.headers) > limits.HEAD_BYTES_MAX:
            return _head_too_large()
        if len(self.pipeline) >= limits.PIPELINED_MAX:
            return wrong_request(f"More than {limits.PIPELINED_MAX} requests were sent before the first was answered.")
        return None

    def on_body(self, body: bytes) -> None:
        self.head_bytes = -self._arriving
        cycle = self.cycle
        if cycle.response_complete:
            self.unwanted += len(body)
            if self.unwanted > limits.UNWANTED_BYTES_MAX:
                self._deaf = True
                self.transport.close()
            return
        cycle.body += body
        if len(cycle.body) > HIGH_WATER_LIMIT:
            self.flow.pause_reading()
        cycle.message_event.set()

    def on_message_complete(self) -> None:
        self.unwanted = 0
        cycle = self.cycle
        cycle.more_body = False
        cycle.is_whole = True
        if not cycle.response_complete:
            cycle.message_event.set()

    def on_response_complete(self) -> None:
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())

    def resume_writing(self) -> None:
        self.taken = object()
        super().resume_writing()

    def send_400_response(self, msg: str) -> None:
        self.refuse(wrong_request(msg))

    def refuse(self, problem: Problem, why: str = "malformed") -> None:
        """Say what is wrong, where nothing else is being said, and hear no more."""
        self.gate.count(why)
        self._deaf = True
        serving = self.serving
        if (
            serving is not None
            and not serving.response_complete
            and (serving.response_started or serving.scope is not self.scope or self.pipeline)
        ):
            # The answer to a request before it ends the connection.
            serving.keep_alive = False
            self.pipeline.clear()
            return
        if serving is None or not serving.response_complete or serving.scope is not self.scope:
            # Else it is answered: another answer would be taken for that to the next request.
            self.transport.write(bare_answer(problem))
        self.transport.close()

    def give_up(self) -> None:
        """End the work for a request that takes too long: it is answered, and what was begun is not undone."""
        if self.task is not None:
            self.gate.count("request-given-up")
            self.is_given_up = True
            self.task.cancel()

    def _start_asgi_task(self, cycle: Cycle, app: ASGI3Application) -> None:  # type: ignore[override]
        self.serving = cycle
        app = self.gate.instead(cast("Scope", cycle.scope)) or app  # type: ignore[assignment]
        task = self.task = self.loop.create_task(_serve(cycle, app, self))
        task.add_done_callback(self.tasks.discard)
        self.tasks.add(task)


async def _serve(cycle: Cycle, app: ASGI3Application, protocol: GuardedProtocol) -> None:
    """Let the application answer; where it does not, say so."""
    scope = cast("Scope", cycle.scope)
    try:
        await app(cycle.scope, cycle.receive, cycle.send)
    except asyncio.CancelledError:
        seconds = protocol.gate.limits.request_seconds_max
        await _end(cycle, given_up(cycle.scope["method"], seconds) if protocol.is_given_up else stopped())
    except Exception as error:
        log.error("a request failed", instance=instance_of(scope), exception=traced(error))
        await _end(cycle, Problem(500, "internal-error", "Something went wrong here; it has been logged."))
    else:
        if not cycle.response_complete and not cycle.disconnected:
            log.error("a request was not answered", instance=instance_of(scope))
            await _end(cycle, Problem(500, "internal-error", "Something went wrong here; it has been logged."))
    finally:
        cycle.on_response = _nothing


async def _end(cycle: Cycle, problem: Problem) -> None:
    """Answer with the problem; an answer that has begun is cut off, so that nobody takes it for a whole one."""
    if cycle.response_complete:
        return
    if cycle.response_started:
        cycle.transport.abort()
        return
    cycle.keep_alive = False
    scope = cast("Scope", cycle.scope)
    response = problem_response(problem, instance_of(scope))
    response.raw_headers += SECURITY
    await response(cycle.scope, cycle.receive, cycle.send)  # type: ignore[arg-type]


def _head_too_large() -> Problem:
    return Problem(
        431,
        "request-header-fields-too-large",
        f"A head may have {limits.HEAD_BYTES_MAX} bytes and {limits.HEADERS_MAX} headers at most.",
    )


def _nothing() -> None:
    return None
