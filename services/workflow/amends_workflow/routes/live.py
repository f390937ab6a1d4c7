"""What happens, as it becomes visible."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request
from starlette.responses import Response

from amends_platform.contract.openapi import answers as problems
from amends_platform.contract.problem_answers import header
from amends_workflow.answering import Of, asking
from amends_workflow.enquiries import Enquirer
from amends_workflow.live.opening import open_stream
from amends_workflow.live.stream import MEDIA_TYPE
from amends_workflow.parameters import FromPosition, StreamParameters

routes = APIRouter(prefix="/v1")

_STREAM: dict[str, Any] = {
    "description": "The stream, for as long as it is listened to",
    "headers": header("Cache-Control"),
    # As OpenAPI 3.1 has no word for what follows one another in a body, this is one of them.
    "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Happening"}}},
}


@routes.get(
    "/stream",
    tags=["live"],
    summary="What happens, as it becomes visible",
    description="Server-sent events. Each has the position in the log as its `id`, `case`, `reminder`, `breach` or"
    " `escalation` as its `event`, and JSON without personal data as its `data`. Whoever asks for the case after it"
    " sees it changed. It begins now, or goes on after `after` or `Last-Event-ID` without loss or repetition; where"
    " that is too far back, an event `reset` says from which position it goes on, and that what is shown must be"
    " fetched anew. In silence a comment comes every 15 seconds, with the `id` to go on from. Who does not keep up is"
    " cut off, and goes on where they were.",
    operation_id="stream",
    openapi_extra=problems("no-more-readers", "too-many-streams"),
    response_class=Response,
    responses={200: _STREAM},
)
async def stream(
    request: Request,
    asked: Annotated[Enquirer, asking("follow")],
    of: Of,
    parameters: Annotated[StreamParameters, Query()],
    last_event_id: Annotated[FromPosition | None, Header()] = None,
) -> Response:
    return open_stream(
        of,
        asked,
        parameters,
        last_event_id,
        partial(of.enquiries.still_admits, request.headers.get("authorization"), asked),
    )
