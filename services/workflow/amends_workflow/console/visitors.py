"""Who looks at a page, and what they may."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import httpx
from fastapi import Depends, Request

from amends_domain.authority import MAY
from amends_platform.principals import Authenticator
from amends_platform.problems import Problem
from amends_workflow.answering import Answering
from amends_workflow.console import cookies
from amends_workflow.console.forgery import FIELD, check_form_token, form_token, refuse_other_sites
from amends_workflow.console.forms import Form, read_form
from amends_workflow.console.present import Publications
from amends_workflow.enquiries import Enquirer
from amends_workflow.sealer import Sealer


class NotSignedIn(Exception):
    """Nobody is signed in here, or no longer."""


@dataclass(frozen=True, slots=True)
class Console:
    """What pages are made from: what answers questions, and intake, which takes commands (None: nobody said where)."""

    of: Answering
    publications: Publications
    authenticator: Authenticator
    sealer: Sealer
    intake: httpx.AsyncClient | None


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody who is signed in."""

    asked: Enquirer
    token: str
    """Of their session: what intake takes as it takes a key."""

    @property
    def form_token(self) -> str:
        return form_token(self.token)

    def may(self, command: str) -> bool:
        """Whether their role may give the command at all."""
        return self.asked.role in MAY[command]


# Not plain functions: FastAPI would send those through a thread pool.
async def _console(request: Request) -> Console:
    console: Console = request.app.state.console
    return console


Of = Annotated[Console, Depends(_console)]


async def visitor_of(request: Request, console: Console) -> Visitor:
    """Who is signed in. Raises NotSignedIn, Problem: 403 or 429."""
    token = cookies.secret(request, cookies.SESSION)
    if token is None:
        raise NotSignedIn
    try:
        asked = await console.of.enquiries.admit_by(request, f"Bearer {token}")
    except Problem as problem:
        if problem.status == 401:
            raise NotSignedIn from problem
        raise
    return Visitor(asked, token)


async def _visitor(request: Request, console: Of) -> Visitor:
    visitor = await visitor_of(request, console)
    request.state.visitor = visitor
    return visitor


Here = Annotated[Visitor, Depends(_visitor)]


async def _posted(request: Request, visitor: Here) -> Form:
    refuse_other_sites(request)
    form = await read_form(request)
    check_form_token(visitor.token, form.get(FIELD))
    return form


Posted = Annotated[Form, Depends(_posted)]
