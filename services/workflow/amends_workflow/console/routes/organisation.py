"""Signing in by the organisation's identity provider: there, and back."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from fastapi import APIRouter, Request
from starlette.responses import Response

from amends_platform.http.problems import Problem
from amends_platform.identity.sessions import LIFETIME, SIGN_IN_SECONDS_MAX, begin_person_session
from amends_workflow.console import cookies
from amends_workflow.console.forgery import refuse_other_sites
from amends_workflow.console.rendering import go_to, local_path
from amends_workflow.console.routes.sign_in import let_in
from amends_workflow.console.routing import PageRoute, problem_page
from amends_workflow.console.visitors import Console, Of

if TYPE_CHECKING:
    from amends_workflow.console.organisation import Organisation

routes = APIRouter(route_class=PageRoute, include_in_schema=False)


@routes.get("/sign-in/begin")
async def begin(request: Request, console: Of, next: str = "/") -> Response:  # noqa: A002
    # By a link, not a form: what a form leads to, and is sent on to, `form-action` would have to allow.
    organisation = _of(console)
    refuse_other_sites(request)
    path = local_path(next)
    # Who has signed in has nothing to do at these any more.
    sign_in, address = await organisation.begin("/" if path.startswith("/sign-") else path)
    response = go_to(address)
    cookies.keep_secret(request, response, cookies.SIGN_IN, sign_in.cookie, SIGN_IN_SECONDS_MAX)
    return response


@routes.get("/sign-in/callback")
async def come_back(request: Request, console: Of) -> Response:
    organisation = _of(console)
    # Whoever is sent here by another does not end what this browser had begun.
    sign_in = organisation.resume(request, cookies.secret(request, cookies.SIGN_IN))
    try:
        principal, seconds = await organisation.finish(request, sign_in)
        token = await begin_person_session(console.sessions, principal, seconds, sign_in.state)
        if token is None:
            raise Problem(400, "sign-in-not-begun", "This was used to sign in before. Sign in again.")
        seconds_max = min(int(seconds), int(LIFETIME.total_seconds()))
        response = await let_in(request, console, token, local_path(sign_in.next_path), seconds_max)
        # Sessions are as short as the provider's tokens, and the day at a desk is long.
        cookies.keep_organisation(request, response, time.time(), int(LIFETIME.total_seconds()))
    except Problem as problem:
        response = problem_page(request, problem)
    cookies.forget_secret(request, response, cookies.SIGN_IN)
    return response


def _of(console: Console) -> Organisation:
    if console.organisation is None:
        raise Problem(404, "not-found", "Nobody signs in here so.")
    return console.organisation
