"""Deadlines: of one case, with the reasons, and over all cases."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from amends_domain.policy import Policy
from amends_platform.contract.openapi import answers as problems
from amends_platform.http.problems import Problem
from amends_platform.words import words
from amends_workflow import answers, shapes
from amends_workflow.answering import Of, asking
from amends_workflow.deadline_list import KEY, list_deadlines
from amends_workflow.enquiries import Enquirer
from amends_workflow.explanation import explain
from amends_workflow.explanation_shapes import Explanation
from amends_workflow.pages import Pages
from amends_workflow.parameters import DeadlineListParameters, ExplanationParameters
from amends_workflow.past import known_case, moment_of, seen

routes = APIRouter(prefix="/v1")


@routes.get(
    "/cases/{id}/deadlines/{kind}/explanation",
    tags=["deadlines"],
    summary="Why a deadline is due when it is",
    description="The rule, the policy and the event from which the clock runs; the days of the calendar that were"
    " counted and skipped; what moved it, and by which events; who was reminded and told; how it ended. All of it is in"
    " `text` too, in words. `as_of`, `position` and `valid_at` as for a case.",
    operation_id="explanation",
    openapi_extra=problems("no-such-case", "no-such-deadline", "not-yet-visible"),
    response_model=Explanation,
)
async def explanation(
    id: str,  # noqa: A002
    kind: str,
    asked: Annotated[Enquirer, asking("read-deadlines")],
    of: Of,
    parameters: Annotated[ExplanationParameters, Query()],
) -> Response:
    await of.enquiries.wait(parameters)
    known = await known_case(of, asked, id, parameters)

    def explained(policies: Mapping[str, Policy]) -> Response:
        then = seen(known, parameters, policies)
        runs = [each for each in then.deadlines if each.kind == kind]
        if parameters.generation is not None:
            runs = [each for each in runs if each.generation == parameters.generation]
        if not runs:
            raise _no_such_deadline(sorted({each.kind for each in then.deadlines}))
        return answers.json_response(explain(known, then, runs[-1], policies, parameters, words("en")))

    return await of.policies.judge(explained)


@routes.get(
    "/deadlines",
    tags=["deadlines"],
    summary="Deadlines over all cases, as they are or as they were",
    description="`as_of` and `valid_at` as for a case.",
    operation_id="deadlines",
    openapi_extra=problems("bad-cursor", "not-yet-visible", "too-many-moved"),
    response_model=shapes.DeadlinePage,
)
async def deadlines(
    request: Request,
    asked: Annotated[Enquirer, asking("read-deadlines")],
    of: Of,
    parameters: Annotated[DeadlineListParameters, Query()],
) -> Response:
    pages = Pages(request, asked.scope)
    after = pages.after(parameters.cursor, KEY)
    await of.enquiries.wait(parameters)
    moment = await moment_of(of, parameters)
    if moment is not None:
        listed = await of.past.deadlines(asked.person, asked.scope, parameters, moment, after)
    else:
        async with of.view_of(asked).reading() as conn:
            listed = await list_deadlines(conn, asked.scope, parameters, after)
    items = await of.policies.judge(lambda policies: [answers.listed_deadline(row, policies) for row in listed.rows])
    page = answers.page(items, pages.next(listed.last))
    return answers.json_response(page | {"as_of": parameters.as_of, "valid_at": parameters.valid_at})


def _no_such_deadline(kinds: list[str]) -> Problem:
    has = f"It has: {', '.join(kinds)}." if kinds else "It has none at all."
    return Problem(404, "no-such-deadline", f"The case has no such deadline. {has}")
