"""A new complaint, as it is told."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from starlette.responses import Response

from amends_platform.http.problems import Problem
from amends_workflow.console.acting.complaint_form import COMPLAINT
from amends_workflow.console.acting.filling import field_at, fill
from amends_workflow.console.acting.sending import Done, Refused, send
from amends_workflow.console.cases.doing import OpenForm, fresh_form, key_of, questions, said_of
from amends_workflow.console.cases.offering import Offering
from amends_workflow.console.forgery import FIELD, check_form_token, refuse_other_sites
from amends_workflow.console.forms import read_form
from amends_workflow.console.rendering import go_to, page, words_for
from amends_workflow.console.routing import PageRoute
from amends_workflow.console.visitors import Of, Visitor, seeing

routes = APIRouter(route_class=PageRoute, include_in_schema=False)

_PATH = "/complaints/new"


@routes.get(_PATH)
async def new(request: Request, visitor: Annotated[Visitor, seeing("receive")], console: Of) -> Response:
    present = await console.publications.present()
    offering = Offering(words_for(request), present.policy, present.zone, None)
    branch = visitor.asked.only_branch
    given = {} if branch is None else {"branch": branch}
    form = fresh_form(COMPLAINT, _PATH, offering, None, given)
    return page(request, "complaint.html", form=form, refusal="", is_writable=console.intake is not None)


@routes.post(_PATH)
async def receive(request: Request, visitor: Annotated[Visitor, seeing("receive")], console: Of) -> Response:
    refuse_other_sites(request)
    form = await read_form(request)
    present, words = await console.publications.present(), words_for(request)
    filled = fill(COMPLAINT, form, present.zone, words)
    key = key_of(form)
    came: Done | Refused | None = None
    try:
        check_form_token(visitor.token, form.get(FIELD))
        if console.intake is None:
            came = Refused(503, "intake-away", "", {})
        elif not filled.errors:
            came = await send(console.intake, visitor.token, "/v1/complaints", filled.body, key=key, version=None)
    except Problem as problem:
        came = Refused(problem.status, problem.code, problem.detail, {})
    if isinstance(came, Done):
        return go_to(f"/cases/{came.reference}?{urlencode({'done': 'receive'})}")
    pointers = {} if came is None else came.pointers
    errors = dict(filled.errors)
    for pointer, detail in pointers.items():
        name = field_at(COMPLAINT, pointer)
        if name is not None:
            errors[name] = detail
    offering = Offering(words, present.policy, present.zone, None)
    opened = OpenForm(COMPLAINT, _PATH, questions(COMPLAINT, offering, form, errors), key, None, came)
    return page(
        request,
        "complaint.html",
        status=422 if came is None else came.status,
        form=opened,
        refusal="" if came is None else said_of(came, words),
        is_writable=console.intake is not None,
    )
