"""Every HTTP request as it is seen from outside: how long it took, the line that says so, its span.

Most requests of intake take two hundred microseconds in all, so what is done for each of them here is little.
"""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Final

import structlog
from fastapi import FastAPI
from prometheus_client import CollectorRegistry, Gauge
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from amends_platform.telemetry.current import SEEN, Seen, current
from amends_platform.telemetry.durations import Durations

if TYPE_CHECKING:
    from amends_platform.telemetry.tracing import Tracing

# Gone before it was answered; nginx counts it so.
_HUNG_UP: Final = 499
_SLOW_SECONDS: Final = 1.0
# Asked every few seconds, by nobody who looks at traces.
_UNTRACED: Final = frozenset({"/livez", "/readyz", "/metrics"})

log = structlog.get_logger()


def observe_requests(app: FastAPI, registry: CollectorRegistry, tracing: Tracing | None) -> None:
    """Look at every request of `app` from outside all else that is done with it: so call it last."""
    build_inner = app.build_middleware_stack
    observing = _Observing(registry, tracing)

    def build() -> ASGIApp:
        observing.inner = build_inner()
        return observing

    app.build_middleware_stack = build  # type: ignore[method-assign]  # where Starlette lets one in


class _Observing:
    """`inner` is there before the first request."""

    inner: ASGIApp

    def __init__(self, registry: CollectorRegistry, tracing: Tracing | None) -> None:
        self._tracing = tracing
        self._in_flight = 0
        durations = Durations(
            registry,
            "amends_http_request_duration_seconds",
            "From a request's head to the end of its answer, by the route's template",
            ("method", "route", "status"),
        )
        self._observe = durations.observe
        in_flight = Gauge("amends_http_requests_in_flight", "Requests that are being answered", registry=registry)
        in_flight.set_function(lambda: self._in_flight)
        # Asking for it is the greater part of not saying it.
        self._says_all = logging.getLogger().isEnabledFor(logging.DEBUG)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.inner(scope, receive, send)
            return
        request = scope[SEEN] = Seen(scope)

        async def noting(message: Message) -> None:
            if "status" in message:
                request.status = message["status"]
            await send(message)

        token = current.set(request)
        self._in_flight += 1
        began = time.perf_counter()
        try:
            if self._tracing is None or scope["path"] in _UNTRACED:
                await self.inner(scope, receive, noting)
            else:
                with self._tracing.serving(request, scope):
                    await self.inner(scope, receive, noting)
        finally:
            seconds = time.perf_counter() - began
            self._in_flight -= 1
            status = request.status or _HUNG_UP
            self._observe((request.method, request.route or request.template, status), seconds)
            if self._says_all or status >= 500 or seconds >= _SLOW_SECONDS:
                log.info("answered", status=status, seconds=round(seconds, 4))
            current.reset(token)
            # Each has the other: left so, it would wait for the garbage collector, at a twentieth of its own price.
            del scope[SEEN]
