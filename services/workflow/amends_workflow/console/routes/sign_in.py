"""Signing in and out, and how one likes to read."""

from __future__ import annotations

import secrets
from typing import Annotated

from fastapi import APIRouter, Request
from starlette.responses import Response

from amends_domain.access.purposes import PURPOSES
from amends_platform.http.problems import Problem
from amends_platform.identity.principals import KEY_PATTERN
from amends_platform.identity.sessions import LIFETIME, begin_session, end_session
from amends_platform.words import LANGUAGES, message
from amends_workflow.console import cookies
from amends_workflow.console.forgery import FIELD, check_form_token, form_token, refuse_other_sites
from amends_workflow.console.forms import Form, read_form
from amends_workflow.console.preferences import THEMES
from amends_workflow.console.rendering import go_to, local_path, page
from amends_workflow.console.routing import PageRoute
from amends_workflow.console.visitors import Console, Of, Visitor, posted, seeing

routes = APIRouter(route_class=PageRoute, include_in_schema=False)

_VISIT_SECONDS = 3_600
_SESSION_SECONDS = int(LIFETIME.total_seconds())


@routes.get("/sign-in")
async def sign_in_form(request: Request, console: Of, next: str = "/") -> Response:  # noqa: A002
    return _form(request, console, next, None, 200)


@routes.post("/sign-in")
async def sign_in(request: Request, console: Of) -> Response:
    refuse_other_sites(request)
    form = await read_form(request)
    next_path = local_path(form.get("next"))
    visit = cookies.secret(request, cookies.VISIT)
    try:
        # Without a cookie there is nothing that the form could belong to.
        check_form_token(visit or secrets.token_urlsafe(32), form.get(FIELD))
    except Problem:
        return _form(request, console, next_path, _TOO_LONG, 403)
    key = form.get("key").strip()
    if KEY_PATTERN.fullmatch(key) is None:
        return _form(request, console, next_path, _NO_KEY, 422)
    try:
        await console.of.enquiries.admit_by(request, f"Bearer {key}", "sign-in")
    except Problem as problem:
        return _form(request, console, next_path, _refusal(problem), problem.status)
    token = await begin_session(console.sessions, key)
    if token is None:
        return _form(request, console, next_path, _UNKNOWN, 401)
    response = await let_in(request, console, token, next_path, _SESSION_SECONDS)
    cookies.forget_secret(request, response, cookies.VISIT)
    cookies.forget_secret(request, response, cookies.ORGANISATION)
    return response


async def let_in(request: Request, console: Console, token: str, next_path: str, seconds: int) -> Response:
    """Send the browser on, signed in by a session that has just begun; the one that it had before is over."""
    before = cookies.secret(request, cookies.SESSION)
    if before is not None:
        # The browser forgets it here: nobody could sign out of it any more.
        await _end(console, before)
    response = go_to(next_path)
    cookies.keep_secret(request, response, cookies.SESSION, token, seconds)
    # What somebody else read for at this browser is not theirs.
    response.delete_cookie(cookies.PURPOSE, path="/")
    return response


@routes.post("/sign-out")
async def sign_out(request: Request, visitor: Annotated[Visitor, seeing("sign-in")], console: Of) -> Response:
    await posted(request, visitor)
    await _end(console, visitor.token)
    response = go_to("/sign-in")
    cookies.forget_secret(request, response, cookies.SESSION)
    cookies.forget_secret(request, response, cookies.ORGANISATION)
    return response


@routes.post("/preferences")
async def prefer(request: Request) -> Response:
    # Nothing is written and nobody need be signed in: where it comes from is enough.
    refuse_other_sites(request)
    form = await read_form(request)
    response = go_to(local_path(form.get("next")))
    _keep(request, response, form)
    return response


async def _end(console: Console, token: str) -> None:
    await end_session(console.sessions, token)
    console.authenticator.forget(token)


def _keep(request: Request, response: Response, form: Form) -> None:
    for cookie, choices in (
        (cookies.LANGUAGE, LANGUAGES),
        (cookies.THEME, THEMES),
        (cookies.SHORTCUTS, ("on", "off")),
    ):
        chosen = form.get(cookie.removeprefix("amends_"))
        if chosen in choices:
            cookies.keep_choice(request, response, cookie, chosen)
    purpose = form.get("purpose")
    if purpose in PURPOSES:
        cookies.keep_choice(request, response, cookies.PURPOSE, purpose, None)


_TOO_LONG = message("The page was open too long, or cookies are refused. Send it again.")
_NO_KEY = message("That is no API key: one begins with amends_ and has 43 characters more.")
_UNKNOWN = message("This API key is unknown, revoked or expired.")


def _refusal(problem: Problem) -> str:
    match problem.code:
        case "unauthenticated":
            return _UNKNOWN
        case "other-tenant":
            return message("This API key belongs to another tenant than this service.")
        case "role-not-allowed":
            return message("This API key is for configuration: whoever has its role may not read cases.")
        case _:
            return problem.detail


def _form(request: Request, console: Console, next_path: str, error: str | None, status: int) -> Response:
    visit = cookies.secret(request, cookies.VISIT) or secrets.token_urlsafe(32)
    response = page(
        request,
        "sign_in.html",
        status=status,
        form_token=form_token(visit),
        next_path=local_path(next_path),
        error=error,
        by_organisation=console.organisation is not None,
    )
    cookies.keep_secret(request, response, cookies.VISIT, visit, _VISIT_SECONDS)
    return response
