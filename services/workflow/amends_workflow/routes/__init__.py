"""The questions that can be asked: one file a subject, one function a question.

May import everything of the workflow, but for `app`, which includes `router`.
Start at `cases`; who asks is admitted by `answering.asking`, and `answering.Of` is what questions are answered from.
"""

from __future__ import annotations

from fastapi import APIRouter

from amends_workflow.routes import alerts, audit, board, cases, customers, deadlines, evidence, live, reports


def router() -> APIRouter:
    """All of the workflow's questions. The application's state has `answering` once it has started."""
    routes = APIRouter(prefix="/v1")
    for subject in (cases, deadlines, alerts, board, customers, evidence, live, audit, reports):
        routes.include_router(subject.routes)
    return routes
