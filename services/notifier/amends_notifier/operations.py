"""What the notifier answers when it is asked how it is: `/livez`, `/readyz` and `/metrics`, from threads of their own,
so that one who asks is told also when the event loop hangs."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import orjson
import structlog
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from amends_platform.http.details import MEDIA_TYPE, RETRY_AFTER_SECONDS, details, new_instance
from amends_platform.http.health import NotAlive, NotReady
from amends_platform.reasons import reason
from amends_platform.telemetry.process import readiness_metric

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

_READINESS_SECONDS_MAX: Final = 2.0
# Whoever connects and says nothing is not waited for.
_REQUEST_SECONDS_MAX: Final = 5.0
# Nor is, when others come, whoever says it bit by bit: an honest one is done by then.
_ROOM_SECONDS_MAX: Final = 10.0
_POLL_SECONDS: Final = 0.1
# Far more than orchestrators and Prometheus ask at once. Whoever comes beyond it is hung up on.
_AT_ONCE_MAX: Final = 32

log = structlog.get_logger()


class _Handler(WSGIRequestHandler):
    timeout = _REQUEST_SECONDS_MAX

    def log_message(self, *_: object) -> None:
        """A probe every few seconds is no news."""


class _Server(WSGIServer):
    """A thread a request, as whoever asks for readiness may have to wait."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._room = threading.BoundedSemaphore(_AT_ONCE_MAX)
        # Since when each has a place: written by its own thread, and by that which lets others in.
        self._since: dict[Any, float] = {}

    def process_request(self, request: Any, client_address: Any) -> None:
        if not self._room.acquire(blocking=False):
            self._make_room()
            self.shutdown_request(request)
            return
        self._since[request] = time.monotonic()
        try:
            threading.Thread(target=self._process, args=(request, client_address), daemon=True).start()
        except BaseException:
            # The system has no thread left just now: the room is for who asks when it has.
            del self._since[request]
            self._room.release()
            raise

    def _make_room(self) -> None:
        """Hang up on those who have taken too long, for whoever asks next."""
        too_long = time.monotonic() - _ROOM_SECONDS_MAX
        for request, since in list(self._since.items()):
            if since <= too_long:
                with suppress(OSError):
                    request.shutdown(socket.SHUT_RDWR)

    def _process(self, request: Any, client_address: Any) -> None:
        try:
            self.finish_request(request, client_address)
        except OSError:
            # They hung up.
            pass
        finally:
            del self._since[request]
            self.shutdown_request(request)
            self._room.release()


@contextmanager
def answering(
    host: str,
    port: int,
    *,
    alive: Callable[[], None],
    ready: Callable[[], Awaitable[None]],
    metrics: CollectorRegistry,
) -> Iterator[int]:
    """Answer while the block runs; its value is the port. `alive` is called from another thread, and raises NotAlive;
    `ready` runs in the loop of whoever calls this, and raises NotReady or whatever it meets."""
    loop, is_ready = asyncio.get_running_loop(), readiness_metric(metrics)

    def said_alive() -> str | None:
        try:
            alive()
        except NotAlive as error:
            return str(error)
        return None

    def said_ready() -> str | None:
        waiting = asyncio.run_coroutine_threadsafe(_awaited(ready), loop)
        try:
            waiting.result(_READINESS_SECONDS_MAX)
        except Exception as error:
            waiting.cancel()
            log.warning("not ready", reason=reason(error))
            is_ready.set(0)
            return str(error) if isinstance(error, NotReady) else "A service this one needs does not answer."
        is_ready.set(1)
        return None

    probes = {"/livez": ("alive", said_alive), "/readyz": ("ready", said_ready)}

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        if path == "/metrics":
            start_response("200 OK", [("Content-Type", CONTENT_TYPE_LATEST)])
            return [generate_latest(metrics)]
        if path not in probes:
            start_response("404 Not Found", [("Content-Type", MEDIA_TYPE)])
            return [details(404, "not-found", f"{HTTPStatus.NOT_FOUND.description}.", new_instance())]
        well, probe = probes[path]
        detail = probe()
        if detail is None:
            start_response("200 OK", [("Content-Type", "application/json")])
            return [orjson.dumps({"status": well})]
        headers = [("Content-Type", MEDIA_TYPE), ("Retry-After", str(RETRY_AFTER_SECONDS))]
        start_response("503 Service Unavailable", headers)
        return [details(503, f"not-{well}", detail, new_instance())]

    with make_server(host, port, app, _Server, _Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(_POLL_SECONDS,), name="operations", daemon=True)
        thread.start()
        try:
            yield server.server_port
        finally:
            # In a thread, since a probe under way may be waiting for this loop.
            server.shutdown()
            thread.join()


async def _awaited(ready: Callable[[], Awaitable[None]]) -> None:
    await ready()
