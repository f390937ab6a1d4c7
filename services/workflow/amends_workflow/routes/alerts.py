"""Reminders, breaches and escalations as a list."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from amends_platform.contract.openapi import answers as problems
from amends_workflow import answers
from amends_workflow.alert_list import KEY, list_alerts
from amends_workflow.alert_shapes import AlertPage
from amends_workflow.answering import Of, asking
from amends_workflow.enquiries import Enquirer
from amends_workflow.pages import Pages
from amends_workflow.parameters import AlertListParameters

routes = APIRouter(prefix="/v1")


@routes.get(
    "/alerts",
    tags=["alerts"],
    summary="Reminders, breaches and escalations, the newest first, and who has acknowledged each",
    description="An alert is acknowledged at intake: `POST /v1/complaints/{case_id}/acknowledgements` with its"
    " `position`. GET /v1/stream tells of new ones as they come.",
    operation_id="alerts",
    openapi_extra=problems("bad-cursor", "not-yet-visible"),
    response_model=AlertPage,
)
async def alerts(
    request: Request,
    asked: Annotated[Enquirer, asking("read-alerts")],
    of: Of,
    parameters: Annotated[AlertListParameters, Query()],
) -> Response:
    pages = Pages(request, asked.scope)
    after = pages.after(parameters.cursor, KEY)
    await of.enquiries.wait(parameters)
    async with of.view_of(asked).reading() as conn:
        listed = await list_alerts(conn, asked.scope, parameters, after)
    return answers.json_response(answers.page(listed.rows, pages.next(listed.last)))
