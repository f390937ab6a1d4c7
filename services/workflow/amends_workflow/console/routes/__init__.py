"""The pages: one file a subject, one function a page.

May import everything of the console, and what the workflow's API is made from.
Start at `queue`; `pages` gathers them, and none of them is in the OpenAPI document.
"""

from __future__ import annotations

from starlette.routing import BaseRoute

from amends_workflow.console.routes import (
    alerts,
    audit,
    board,
    cases,
    complaints,
    live,
    organisation,
    queue,
    reports,
    sign_in,
    static,
)


def pages() -> list[BaseRoute]:
    """All of the console's pages. The application's state has `console` once it has started."""
    subjects = (sign_in, organisation, static, live, queue, board, alerts, complaints, cases, reports, audit)
    return [route for subject in subjects for route in subject.routes.routes]
