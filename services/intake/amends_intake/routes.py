"""The requests that intake takes, as a table: path, body, what it does. One endpoint serves each in the same way."""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, NamedTuple
from uuid import UUID

from fastapi import APIRouter, FastAPI
from fastapi import Request as HttpRequest
from pydantic import ValidationError
from starlette.responses import Response

from amends_domain.commands import Receive
from amends_intake import bodies
from amends_intake.answers import Answered, CommandAnswer
from amends_intake.desk import Desk, Request
from amends_intake.metrics import Metrics
from amends_platform.ids import uuid7
from amends_platform.problems import Problem, invalid
from amends_platform.shortcut import Endpoint, EndpointOf
from amends_platform.web import Authenticates, RateLimit, principal_by

_COMPLAINTS = "/v1/complaints"
_KEY = re.compile(r"[\x21-\x7e]{1,255}")
_VERSION = re.compile(r'"(\d{1,9})"')
_TRACE = re.compile(r"00-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")


class Route(NamedTuple):
    """`path` follows `/v1/complaints/{id}/`; the body knows its command."""

    path: str
    body: type[bodies.Body]
    summary: str


ROUTES: tuple[Route, ...] = (
    Route("apology", bodies.ApologyBody, "Apologise to the customer"),
    Route("investigation", bodies.InvestigationBody, "Record what the investigation found"),
    Route("proposals", bodies.ProposalBody, "Propose a resolution"),
    Route("proposals/approval", bodies.ApprovalBody, "Approve the proposal on the table"),
    Route("proposals/rejection", bodies.RejectionBody, "Reject the proposal on the table"),
    Route("confirmation", bodies.ConfirmationBody, "The customer accepts the proposal"),
    Route("decline", bodies.DeclineBody, "The customer declines the proposal"),
    Route("follow-up", bodies.FollowUpBody, "Check that it was carried out and the customer is content"),
    Route("review", bodies.ReviewBody, "What could have been done or said better"),
    Route("withdrawal", bodies.WithdrawalBody, "The customer withdraws the complaint"),
    Route("reopening", bodies.ReopeningBody, "Reopen a closed case: a new cycle with fresh clocks"),
    Route("contacts", bodies.ContactBody, "Record a contact with the customer"),
    Route("callback", bodies.CallbackBody, "Agree on the time of the callback, or move it"),
    Route("assignment", bodies.AssignmentBody, "Give the case to another owner"),
    Route("actions", bodies.ActionBody, "Record an action that a clock may wait for"),
)


class Reception:
    """Turns an HTTP request into a command's request: who, with which key, for which version."""

    def __init__(self, authenticator: Authenticates, rate_limit: RateLimit, tenant: str) -> None:
        self._authenticator = authenticator
        self._rate_limit = rate_limit
        self._tenant = tenant

    async def admit(self, http: HttpRequest) -> tuple[Request, bytes]:
        """The request and its body. Raises Problem: 401, 403, 415, 428, 429 or 400."""
        # Six look-ups in Starlette's headers, or an URL just for its path, cost more than all the rest here.
        headers: dict[bytes, bytes] = dict(http.scope["headers"])
        principal = await principal_by(_text(headers.get(b"authorization")), self._authenticator)
        self._rate_limit.spend(principal.id, time.monotonic())
        if principal.tenant != self._tenant:
            raise Problem(403, "other-tenant", "Your key belongs to another tenant than this service.")
        media_type = headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
        if media_type != b"application/json":
            raise Problem(415, "unsupported-media-type", "Send the body as application/json.")
        key = _text(headers.get(b"idempotency-key"))
        if key is None:
            raise Problem(
                428,
                "idempotency-key-missing",
                "Every POST needs an Idempotency-Key: repeat it with the same request, and it is carried out once.",
            )
        if _KEY.fullmatch(key) is None:
            raise Problem(400, "malformed-header", "An Idempotency-Key has 1 to 255 printable ASCII characters.")
        body = await http.body()
        request_hash = hashlib.sha256(b"\n".join((http.scope["path"].encode(), body))).digest()
        correlation_id = _correlation_id(_text(headers.get(b"traceparent")))
        if_version = _if_version(_text(headers.get(b"if-match")))
        return Request(principal, key, request_hash, if_version, correlation_id), body


