"""The files that pages load."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from amends_workflow.console.assets import asset_response
from amends_workflow.console.routing import PageRoute

routes = APIRouter(route_class=PageRoute, include_in_schema=False)


@routes.get("/static/{content_hash}/{name:path}")
async def static(content_hash: str, name: str) -> Response:
    return asset_response(content_hash, name)
