"""How the desk stands now."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from amends_platform.contract.openapi import answers as problems
from amends_workflow import answers
from amends_workflow.answering import Of, asking
from amends_workflow.board import board_of
from amends_workflow.board_shapes import BoardAnswer
from amends_workflow.enquiries import Enquirer
from amends_workflow.parameters import BoardParameters

routes = APIRouter(prefix="/v1")


@routes.get(
    "/board",
    tags=["board"],
    summary="How the desk stands now",
    description="Open cases by state and age, the deadlines of the coming seven days hour by hour and what is overdue,"
    " the alerts of today and those that nobody has acknowledged, open mass incidents, and each branch: all of one"
    " moment. Days and hours are those of the policy's time zone.",
    operation_id="board",
    openapi_extra=problems("not-yet-visible"),
    response_model=BoardAnswer,
)
async def board(
    asked: Annotated[Enquirer, asking("read-board")], of: Of, parameters: Annotated[BoardParameters, Query()]
) -> Response:
    await of.enquiries.wait(parameters)
    return answers.json_response(await board_of(of, asked, parameters.branch))
