"""What the notifier answers when it is asked how it is: `/livez`, `/readyz` and `/metrics`, from threads of their own,
so that one who asks is told also when the event loop hangs."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Awaitable, Callable, Iterable, Iterator
from concurrent.futures import TimeoutError as TooLate
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from amends_platform.http.health import NotAlive, NotReady
from amends_platform.telemetry.process import readiness_metric

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

_READINESS_SECONDS_MAX: Final = 2.0
# Whoever connects and says nothing is not waited for.
_REQUEST_SECONDS_MAX: Final = 5.0
_POLL_SECONDS: Final = 0.1


class _Handler(WSGIRequestHandler):
    timeout = _REQUEST_SECONDS_MAX

    def log_message(self, *_: object) -> None:
        """A probe every few seconds is no news."""


class _Server(WSGIServer):
    """A thread a request, as whoever asks for readiness may have to wait."""

    def process_request(self, request: Any, client_address: Any) -> None:
        threading.Thread(target=self._process, args=(request, client_address), daemon=True).start()

    def _process(self, request: Any, client_address: Any) -> None:
        try:
            self.finish_request(request, client_address)
        except OSError:
            # They hung up.
            pass
        finally:
            self.shutdown_request(request)


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

    def said_alive() -> tuple[int, str]:
        try:
            alive()
        except NotAlive as error:
            return 503, str(error)
        return 200, "alive"

    def said_ready() -> tuple[int, str]:
        waiting = asyncio.run_coroutine_threadsafe(_awaited(ready), loop)
        try:
            waiting.result(_READINESS_SECONDS_MAX)
        except NotReady as error:
            return 503, str(error)
        except TooLate:
            waiting.cancel()
            return 503, "A service this one needs does not answer in time."
        except Exception:
            return 503, "A service this one needs does not answer."
        return 200, "ready"

    probes = {"/livez": said_alive, "/readyz": said_ready}

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        if path == "/metrics":
            start_response("200 OK", [("Content-Type", CONTENT_TYPE_LATEST)])
            return [generate_latest(metrics)]
        probe = probes.get(path)
        status, said = (404, "not found") if probe is None else probe()
        phrase = {200: "OK", 404: "Not Found", 503: "Service Unavailable"}[status]
        if path == "/readyz":
            is_ready.set(status == 200)
        start_response(f"{status} {phrase}", [("Content-Type", "application/json")])
        return [json.dumps({"status": said}).encode()]

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
