"""A short way past the framework for the few requests that are nearly all requests.

FastAPI passes a request through a dozen layers, tries its routes one after the other and resolves dependencies, none
of which these need: together that takes as long as deciding and recording a complaint. Their routes stay declared
with the app; its OpenAPI document comes from them, and so does the answer to whatever the short way does not know.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

from fastapi import FastAPI
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from amends_platform.guarding.cycle import WHOLE_ANSWER
from amends_platform.guarding.headers import COMMAND, COMMAND_OVER_HTTPS
from amends_platform.http.web import too_large
from amends_platform.telemetry.current import seen

Endpoint = Callable[[Request], Awaitable[Response]]


class Known(NamedTuple):
    """What serves a request the short way; `template` is its route's."""

    endpoint: Endpoint
    template: str


EndpointOf = Callable[[str, str], Known | None]


def add_shortcut(app: FastAPI, endpoint_of: EndpointOf, *, body_bytes_max: int) -> None:
    """Let `app` serve the requests of which `endpoint_of(method, path)` knows the endpoint the short way.

    What an endpoint raises is answered by the app's exception handlers, as from any route; one for Exception is
    among them.
    """
    build_long_way = app.build_middleware_stack

    def build() -> ASGIApp:
        return _EitherWay(build_long_way(), endpoint_of, app.exception_handlers, body_bytes_max)

    app.build_middleware_stack = build  # type: ignore[method-assign]  # where Starlette lets one in


class Ready(Response):
    """A response whose headers are bytes already, in small letters: it is made in a quarter of the time."""

    def __init__(self, body: bytes, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        # Not Starlette's: it encodes each, and looks for those that it adds itself.
        self.body, self.status_code, self.background = body, status, None
        self.raw_headers = [(b"content-length", b"%d" % len(body)), *headers]


class _Request(Request):
    """Its body is read in one go, most come in one piece, and never beyond the limit."""

    def __init__(self, scope: Scope, receive: Receive, body_bytes_max: int) -> None:
        super().__init__(scope, receive)
        self._body_bytes_max = body_bytes_max

    async def body(self) -> bytes:
        """For once: it is not kept. Raises a 413 problem, ClientDisconnect."""
        message = await self._next()
        body = message.get("body", b"")
        if not message.get("more_body", False):
            self._check(body)
            return body  # type: ignore[no-any-return]
        whole = bytearray(body)
        while message.get("more_body", False):
            self._check(whole)
            message = await self._next()
            whole += message.get("body", b"")
        self._check(whole)
        return bytes(whole)

    async def _next(self) -> Message:
        message = await self.receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        return message

    def _check(self, body: bytes | bytearray) -> None:
        if len(body) > self._body_bytes_max:
            raise too_large(self._body_bytes_max)


class _EitherWay:
    """Calls the endpoint that is known and answers for it; whatever is not known goes the long way."""

    def __init__(
        self, long_way: ASGIApp, endpoint_of: EndpointOf, handlers: dict[Any, Any], body_bytes_max: int
    ) -> None:
        self._long_way = long_way
        self._endpoint_of = endpoint_of
        self._handlers = handlers
        self._body_bytes_max = body_bytes_max

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        known = self._endpoint_of(scope["method"], scope["path"]) if scope["type"] == "http" else None
        if known is None:
            await self._long_way(scope, receive, send)
            return
        request = seen(scope)
        if request is not None:
            request.route = known.template
        security = COMMAND_OVER_HTTPS if scope["scheme"] == "https" else COMMAND
        asked = _Request(scope, receive, self._body_bytes_max)
        try:
            response = await known.endpoint(asked)
        except ClientDisconnect:
            return
        except Exception as error:
            foreseen = next(kind for kind in type(error).__mro__ if kind in self._handlers)
            response = await self._handlers[foreseen](asked, error)
            response.raw_headers += security
            await response(scope, receive, send)
            if foreseen is Exception:
                # Nobody foresaw it: the server logs it.
                raise
            return
        headers = [*response.raw_headers, *security]
        if WHOLE_ANSWER in scope.get("extensions", ()):
            await send(
                {"type": WHOLE_ANSWER, "status": response.status_code, "headers": headers, "body": response.body}
            )
        else:
            response.raw_headers = headers
            await response(scope, receive, send)
