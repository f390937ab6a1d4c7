"""The requests that intake takes, as a table: path, body, what it does. One endpoint serves each in the same way."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from typing import Annotated, Any, Final, NamedTuple, TypeVar, get_type_hints

from fastapi import APIRouter, FastAPI, Path
from fastapi import Request as HttpRequest
from pydantic import BaseModel, ValidationError
from starlette.responses import Response

from amends_domain.commands import OpenIncident, Receive
from amends_intake.answers import Answered, CommandAnswer
from amends_intake.bodies import ComplaintBody, contacts, erasure, knowledge, life, links, ownership
from amends_intake.bodies.base import Body, NumberedBody, PairBody
from amends_intake.clerk import Request
from amends_intake.desk import Desk
from amends_intake.metrics import Metrics
from amends_intake.reception import Reception
from amends_platform.contract.catalog import ON_A_CASE
from amends_platform.contract.openapi import answers
from amends_platform.contract.problem_answers import header
from amends_platform.http.problems import invalid
from amends_platform.http.shortcut import Endpoint, EndpointOf, Known, Ready

_COMPLAINTS: Final = "/v1/complaints"
_INCIDENTS: Final = "/v1/incidents"
_JSON: Final = (b"content-type", b"application/json")
_REPLAYED: Final = (b"idempotent-replayed", b"true")
_NUMBER: Final = re.compile(r"(?<=/)[1-9]\d{0,8}(?=/)")
_NUMBERED: Final = "{number}"

B = TypeVar("B", bound=Body)


class Route(NamedTuple):
    """`path` follows `/v1/complaints/{id}/`; the body knows its command."""

    path: str
    body: type[Body]
    summary: str


ROUTES: tuple[Route, ...] = (
    Route("apology", life.ApologyBody, "Apologise to the customer"),
    Route("investigation", life.InvestigationBody, "Record what the investigation found"),
    Route("proposals", life.ProposalBody, "Propose a resolution"),
    Route("proposals/approval", life.ApprovalBody, "Approve the proposal on the table"),
    Route("proposals/rejection", life.RejectionBody, "Reject the proposal on the table"),
    Route("confirmation", life.ConfirmationBody, "The customer accepts the proposal"),
    Route("decline", life.DeclineBody, "The customer declines the proposal"),
    Route("on-the-spot", life.OnTheSpotBody, "Apology, finding, proposal and agreement in one conversation"),
    Route("follow-up", life.FollowUpBody, "Check that it was carried out and the customer is content"),
    Route("review", life.ReviewBody, "What could have been done or said better"),
    Route("withdrawal", life.WithdrawalBody, "The customer withdraws the complaint"),
    Route(
        "unsatisfied-closure", life.UnsatisfiedClosureBody, "Ask, or agree, to close without satisfying the customer"
    ),
    Route("reopening", life.ReopeningBody, "Reopen a closed case: a new cycle with fresh clocks"),
    Route("closure", life.ClosureBody, "Close an incident"),
    Route("contacts", contacts.ContactBody, "Record a contact with the customer"),
    Route("callback", contacts.CallbackBody, "Agree on the time of the callback, or move it"),
    Route("promises", contacts.PromiseBody, "Record what the customer was promised, and by when"),
    Route(f"promises/{_NUMBERED}/kept", contacts.PromiseKeptBody, "A promise was kept"),
    Route("assignment", ownership.AssignmentBody, "Give the case to another owner"),
    Route("handoffs", ownership.HandOffBody, "Offer the case to a person or a department"),
    Route("handoffs/acceptance", ownership.AcceptanceBody, "Accept the case that was offered: own it from now on"),
    Route("handoffs/refusal", ownership.RefusalBody, "Refuse the case that was offered, or take the offer back"),
    Route("escalation", ownership.EscalationBody, "Tell the next role of the ladder, or the one named"),
    Route("classification", knowledge.ClassificationBody, "Say what kind, type, cause or grade the case is"),
    Route("flags", knowledge.FlagsBody, "Add and remove flags"),
    Route("actions", knowledge.ActionBody, "Record an action that a clock may wait for"),
    Route("corrections", knowledge.CorrectionBody, "Say what is right where an entry is wrong"),
    Route("notes", knowledge.NoteBody, "Add a note"),
    Route("acknowledgements", knowledge.AcknowledgementBody, "Say that a reminder, breach or escalation was seen"),
    Route("extensions", knowledge.ExtensionBody, "Approve the next longer term of a running clock"),
    Route("retiming", knowledge.RetimingBody, "Let a running clock be judged by the policy in force now"),
    Route("legal-hold", erasure.HoldBody, "Forbid to erase the customer's personal data"),
    Route("legal-hold/release", erasure.ReleaseHoldBody, "Lift the legal hold"),
    Route("links", links.LinkBody, "Link the case to another one, or to an incident"),
    Route("merge", links.MergeBody, "Let the case go on as an older one of the same customer"),
)


def add_routes(
    app: FastAPI,
    desk: Callable[[], Desk],
    reception: Callable[[], Reception],
    metrics: Metrics,
) -> EndpointOf:
    """All of intake's writing routes, and what finds their endpoints without trying one route after the other.

    `desk` and `reception` exist once the app has started.
    """
    serving = _Serving(desk, reception, metrics)
    routes = APIRouter(tags=["complaints"])
    beginning: dict[str, Endpoint] = {_COMPLAINTS: serving.receive, _INCIDENTS: serving.open_incident}
    for path, name, summary, body in (
        (_COMPLAINTS, "receive", "Record a complaint", ComplaintBody),
        (_INCIDENTS, "open-incident", "Open a mass incident, perhaps before its first complaint", links.IncidentBody),
    ):
        routes.add_api_route(
            path,
            beginning[path],
            methods=["POST"],
            status_code=201,
            summary=summary,
            operation_id=name,
            responses={201: _success("Durably recorded", creates=True)},
            openapi_extra=_request_of(body),
        )
    endpoints: dict[str, Callable[..., Awaitable[Response]]] = {}
    for route in ROUTES:
        endpoints[route.path] = serving.endpoint(route.body)
        routes.add_api_route(
            f"{_COMPLAINTS}/{{id}}/{route.path}",
            endpoints[route.path],
            methods=["POST"],
            summary=route.summary,
            operation_id=operation_id(route),
            responses={200: _success("The case after the command, durably recorded")},
            openapi_extra=_request_of(route.body, ON_A_CASE),
        )
    # As they are: to include the router would make each route anew at its first request.
    app.router.routes.extend(routes.routes)
    templates = {path: f"{_COMPLAINTS}/{{id}}/{path}" for path in endpoints}

    def endpoint_of(method: str, path: str) -> Known | None:
        if method != "POST":
            return None
        if path in beginning:
            return Known(beginning[path], path)
        if not path.startswith(f"{_COMPLAINTS}/"):
            return None
        name, _, what = path[len(_COMPLAINTS) + 1 :].partition("/")
        if not name:
            return None
        endpoint = endpoints.get(what)
        if endpoint is not None:
            return Known(partial(endpoint, name), templates[what])
        number = _NUMBER.search(what)
        if number is None:
            return None
        what = _NUMBER.sub(_NUMBERED, what, count=1)
        endpoint = endpoints.get(what)
        return None if endpoint is None else Known(partial(endpoint, name, number=int(number[0])), templates[what])

    return endpoint_of


class _Serving:
    """From the HTTP request to the desk, and back."""

    def __init__(self, desk: Callable[[], Desk], reception: Callable[[], Reception], metrics: Metrics) -> None:
        self._desk = desk
        self._reception = reception
        self._metrics = metrics

    async def receive(self, http: HttpRequest) -> Response:
        body, request = await self._read(ComplaintBody, http)
        command = body.command()
        return _created(await self._metrics.measured(Receive.NAME, self._desk().receive(command, request)))

    async def open_incident(self, http: HttpRequest) -> Response:
        body, request = await self._read(links.IncidentBody, http)
        command = body.command()
        return _created(await self._metrics.measured(OpenIncident.NAME, self._desk().open_incident(command, request)))

    def endpoint(self, body_type: type[Body]) -> Callable[..., Awaitable[Response]]:
        """What serves the commands of this body."""
        if issubclass(body_type, PairBody):
            return self._of_pair(body_type)
        if issubclass(body_type, NumberedBody):
            return self._of_number(body_type)

        async def endpoint(id: str, http: HttpRequest) -> Response:  # noqa: A002  # the contract's name of the parameter
            body, request = await self._read(body_type, http)
            command = body.command()
            return _response(
                await self._metrics.measured(command.NAME, self._desk().command(id, command, request)), 200
            )

        return endpoint

    def _of_number(self, body_type: type[NumberedBody]) -> Callable[..., Awaitable[Response]]:
        async def endpoint(
            id: str,  # noqa: A002
            http: HttpRequest,
            number: Annotated[int, Path(ge=1, description="as the answer that made it gave it")],
        ) -> Response:
            body, request = await self._read(body_type, http)
            command = body.command_of(number)
            return _response(
                await self._metrics.measured(command.NAME, self._desk().command(id, command, request)), 200
            )

        return endpoint

    def _of_pair(self, body_type: type[PairBody]) -> Callable[..., Awaitable[Response]]:
        async def endpoint(id: str, http: HttpRequest) -> Response:  # noqa: A002
            body, request = await self._read(body_type, http)
            doing = self._desk().command_with(id, body.other, body.command_with, request)
            return _response(await self._metrics.measured(body_type.NAME, doing), 200)

        return endpoint

    async def _read(self, body_type: type[B], http: HttpRequest) -> tuple[B, Request]:
        request, content = await self._reception().admit(http)
        try:
            body = body_type.model_validate_json(content)
        except ValidationError as error:
            raise invalid(error, body_type) from None
        return body, request if body.occurred_at is None else replace(request, occurred_at=body.occurred_at)


def _created(answered: Answered) -> Response:
    return _response(answered, 201, (b"location", f"{_COMPLAINTS}/{answered.case_id}".encode()))


def _response(answered: Answered, status: int, *headers: tuple[bytes, bytes]) -> Response:
    etag = b"etag", b'"%d"' % answered.version
    again = (_REPLAYED,) if answered.is_repeat else ()
    return Ready(answered.body, status, [*headers, etag, *again, _JSON])


def _success(description: str, *, creates: bool = False) -> dict[str, Any]:
    headers = header("ETag") | header("Idempotent-Replayed")
    if creates:
        headers |= header("Location")
    return {"model": CommandAnswer, "description": description, "headers": headers}


def request_body(body: type[BaseModel]) -> dict[str, Any]:
    """As OpenAPI describes it; the schema itself is published with the others."""
    reference = {"$ref": f"#/components/schemas/{body.__name__}"}
    return {"required": True, "content": {"application/json": {"schema": reference}}}


IDEMPOTENCY_KEY: Final[dict[str, Any]] = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": True,
    "schema": {"type": "string", "pattern": "^[!-~]{1,255}$"},
    "description": "Made by the caller for each new request, such as a UUID. The same key with the same request has one"
    " effect and the same answer, however often it is sent within 90 days, or within what whoever runs this has set.",
    "example": "5f0c9a31-6d6f-4c1e-9b7e-3a1f0d5c8e21",
}
_IF_MATCH: Final[dict[str, Any]] = {
    "name": "If-Match",
    "in": "header",
    "required": False,
    "schema": {"type": "string", "pattern": r'^(\*|"[0-9]{1,9}")$'},
    "description": "The version, as ETag gave it, that was looked at: nothing is done where the case moved on since.",
}


def _request_of(body: type[Body], *names: str) -> dict[str, Any]:
    parameters = [IDEMPOTENCY_KEY, _IF_MATCH]
    return answers(names=[command_of(body), *names], requestBody=request_body(body), parameters=parameters)


def operation_id(route: Route) -> str:
    """What the OpenAPI document calls it."""
    return route.path.replace("/", "-").replace(f"-{_NUMBERED}", "")


def command_of(body: type[Body]) -> str:
    """The name of the command that this body asks for."""
    if issubclass(body, PairBody):
        return body.NAME
    asks = body.command_of if issubclass(body, NumberedBody) else body.command
    name: str = get_type_hints(asks)["return"].NAME
    return name
