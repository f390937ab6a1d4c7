"""What needs me now."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from amends_workflow.console.rendering import page
from amends_workflow.console.routing import PageRoute
from amends_workflow.console.visitors import Here

routes = APIRouter(route_class=PageRoute)


@routes.get("/")
async def queue(request: Request, _: Here) -> Response:
    return page(request, "queue.html")
