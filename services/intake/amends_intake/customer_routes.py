"""What is asked of intake about a customer rather than a case: erasure, by two persons."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final, Literal, NamedTuple
from uuid import UUID

from fastapi import APIRouter, FastAPI
from fastapi import Request as HttpRequest
from pydantic import BaseModel, ValidationError
from starlette.responses import Response

from amends_intake.bodies.erasure import ErasureApprovalBody, ErasureBody, ErasureRejectionBody
from amends_intake.forgetting import Forgetting
from amends_intake.metrics import Metrics
from amends_intake.reception import Reception
from amends_intake.routes import IDEMPOTENCY_KEY, request_body
from amends_platform.contract.catalog import ERASURE
from amends_platform.contract.openapi import answers
from amends_platform.contract.problem_answers import header
from amends_platform.http.problems import invalid

_ErasureBody = ErasureBody | ErasureApprovalBody | ErasureRejectionBody


class ErasureEntry(BaseModel):
    """A case of the customer, and where in the log it says so."""

    id: UUID
    reference: str
    position: int


class ErasureAnswer(BaseModel):
    """`erased`: the customer's key `key_id` is destroyed, in every backup of the database too."""

    customer_ref: str
    status: Literal["requested", "erased", "rejected"]
    requested_by: str | None = None
    approved_by: str | None = None
    rejected_by: str | None = None
    key_id: UUID | None = None
    cases: list[ErasureEntry]


class _Route(NamedTuple):
    path: str
    body: type[_ErasureBody]
    status: int
    summary: str
    name: str


_ROUTES: Final = (
    _Route("erasure", ErasureBody, 202, "Ask to erase a customer's personal data", "request-erasure"),
    _Route("erasure/approval", ErasureApprovalBody, 200, "Approve what another person asked for", "approve-erasure"),
    _Route("erasure/rejection", ErasureRejectionBody, 200, "Reject an erasure, or take it back", "reject-erasure"),
)
CUSTOMER_BODIES: Final = tuple(route.body for route in _ROUTES)


def add_customer_routes(
    app: FastAPI,
    forgetting: Callable[[], Forgetting],
    reception: Callable[[], Reception],
    metrics: Metrics,
) -> None:
    """`forgetting` and `reception` exist once the app has started."""
    routes = APIRouter(tags=["customers"])
    for route in _ROUTES:
        # The organisation calls its customers as it likes, with a slash perhaps.
        success = {"model": ErasureAnswer, "description": "Durably recorded", "headers": header("Idempotent-Replayed")}
        routes.add_api_route(
            f"/v1/customers/{{ref:path}}/{route.path}",
            _endpoint(route, forgetting, reception, metrics),
            methods=["POST"],
            status_code=route.status,
            summary=route.summary,
            operation_id=route.name,
            responses={route.status: success},
            openapi_extra=answers(names=[ERASURE], requestBody=request_body(route.body), parameters=[IDEMPOTENCY_KEY]),
        )
    # As they are: to include the router would make each route anew at its first request.
    app.router.routes.extend(routes.routes)


def _endpoint(
    route: _Route, forgetting: Callable[[], Forgetting], reception: Callable[[], Reception], metrics: Metrics
) -> Callable[..., Awaitable[Response]]:
    async def endpoint(ref: str, http: HttpRequest) -> Response:
        request, content = await reception().admit(http)
        try:
            command = route.body.model_validate_json(content).command()
        except ValidationError as error:
            raise invalid(error, route.body) from None
        answered = await metrics.measured(command.NAME, forgetting().give(ref, command, request))
        headers = {"Idempotent-Replayed": "true"} if answered.is_repeat else {}
        return Response(answered.body, route.status, headers, "application/json")

    return endpoint
