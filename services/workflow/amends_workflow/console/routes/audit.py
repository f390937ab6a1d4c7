"""What auditors come for: what is signed, how to check it, what to take away, and who tried what they may not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, NamedTuple
from urllib.parse import quote

from fastapi import APIRouter, Request
from pydantic import ValidationError
from starlette.responses import Response

from amends_platform.evidence.tree_head import SignedSoFar, latest_checkpoint
from amends_platform.http.problems import Problem
from amends_workflow.audit_trails import KEY, ListedEntries
from amends_workflow.console.rendering import go_to, page
from amends_workflow.console.routing import PageRoute
from amends_workflow.console.visitors import Console, Of, Visitor, seeing
from amends_workflow.pages import Pages
from amends_workflow.parameters import ReadingParameters, RefusalParameters
from amends_workflow.readings import list_readings
from amends_workflow.refusals import list_refusals

routes = APIRouter(route_class=PageRoute, include_in_schema=False)

_REFUSALS = 25
_READINGS = 25
_FILTERS = ("case", "customer", "person")


class Sealing(NamedTuple):
    """How the signing of the log stands. `waiting`: events that no checkpoint covers yet."""

    state: Literal["signed", "waiting", "no key", "stopped"]
    waiting: int


@routes.get("/audit")
async def audit(request: Request, visitor: Annotated[Visitor, seeing("read-proofs")], console: Of) -> Response:
    present = await console.publications.present()
    checkpoint = await latest_checkpoint(console.of.tenant)
    pages = Pages(request, visitor.asked.scope_of("read-refusals"))
    cursor = request.query_params.get("cursor")
    refused = await _refused(console, visitor, pages, cursor)
    filters = {name: request.query_params.get(name, "").strip() for name in _FILTERS}
    read = await _read(console, visitor, filters)
    return page(
        request,
        "audit.html",
        now=present.now,
        zone=present.zone,
        checkpoint=checkpoint,
        verifier=console.of.verifier,
        sealing=_sealing(console, await console.sealer.signed_so_far()),
        refused=None if refused is None else refused.rows,
        next_path=None if refused is None else pages.next(refused.last),
        is_first_page=cursor is None,
        read=None if read is None else read.rows,
        read_filters=filters,
        is_more_read=read is not None and read.last is not None,
    )


@routes.get("/audit/evidence")
async def evidence(request: Request, _: Annotated[Visitor, seeing("take-evidence")]) -> Response:
    """From the form that names a case to where its evidence is."""
    name = request.query_params.get("case", "").strip()
    words = "?personal=true" if request.query_params.get("personal") else ""
    return go_to(f"/cases/{quote(name, safe='')}/evidence{words}" if name else "/audit")


async def _refused(console: Console, visitor: Visitor, pages: Pages, cursor: str | None) -> ListedEntries | None:
    """Who tried what; None for those who may not read it."""
    if not visitor.may("read-refusals"):
        return None
    wanted = RefusalParameters(limit=_REFUSALS)
    async with console.of.view_of(visitor.asked, "read-refusals").reading() as conn:
        return await list_refusals(
            conn, visitor.asked.scope_of("read-refusals"), wanted, None, pages.after(cursor, KEY)
        )


async def _read(console: Console, visitor: Visitor, filters: Mapping[str, str]) -> ListedEntries | None:
    """Who read whose personal data, the latest; None for those who may not read that. Raises a 422 problem."""
    if not visitor.may("read-readings"):
        return None
    try:
        asked = {name: text for name, text in filters.items() if text}
        wanted = ReadingParameters.model_validate({"limit": _READINGS, **asked})
    except ValidationError:
        raise Problem(422, "invalid-parameters", "Nothing is called so.") from None
    case_id = None if wanted.case is None else await console.of.cases.id_of(wanted.case)
    if wanted.case is not None and case_id is None:
        return ListedEntries([], None)
    async with console.of.view_of(visitor.asked, "read-readings").reading() as conn:
        return await list_readings(conn, visitor.asked.scope_of("read-readings"), wanted, case_id, None)


def _sealing(console: Console, so_far: SignedSoFar) -> Sealing:
    waiting = so_far.events - so_far.signed_events
    if console.sealer.is_stopped:
        return Sealing("stopped", waiting)
    if console.of.signer is None:
        return Sealing("no key", waiting)
    return Sealing("waiting" if waiting else "signed", waiting)
