"""How the desk stands: counted now, and again while one looks."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from pydantic import ValidationError
from starlette.responses import Response

from amends_platform.http.problems import Problem
from amends_workflow.board import board_of
from amends_workflow.console.rendering import page
from amends_workflow.console.routing import PageRoute
from amends_workflow.console.visitors import Of, Visitor, seeing
from amends_workflow.console.week import HOURS, week_of
from amends_workflow.parameters import BoardParameters

routes = APIRouter(route_class=PageRoute, include_in_schema=False)


@routes.get("/board")
async def board(request: Request, visitor: Annotated[Visitor, seeing("read-board")], console: Of) -> Response:
    wanted = _wanted(request.query_params.get("branch", "").strip())
    present = await console.publications.present()
    counted = await board_of(console.of, visitor.asked, wanted.branch)
    return page(
        request,
        "board.html",
        now=counted["at"],
        live_after=counted["position"],
        zone=present.zone,
        board=counted,
        week=week_of(counted["hours"], present.zone),
        hours=HOURS,
        branch=wanted.branch or "",
        shows_branch=visitor.asked.only_branch is None,
        link=_link,
    )


def _wanted(branch: str) -> BoardParameters:
    try:
        return BoardParameters(branch=branch or None)
    except ValidationError:
        raise Problem(422, "invalid-parameters", "No branch is called so.") from None


def _link(path: str, **query: str) -> str:
    """A path with those of the parameters that say something."""
    said = {name: value for name, value in query.items() if value}
    return f"{path}?{urlencode(said)}" if said else path
