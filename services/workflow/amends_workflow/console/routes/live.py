"""What makes pages ask again: the stream of what happens, for who is signed in."""

from __future__ import annotations

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Header, Query, Request
from starlette.responses import Response

from amends_workflow.console.headers import SECURITY
from amends_workflow.console.routing import PageRoute
from amends_workflow.console.visitors import NotSignedIn, Of, Visitor, seeing
from amends_workflow.live.opening import open_stream
from amends_workflow.parameters import FromPosition, StreamParameters

routes = APIRouter(route_class=PageRoute, include_in_schema=False)


@routes.get("/live")
async def live(
    request: Request,
    visitor: Annotated[Visitor, seeing("follow")],
    console: Of,
    parameters: Annotated[StreamParameters, Query()],
    last_event_id: Annotated[FromPosition | None, Header()] = None,
) -> Response:
    if request.headers.get("sec-fetch-site", "same-origin") != "same-origin":
        raise NotSignedIn
    still_admitted = partial(console.of.enquiries.still_admits, f"Bearer {visitor.token}", visitor.asked)
    response = open_stream(console.of, visitor.asked, parameters, last_event_id, still_admitted)
    response.headers.update(SECURITY)
    return response
