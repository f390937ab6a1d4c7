"""What both HTTP services share: errors as problems, body limits, health, metrics, who is asking."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
import structlog
from fastapi import FastAPI, Request
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from amends_platform.contract.openapi import OPERATIONS, answers
from amends_platform.guarding.headers import SecurityHeaders
from amends_platform.http import problems
from amends_platform.http.details import RETRY_AFTER_SECONDS
from amends_platform.http.health import NotAlive, NotReady
from amends_platform.http.problems import Problem, instance_of, problem_response
from amends_platform.policy.book import AlteredPolicy
from amends_platform.reasons import reason
from amends_platform.telemetry.process import readiness_metric
from amends_store.errors import AppendRefused, OutcomeUnknown, StoreUnavailable

_READINESS_SECONDS_MAX = 2.0

# What asyncpg and the store raise while PostgreSQL is down, starting, or too slow to answer.
STORE_AWAY: tuple[type[Exception], ...] = (
    StoreUnavailable,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
    OSError,
)

log = structlog.get_logger()


class BodyLimit:
    """Refuses a body over the limit with 413, by its announced length or, failing that, while it arrives.

    FastAPI has a limit of its own, but answers an announced length with plain text instead of a problem.
    """

    def __init__(self, app: ASGIApp, bytes_max: int) -> None:
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
                    raise too_large(self._bytes_max)
            return message

        await self._app(scope, counted, send)

    async def _refuse(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = problem_response(too_large(self._bytes_max), instance_of(scope))
        await response(scope, receive, send)


def too_large(bytes_max: int) -> Problem:
    return Problem(
        413, "body-too-large", f"A body may have {bytes_max} bytes at most.", headers={"Connection": "close"}
    )


def outcome_unknown() -> Problem:
    """The answer when the database was lost between the commit and its answer, and did not come back in time."""
    return Problem(
        503,
        "outcome-unknown",
        "The store was lost before it said whether this was recorded. Send the same request again with the same"
        " Idempotency-Key: it is carried out once.",
        headers={"Retry-After": str(RETRY_AFTER_SECONDS)},
    )


def store_unavailable() -> Problem:
    """The answer while the database cannot be reached."""
    return Problem(
        503,
        "store-unavailable",
        "The store cannot be reached just now; nothing was recorded. Send the same request again.",
        headers={"Retry-After": str(RETRY_AFTER_SECONDS)},
    )


async def _on_append_refused(request: Request, error: Exception) -> Response:
    # What is said of bad data repeats the data.
    log.warning("the store refused a command", reason=reason(error.__cause__ or error))
    problem = Problem(422, "refused-by-the-store", "The store cannot hold this data; nothing was recorded.")
    return problem_response(problem, instance_of(request.scope))


async def _on_store_away(request: Request, error: Exception) -> Response:
    log.warning("store unavailable", reason=reason(error))
    problem = outcome_unknown() if isinstance(error, OutcomeUnknown) else store_unavailable()
    return problem_response(problem, instance_of(request.scope))


async def _on_altered_policy(request: Request, error: Exception) -> Response:
    log.error("a policy was altered", reason=reason(error))
    return problem_response(Problem(503, "policy-altered", str(error)), instance_of(request.scope))


def add_operations(
    app: FastAPI,
    *,
    alive: Callable[[], None] = lambda: None,
    ready: Callable[[], Awaitable[Any]],
    metrics: CollectorRegistry,
    body_bytes_max: int,
) -> None:
    """`/livez` (`alive` raises no NotAlive), `/readyz` (`ready` returns in time), `/metrics` (Prometheus text); and
    every error a problem, a store out of reach included.
    """
    app.add_middleware(BodyLimit, bytes_max=body_bytes_max)
    app.add_middleware(SecurityHeaders)
    app.state.metrics = metrics
    problems.install(app)
    app.add_exception_handler(AppendRefused, _on_append_refused)
    app.add_exception_handler(AlteredPolicy, _on_altered_policy)
    for error in STORE_AWAY:
        app.add_exception_handler(error, _on_store_away)

    said_ready = readiness_metric(metrics)

    @app.get("/docs", include_in_schema=False)
    async def docs() -> Response:
        return RedirectResponse(str(app.openapi_url))

    @app.get(
        "/livez",
        tags=[OPERATIONS],
        summary="Nothing that the service needs of itself has ended",
        operation_id="livez",
        openapi_extra=answers("not-alive"),
    )
    async def livez() -> dict[str, str]:
        try:
            alive()
        except NotAlive as error:
            log.error("not alive", reason=str(error))
            raise Problem(503, "not-alive", str(error)) from error
        return {"status": "alive"}

    @app.get(
        "/readyz",
        tags=[OPERATIONS],
        summary="The service can do its work",
        operation_id="readyz",
        response_model=dict[str, str],
        openapi_extra=answers("not-ready"),
    )
    async def readyz() -> Response:
        if getattr(app.state, "is_stopping", False):
            raise Problem(503, "not-ready", "The service was told to stop.")
        try:
            async with asyncio.timeout(_READINESS_SECONDS_MAX):
                await ready()
        except Exception as error:
            log.warning("not ready", reason=reason(error))
            detail = str(error) if isinstance(error, NotReady) else "A service this one needs does not answer."
            headers = {"Retry-After": str(RETRY_AFTER_SECONDS)}
            said_ready.set(0)
            raise Problem(503, "not-ready", detail, headers=headers) from error
        said_ready.set(1)
        return JSONResponse({"status": "ready"})

    @app.get(
        "/metrics",
        tags=[OPERATIONS],
        summary="Prometheus metrics",
        operation_id="metrics",
        response_class=PlainTextResponse,
    )
    async def prometheus() -> Response:
        return Response(generate_latest(metrics), media_type=CONTENT_TYPE_LATEST)
