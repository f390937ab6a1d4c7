"""What needs me now: the queue, the next deadline first."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Request
from starlette.responses import Response

from amends_domain.case import Status
from amends_domain.policy import Policy
from amends_domain.reference import BadReference, position_of, reference_of
from amends_platform.ids import case_id_of_external_ref
from amends_workflow.answering import Answering
from amends_workflow.case_list import KEY, list_cases
from amends_workflow.console.choices import branches, codes
from amends_workflow.console.queue_filters import EVERY_STATE, ORDERS, WITHIN, Filters, filters_of, wanted_of
from amends_workflow.console.rendering import go_to, page
from amends_workflow.console.routing import PageRoute
from amends_workflow.console.visitors import Of, Visitor, seeing
from amends_workflow.enquiries import Enquirer
from amends_workflow.pages import Pages

routes = APIRouter(route_class=PageRoute, include_in_schema=False)


@routes.get("/")
async def queue(request: Request, visitor: Annotated[Visitor, seeing("read-queue")], console: Of) -> Response:
    of, asked = console.of, visitor.asked
    filters = filters_of(request.query_params)
    # Rows that are asked for again are the rows: nobody is led elsewhere by what they searched before.
    if filters.cursor is None and "hx-request" not in request.headers:
        reference = await _exactly(of, asked, filters.get("q"))
        if reference is not None:
            return go_to(f"/cases/{reference}")
    present = await console.publications.present()
    wanted = wanted_of(filters, asked.person, present.now)
    pages = Pages(request, asked.scope)
    async with of.view_of(asked).reading() as conn:
        listed = await list_cases(conn, asked.scope, wanted, pages.after(filters.cursor, KEY))
    return page(
        request,
        "queue.html",
        now=present.now,
        zone=present.zone,
        live_after=present.position,
        filters=filters,
        cases=listed.rows,
        next_path=pages.next(listed.last),
        choices=_choices(filters, present.policy),
        shows_branch=asked.only_branch is None,
    )


def _choices(filters: Filters, policy: Policy | None) -> dict[str, tuple[str, ...]]:
    """What each select offers; what is chosen is always among it."""
    offered = {
        "state": ("open", *Status, "closed", EVERY_STATE),
        "branch": branches(policy),
        "grade": codes("grade", None),
        "kind": codes("kind", None),
        "type": codes("type", policy),
        "flag": codes("flag", policy),
        "within": tuple(WITHIN),
        "sort": ORDERS,
    }
    return {key: tuple(dict.fromkeys((*known, *filter(None, [filters.get(key)])))) for key, known in offered.items()}


async def _exactly(of: Answering, asked: Enquirer, text: str) -> str | None:
    """The reference of the one case that is called just so, by its reference or by another system."""
    if not text:
        return None
    try:
        position_of(text)
        case_id = await of.cases.id_of(text)
    except BadReference:
        case_id = case_id_of_external_ref(asked.tenant, text)
    case = None if case_id is None else await of.cases.load(case_id)
    return reference_of(case.first_position) if case is not None and asked.sees(case) else None
