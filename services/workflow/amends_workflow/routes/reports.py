"""What managers ask for: the month-end pack, and the measures to date."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from amends_platform.contract.openapi import answers as problems
from amends_platform.contract.problem_answers import header
from amends_platform.guarding.pace import unhurried
from amends_platform.words import language_of
from amends_workflow import answers
from amends_workflow.answering import Of, asking
from amends_workflow.enquiries import Enquirer
from amends_workflow.parameters import ReportParameters
from amends_workflow.reports.asking import branch_of, month_of, response
from amends_workflow.reports.formats import written
from amends_workflow.reports.media import MEDIA_TYPES, Format, format_of
from amends_workflow.reports.shapes import MonthPage, ReportAnswer

routes = APIRouter(prefix="/v1")

_TEXT = {"schema": {"type": "string"}}
_FILE = {"schema": {"type": "string", "format": "binary"}}
_IN_EACH_FORMAT: dict[str, Any] = {
    "description": "The report",
    "headers": header("Content-Disposition") | header("Cache-Control"),
    "content": {
        media_type.partition(";")[0]: _TEXT if media_type.startswith("text/") else _FILE
        for format_, media_type in MEDIA_TYPES.items()
        if format_ is not Format.JSON
    },
}


@routes.get(
    "/reports",
    tags=["reports"],
    summary="The months of which there are reports",
    description="Every month since the log began, the latest first. The last one goes on: GET /v1/measures.",
    operation_id="report-months",
    response_model=MonthPage,
)
async def reported_months(_: Annotated[Enquirer, asking("read-reports")], of: Of) -> Response:
    months = list(reversed(await of.packs.months()))
    items = [{"month": str(month), "is_over": number > 0} for number, month in enumerate(months)]
    return answers.json_response(answers.page(items, None))


@routes.get(
    "/reports/{month}",
    tags=["reports"],
    summary="The month-end pack",
    description="Every measure of a month (such as 2026-10, in the time zone of the policy in force when it ended) for"
    " each branch and for all, from the log as it was when the month ended: so it is the same, byte for byte, whenever"
    " it is asked for. It says where the log was cut, by which policies, under which signed checkpoint, and whether its"
    " totals reconcile. docs/measures.md defines every measure. `format`, or Accept, asks for it as a page, a workbook,"
    " on paper, or as one long table; `language`, or Accept-Language, says in which language. A key of one branch sees"
    " that branch. Where no checkpoint covers the month yet, the answer waits for one.",
    operation_id="report",
    openapi_extra=problems(
        "branch-missing",
        "month-not-over",
        "no-pdf",
        "no-such-branch",
        "no-such-report",
        "not-yet-proven",
        "other-branch",
    ),
    dependencies=[Depends(unhurried)],
    response_model=ReportAnswer,
    responses={200: _IN_EACH_FORMAT},
)
async def report(
    request: Request,
    month: str,
    asked: Annotated[Enquirer, asking("read-reports")],
    of: Of,
    parameters: Annotated[ReportParameters, Query()],
) -> Response:
    branch = branch_of(asked, parameters.branch)
    format_ = format_of(parameters.format, request.headers.get("accept"))
    language = parameters.language or language_of(request.headers.get("accept-language"))
    made = await of.packs.of(month_of(month))
    return response(await written(made.seen_by(branch), format_, language))


@routes.get(
    "/measures",
    tags=["reports"],
    summary="The measures of the present month, to date",
    description="The same figures as a month-end pack's, up to now: `is_over` is false, and they change with what"
    " happens. They say up to which position of the log they go.",
    operation_id="measures",
    openapi_extra=problems("branch-missing", "no-pdf", "no-such-branch", "no-such-report", "other-branch"),
    dependencies=[Depends(unhurried)],
    response_model=ReportAnswer,
    responses={200: _IN_EACH_FORMAT},
)
async def measures(
    request: Request,
    asked: Annotated[Enquirer, asking("read-reports")],
    of: Of,
    parameters: Annotated[ReportParameters, Query()],
) -> Response:
    branch = branch_of(asked, parameters.branch)
    format_ = format_of(parameters.format, request.headers.get("accept"))
    language = parameters.language or language_of(request.headers.get("accept-language"))
    made = await of.measuring.to_date()
    return response(await written(made.seen_by(branch), format_, language))
