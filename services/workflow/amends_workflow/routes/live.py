"""What happens, as it becomes visible."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request
from starlette.responses import Response

from amends_workflow.answering import Answering, Asked, Of
from amends_workflow.enquiries import Enquirer
from amends_workflow.live.happenings import Kind
from amends_workflow.live.stream import MEDIA_TYPE, Reader, StillAdmitted
from amends_workflow.parameters import FromPosition, StreamParameters

routes = APIRouter()

_STREAM: dict[str, Any] = {
    "description": "The stream, for as long as it is listened to",
    "headers": {
        "Cache-Control": {"schema": {"type": "string"}, "description": "no-store"},
        "X-Accel-Buffering": {"schema": {"type": "string"}, "description": "no"},
    },
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
    response_class=Response,
    responses={200: _STREAM},
)
async def stream(
    request: Request,
    asked: Asked,
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


def open_stream(
    of: Answering,
    asked: Enquirer,
    parameters: StreamParameters,
    last_event_id: int | None,
    still_admitted: StillAdmitted,
) -> Response:
    """The stream of one who was admitted, until `still_admitted` says no. Raises a 429 or 503 problem."""
    branches = frozenset(parameters.branch) or None
    if asked.branches is not None:
        branches = asked.branches if branches is None else branches & asked.branches
    reader = Reader(
        name=asked.person,
        tenant=asked.scope.tenant,
        branches=branches,
        kinds=frozenset(parameters.kinds or Kind),
        still_admitted=still_admitted,
    )
    return of.live.open(reader, parameters.after if last_event_id is None else last_event_id)
