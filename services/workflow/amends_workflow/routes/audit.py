"""What auditors ask for."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from amends_platform.problems import Problem
from amends_workflow import answers, shapes
from amends_workflow.answering import Asked, Of
from amends_workflow.pages import Pages
from amends_workflow.parameters import (
    RefusalParameters,
)
from amends_workflow.refusals import list_refusals

routes = APIRouter()


@routes.get(
    "/audit/refusals",
    tags=["audit"],
    summary="Commands refused on grounds of authority or recusal",
    description="For auditors, department heads and executives: who tried what on which case, and why not.",
    operation_id="refusals",
    response_model=shapes.RefusalPage,
)
async def refused(
    request: Request, asked: Asked, of: Of, parameters: Annotated[RefusalParameters, Query()]
) -> Response:
    if not asked.may_read_refusals:
        raise Problem(403, "role-not-allowed", f"The role {asked.role} may not read refusals.")
    pages = Pages(request, asked.scope)
    after = pages.after(parameters.cursor)
    await of.enquiries.wait(parameters)
    case_id = None if parameters.case is None else await of.enquiries.case_id(parameters.case)
    listed = await list_refusals(of.pool, asked.scope, parameters, case_id, after)
    return answers.json_response(answers.page(listed.rows, pages.next(listed.last)))