def add_routes(
    app: FastAPI,
    desk: Callable[[], Desk],
    reception: Callable[[], Reception],
    metrics: Metrics,
    refusals: dict[int | str, Any],
) -> EndpointOf:
    """All of intake's writing routes, and what finds their endpoints without trying one route after the other.

    `desk` and `reception` exist once the app has started.
    """
    routes = APIRouter(prefix=_COMPLAINTS, tags=["complaints"])
    endpoints: dict[str, Callable[[str, HttpRequest], Awaitable[Response]]] = {}

    async def receive(http: HttpRequest) -> Response:
        request, body = await reception().admit(http)
        command = _parsed(bodies.ComplaintBody, body).command()
        assert isinstance(command, Receive)
        answered = await metrics.measured(command.NAME, desk().receive(command, request))
        return _response(answered, 201, Location=f"/v1/complaints/{answered.case_id}")

    routes.add_api_route(
        "",
        receive,
        methods=["POST"],
        status_code=201,
        summary="Record a complaint",
        operation_id="receive",
        responses={201: _success("The complaint is durably recorded"), **refusals},
        openapi_extra=_request_of(bodies.ComplaintBody),
    )
    for route in ROUTES:
        endpoints[route.path] = _endpoint(route.body, desk, reception, metrics)
        routes.add_api_route(
            f"/{{id}}/{route.path}",
            endpoints[route.path],
            methods=["POST"],
            summary=route.summary,
            operation_id=route.path.replace("/", "-"),
            responses={200: _success("The case after the command, durably recorded"), **refusals},
            openapi_extra=_request_of(route.body),
        )
    app.include_router(routes)

    def endpoint_of(method: str, path: str) -> Endpoint | None:
        if method != "POST":
            return None
        if path == _COMPLAINTS:
            return receive
        if not path.startswith(f"{_COMPLAINTS}/"):
            return None
        name, _, what = path[len(_COMPLAINTS) + 1 :].partition("/")
        endpoint = endpoints.get(what) if name else None
        return None if endpoint is None else partial(endpoint, name)

    return endpoint_of


def _endpoint(
    body_type: type[bodies.Body], desk: Callable[[], Desk], reception: Callable[[], Reception], metrics: Metrics
) -> Callable[[str, HttpRequest], Awaitable[Response]]:
    async def endpoint(id: str, http: HttpRequest) -> Response:  # noqa: A002  # the contract's name of the parameter
        request, body = await reception().admit(http)
        command = _parsed(body_type, body).command()
        return _response(await metrics.measured(command.NAME, desk().command(id, command, request)), 200)

    return endpoint


def _parsed(body_type: type[bodies.Body], body: bytes) -> bodies.Body:
    try:
        return body_type.model_validate_json(body)
    except ValidationError as error:
        raise invalid(error) from None


def _response(answered: Answered, status: int, **headers: str) -> Response:
    headers["ETag"] = f'"{answered.version}"'
    if answered.is_repeat:
        headers["Idempotent-Replayed"] = "true"
    return Response(answered.body, status, headers, "application/json")


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode("latin-1")


def _if_version(if_match: str | None) -> int | None:
    if if_match is None or if_match.strip() == "*":
        return None
    version = _VERSION.fullmatch(if_match.strip())
    if version is None:
        raise Problem(400, "malformed-header", 'If-Match is a version in quotes, such as "3", as ETag gave it.')
    return int(version[1])


def _correlation_id(traceparent: str | None) -> UUID:
    """The caller's trace, so that one trace leads from the call to the alert; a new one when there is none."""
    trace = _TRACE.fullmatch(traceparent) if traceparent is not None else None
    return UUID(hex=trace[1]) if trace is not None and int(trace[1], 16) else uuid7()


def _success(description: str) -> dict[str, Any]:
    return {
        "model": CommandAnswer,
        "description": description,
        "headers": {
            "ETag": {"schema": {"type": "string"}, "description": "the version of the case, in quotes"},
            "Idempotent-Replayed": {
                "schema": {"type": "string"},
                "description": "true when this is a first answer again",
            },
        },
    }


def _request_of(body: type[bodies.Body]) -> dict[str, Any]:
    reference = {"$ref": f"#/components/schemas/{body.__name__}"}
    return {
        "requestBody": {"required": True, "content": {"application/json": {"schema": reference}}},
        "parameters": [
            {
                "name": "Idempotency-Key",
                "in": "header",
                "required": True,
                "schema": {"type": "string", "pattern": "^[!-~]{1,255}$"},
                "description": "the same key with the same request has one effect and the same answer",
            },
            {
                "name": "If-Match",
                "in": "header",
                "required": False,
                "schema": {"type": "string"},
                "description": "the version, as ETag gave it, that the command was decided for",
            },
        ],
    }
