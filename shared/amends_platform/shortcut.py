"""A short way through the framework for the few requests that are nearly all requests.

FastAPI tries its routes one after the other, then enters exit stacks and resolves dependencies, though an endpoint
uses neither: together that takes as long as deciding and recording a complaint. The routes stay declared with the app;
its OpenAPI document comes from them, and so does the answer to whatever the short way does not know.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Match
from starlette.types import Receive, Scope, Send

Endpoint = Callable[[Request], Awaitable[Response]]


class Shortcut(BaseRoute):
    """A route for many paths, to stand before all others. `endpoint_of` tells the endpoint by method and path; None:
    another route's request. What an endpoint raises goes to the app's exception handlers, as from any route.
    """

    def __init__(self, endpoint_of: Callable[[str, str], Endpoint | None]) -> None:
        self._endpoint_of = endpoint_of

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        if scope["type"] != "http" or (endpoint := self._endpoint_of(scope["method"], scope["path"])) is None:
            return Match.NONE, {}
        return Match.FULL, {"endpoint": endpoint}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = await scope["endpoint"](Request(scope, receive))
        await response(scope, receive, send)
