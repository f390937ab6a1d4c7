"""Reminders, breaches and escalations as they come, and saying that one has seen them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Request
from starlette.responses import Response

from amends_platform.http.problems import Problem
from amends_store.read import head_position
from amends_workflow.alert_list import KEY, list_alerts
from amends_workflow.console.acting.sending import Done, Refused, send
from amends_workflow.console.alert_entries import SINCE, alert_entries, alert_filters, wanted_alerts
from amends_workflow.console.cases.doing import said_of
from amends_workflow.console.choices import branches, codes
from amends_workflow.console.rendering import go_to, here, page, words_for
from amends_workflow.console.routing import PageRoute
from amends_workflow.console.visitors import Console, Of, Visitor, posted, seeing
from amends_workflow.pages import Pages
from amends_workflow.parameters import AlertKind

routes = APIRouter(route_class=PageRoute, include_in_schema=False)

_POSITION_DIGITS_MAX = 18


@routes.get("/alerts")
async def alerts(request: Request, visitor: Annotated[Visitor, seeing("read-alerts")], console: Of) -> Response:
    return await _page(request, visitor, console)


@routes.post("/alerts")
async def acknowledge(request: Request, visitor: Annotated[Visitor, seeing("read-alerts")], console: Of) -> Response:
    """Say that one has seen an alert. The address of the list stays what it was."""
    form = await posted(request, visitor)
    position = form.get("position")
    if not position.isdecimal() or len(position) > _POSITION_DIGITS_MAX:
        raise Problem(422, "invalid-parameters", "No alert is called so.")
    found = await console.of.enquiries.case(visitor.asked, form.get("case"))
    came: Done | Refused = Refused(503, "intake-away", "", {})
    if console.intake is not None:
        path = f"/v1/complaints/{found.id}/acknowledgements"
        # Pressed twice, it is one request, whatever page it is pressed on.
        key = f"console-seen-{position}"
        came = await send(console.intake, visitor.token, path, {"position": int(position)}, key=key, version=None)
    if isinstance(came, Refused):
        return await _page(request, visitor, console, said_of(came, words_for(request)), status=came.status)
    # Who is sent back sees what they did.
    await console.of.enquiries.wait_for(await head_position(console.of.tenant))
    return go_to(here(request) + "#list")


@routes.get("/alerts/{position}")
async def announcement(
    request: Request, position: int, visitor: Annotated[Visitor, seeing("read-alerts")], console: Of
) -> Response:
    """One alert in a sentence, as a part of a page: to be announced on any of them."""
    present = await console.publications.present()
    async with console.of.view_of(visitor.asked).reading() as conn:
        rows = await conn.fetch("SELECT * FROM alerts WHERE position = $1", max(0, min(position, 2**63 - 1)))
        rows = [row for row in rows if visitor.asked.sees_branch(row["tenant"], row["branch"])]
        if not rows:
            raise Problem(404, "not-found", "There is no such alert.")
        entries = await alert_entries(conn, rows, words_for(request), present.zone)
    return page(request, "announcement.html", entry=entries[0])


async def _page(
    request: Request, visitor: Visitor, console: Console, refusal: str = "", *, status: int = 200
) -> Response:
    of, asked = console.of, visitor.asked
    present = await console.publications.present()
    filters = alert_filters(request.query_params)
    wanted = wanted_alerts(filters, present.now, present.zone)
    pages = Pages(request, asked.scope)
    async with of.view_of(asked).reading() as conn:
        listed = await list_alerts(conn, asked.scope, wanted, pages.after(filters.cursor, KEY))
        entries = await alert_entries(conn, listed.rows, words_for(request), present.zone)
    clocks = codes("clock", None) if present.policy is None else tuple(each.name for each in present.policy.clocks)
    return page(
        request,
        "alerts.html",
        status=status,
        now=present.now,
        live_after=present.position,
        zone=present.zone,
        filters=filters,
        entries=entries,
        next_path=pages.next(listed.last),
        choices={"kind": tuple(AlertKind), "branch": branches(present.policy), "clock": clocks, "since": SINCE},
        refusal=refusal,
        shows_branch=asked.only_branch is None,
        may_acknowledge=visitor.may("acknowledge") and console.intake is not None,
    )
