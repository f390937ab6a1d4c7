"""Who looks at a page, and what they may."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import asyncpg
import httpx
from fastapi import Depends, Request

from amends_domain.access.grants import highest
from amends_domain.access.judging import may
from amends_domain.access.purposes import PURPOSES, USUAL
from amends_domain.access.table import TABLE
from amends_domain.case import ORDINARY
from amends_platform.http.problems import Problem
from amends_platform.identity.authenticating import Authenticator
from amends_workflow.answering import Answering
from amends_workflow.console import cookies
from amends_workflow.console.forgery import FIELD, check_form_token, form_token, refuse_other_sites
from amends_workflow.console.forms import Form, read_form
from amends_workflow.console.preferences import purpose_of
from amends_workflow.console.present import Publications
from amends_workflow.enquiries import Enquirer
from amends_workflow.sealer import Sealer

if TYPE_CHECKING:
    from amends_workflow.console.organisation import Organisation


class NotSignedIn(Exception):
    """Nobody is signed in here, or no longer."""


@dataclass(frozen=True, slots=True)
class Console:
    """What pages are made from: what answers questions, and intake, which takes commands (None: nobody said where)."""

    of: Answering
    publications: Publications
    authenticator: Authenticator
    sessions: asyncpg.Pool
    """Writes who is signed in."""
    sealer: Sealer
    intake: httpx.AsyncClient | None
    organisation: Organisation | None = None
    """Who signs people in by the identity provider; None: nobody does."""


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody who is signed in."""

    asked: Enquirer
    token: str
    """Of their session: what intake takes as it takes a key."""

    @property
    def form_token(self) -> str:
        return form_token(self.token)

    @property
    def role(self) -> str:
        """The highest that they have."""
        return highest(self.asked.grants).role

    @property
    def branches(self) -> tuple[str, ...]:
        """Those that they have roles in; none where one is for the whole tenant."""
        named = {grant.branch for grant in self.asked.grants}
        return () if None in named else tuple(sorted(filter(None, named)))

    @property
    def purposes(self) -> tuple[str, ...]:
        """What they can say that they read names and words for; none where their role goes without saying."""
        roles = {grant.role for grant in may(self.asked.grants, "read-personal-data").permitting}
        if roles & USUAL.keys():
            return ()
        return tuple(name for name, purpose in PURPOSES.items() if roles & purpose.roles)

    def may(self, action: str, branch: str | None = None, grade: str = ORDINARY) -> bool:
        """Whether they may do it to what is of this branch and grade; None: to anything at all."""
        return may(self.asked.grants, action, branch, grade).is_permitted


# Not plain functions: FastAPI would send those through a thread pool.
async def _console(request: Request) -> Console:
    console: Console = request.app.state.console
    return console


Of = Annotated[Console, Depends(_console)]


async def visitor_of(request: Request, console: Console, action: str) -> Visitor:
    """Who is signed in, for what the table calls so. Raises NotSignedIn, Problem: 403 or 429."""
    token = cookies.secret(request, cookies.SESSION)
    if token is None:
        raise NotSignedIn
    try:
        asked = await console.of.enquiries.admit_by(request, f"Bearer {token}", action, purpose_of(request))
    except Problem as problem:
        if problem.status == 401:
            raise NotSignedIn from problem
        raise
    return Visitor(asked, token)


def seeing(action: str) -> Any:
    """Who looks at what the table calls so: the dependency of a page."""
    assert action in TABLE, action

    async def visiting(request: Request, console: Of) -> Visitor:
        visitor = await visitor_of(request, console, action)
        request.state.visitor = visitor
        return visitor

    # By which a test finds each route's row.
    visiting.action = action  # type: ignore[attr-defined]
    return Depends(visiting)


async def posted(request: Request, visitor: Visitor) -> Form:
    """The form that was sent, by a page that we showed to just this visitor. Raises a 403 problem."""
    refuse_other_sites(request)
    form = await read_form(request)
    check_form_token(visitor.token, form.get(FIELD))
    return form
