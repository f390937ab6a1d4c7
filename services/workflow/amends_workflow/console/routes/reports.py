"""What a manager opens on the first of the month: the months, and the figures of one."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Annotated, Final, NamedTuple
from urllib.parse import quote
from xml.etree.ElementTree import Element, tostring

from fastapi import APIRouter, Depends, Request
from markupsafe import Markup
from starlette.responses import Response

from amends_domain.case import ALL_BRANCHES
from amends_domain.measures.pack import Pack
from amends_platform.guarding.pace import unhurried
from amends_platform.http.problems import Problem
from amends_platform.words import message, words
from amends_workflow.console.preferences import preferences
from amends_workflow.console.rendering import go_to, page
from amends_workflow.console.routing import PageRoute
from amends_workflow.console.visitors import Console, Of, Visitor, seeing
from amends_workflow.reports.asking import branch_of, month_of, response
from amends_workflow.reports.composing import composed
from amends_workflow.reports.document import Document
from amends_workflow.reports.formats import written
from amends_workflow.reports.html_form import add_section, add_summary
from amends_workflow.reports.media import Format
from amends_workflow.reports.packs import Made
from amends_workflow.reports.wording import Said

routes = APIRouter(route_class=PageRoute, include_in_schema=False)

TO_DATE: Final = "to-date"


class ListedMonth(NamedTuple):
    """A month, and under which name its report is found here."""

    month: str
    path: str
    is_over: bool


class Offered(NamedTuple):
    """A format that can be downloaded."""

    name: str
    label: str


_FORMATS: Final = (
    Offered(Format.HTML, message("Web page")),
    Offered(Format.PDF, message("PDF")),
    Offered(Format.XLSX, message("Excel")),
    Offered(Format.CSV, message("CSV")),
    Offered(Format.JSON, message("JSON")),
)


@routes.get("/reports", dependencies=[Depends(unhurried)])
async def reports(request: Request, _: Annotated[Visitor, seeing("read-reports")], console: Of) -> Response:
    months = list(reversed(await console.of.packs.months()))
    listed = [
        ListedMonth(str(month), str(month) if number else TO_DATE, is_over=number > 0)
        for number, month in enumerate(months)
    ]
    return page(request, "reports.html", months=listed, formats=_FORMATS)


@routes.get("/reports/{month}", dependencies=[Depends(unhurried)])
async def report(
    request: Request, month: str, visitor: Annotated[Visitor, seeing("read-reports")], console: Of
) -> Response:
    months = await console.of.packs.months()
    if months and month == str(months[-1]):
        # It is not over: what there is of it is shown to date.
        return go_to(f"/reports/{TO_DATE}" + (f"?{request.query_params}" if request.query_params else ""))
    branch = _branch(visitor, request.query_params.get("branch"))
    made = await _made(console, month)
    document, body = await asyncio.to_thread(_composed, made.seen_by(branch), preferences(request).language)
    names = [one.branch for one in made.pack.branches if one.branch not in (None, ALL_BRANCHES)]
    return page(
        request,
        "report.html",
        document=document,
        body=body,
        formats=_FORMATS,
        path_of=month,
        branch=branch,
        query="" if branch is None else f"&branch={quote(branch)}",
        branches=_offered(visitor, names),
        offers_all=visitor.asked.scope.branches is None,
    )


@routes.get("/reports/{month}/file", dependencies=[Depends(unhurried)])
async def file(
    request: Request, month: str, visitor: Annotated[Visitor, seeing("read-reports")], console: Of
) -> Response:
    wanted = request.query_params.get("format", Format.HTML)
    if wanted not in list(Format):
        raise Problem(422, "invalid-parameters", f"format: must be one of {', '.join(Format)}.")
    branch = _branch(visitor, request.query_params.get("branch"))
    made = await _made(console, month)
    told = await written(made.seen_by(branch), Format(wanted), preferences(request).language)
    return response(told, to_keep=True)


def _branch(visitor: Visitor, wanted: str | None) -> str | None:
    """Whose figures: who sees several branches, and none by name, is shown the first. Raises a 403 problem."""
    own = visitor.asked.scope.branches
    return branch_of(visitor.asked, wanted or (own[0] if own else None))


def _offered(visitor: Visitor, names: Sequence[str | None]) -> Sequence[str | None]:
    own = visitor.asked.scope.branches
    if own is None:
        return names
    return own if len(own) > 1 else ()


async def _made(console: Console, month: str) -> Made:
    if month == TO_DATE:
        return await console.of.measuring.to_date()
    return await console.of.packs.of(month_of(month))


def _composed(pack: Pack, language: str) -> tuple[Document, Markup]:
    """The report in words, and its figures as they stand on the printed page."""
    document = composed(pack, language)
    said = Said(words(language), document.zone)
    whole = Element("div")
    add_summary(whole, document)
    for section in document.sections:
        add_section(whole, section, said, cases_at="/cases")
    # Each serialised from a tree: what people wrote is text in it.
    return document, Markup("".join(tostring(each, encoding="unicode", method="html") for each in whole))  # noqa: S704
