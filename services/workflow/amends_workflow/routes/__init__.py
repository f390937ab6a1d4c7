"""The questions that can be asked: one file a subject, one function a question.

May import everything of the workflow, but for `app`, which serves `questions`.
Start at `cases`; who asks is admitted by `answering.asking`, and `answering.Of` is what questions are answered from.
"""

from __future__ import annotations

from starlette.routing import BaseRoute

from amends_workflow.routes import alerts, audit, board, cases, customers, deadlines, evidence, live, reports


def questions() -> list[BaseRoute]:
    """All of the workflow's questions. The application's state has `answering` once it has started."""
    subjects = (cases, deadlines, alerts, board, customers, evidence, live, audit, reports)
    return [route for subject in subjects for route in subject.routes.routes]
