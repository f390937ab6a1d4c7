"""What both HTTP services share: errors as problems, body limits, health, metrics, who is asking."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

import structlog
from fastapi import FastAPI, Request
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from amends_platform import problems
from amends_platform.principals import Principal, Unauthenticated
from amends_platform.problems import Problem, problem_response

BODY_BYTES_MAX = 1024 * 1024
# What a client should wait when the store is out of reach: about as long as a restart takes.
RETRY_AFTER_SECONDS = 2
_READINESS_SECONDS_MAX = 2.0

log = structlog.get_logger()


class BodyLimit:
    """Refuses a body over the limit with 413, by its announced length or, failing that, while it arrives."""

    def __init__(self, app: ASGIApp, bytes_max: int = BODY_BYTES_MAX) -> None:
        self._app = app
        self._bytes_max = bytes_max

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        for name, value in scope["headers"]:
            if name == b"content-length" and value.isdigit() and int(value) > self._bytes_max:
                await self._refuse(scope, receive, send)
                return
        arrived = 0

        async def counted() -> Message:
            nonlocal arrived
            message = await receive()
            if message["type"] == "http.request":
                arrived += len(message.get("body", b""))
                if arrived > self._bytes_max:
                    raise _too_large(self._bytes_max)
            return message

        await self._app(scope, counted, send)

    async def _refuse(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = problem_response(_too_large(self._bytes_max), scope["path"])
        response.headers["connection"] = "close"
        await response(scope, receive, send)


def _too_large(bytes_max: int) -> Problem:
    return Problem(413, "body-too-large", f"A body may have {bytes_max} bytes at most.")


class Authenticates(Protocol):
    """Who can tell a principal by an Authorization header."""

    async def authenticate(self, authorization: str | None) -> Principal: ...


async def principal_of(request: Request, authenticator: Authenticates) -> Principal:
    """Who is asking. Raises a 401 problem."""
    try:
        return await authenticator.authenticate(request.headers.get("authorization"))
    except Unauthenticated as error:
        raise Problem(401, "unauthenticated", str(error), headers={"WWW-Authenticate": "Bearer"}) from error


def store_unavailable() -> Problem:
    """The answer while the database cannot be reached."""
    return Problem(
        503,
        "store-unavailable",
        "The store cannot be reached just now; nothing was recorded. Send the same request again.",
        headers={"Retry-After": str(RETRY_AFTER_SECONDS)},
    )


def add_operations(app: FastAPI, ready: Callable[[], Awaitable[Any]], metrics: CollectorRegistry) -> None:
    """`/livez` (the process answers), `/readyz` (`ready` returns in time) and `/metrics` (Prometheus text)."""
    app.add_middleware(BodyLimit)
    problems.install(app)

    @app.get("/livez", tags=["operations"], summary="The process answers")
    async def livez() -> dict[str, str]:
        return {"status": "alive"}

    @app.get("/readyz", tags=["operations"], summary="The service can do its work")
    async def readyz() -> Response:
        try:
            async with asyncio.timeout(_READINESS_SECONDS_MAX):
                await ready()
        except Exception as error:
            log.warning("not ready", reason=type(error).__name__)
            raise Problem(
                503,
                "not-ready",
                "A service this one needs does not answer.",
                headers={"Retry-After": str(RETRY_AFTER_SECONDS)},
            ) from error
        return JSONResponse({"status": "ready"})

    @app.get("/metrics", tags=["operations"], summary="Prometheus metrics", response_class=Response)
    async def prometheus() -> Response:
        return Response(generate_latest(metrics), media_type=CONTENT_TYPE_LATEST)
