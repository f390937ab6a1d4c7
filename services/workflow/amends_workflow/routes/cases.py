"""The queue, one case, and what happened on it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from amends_domain.policy import Policy
from amends_domain.reference import reference_of
from amends_platform.contract.openapi import answers as problems
from amends_platform.contract.problem_answers import header
from amends_workflow import answers, case_list, shapes
from amends_workflow.answering import Of, asking
from amends_workflow.enquiries import Enquirer
from amends_workflow.events import KEY, KEY_OF_CASES, case_events, events_of_cases
from amends_workflow.pages import Pages
from amends_workflow.parameters import (
    CaseListParameters,
    CaseParameters,
    EventParameters,
)
from amends_workflow.past import Known, known_case, moment_of, seen
from amends_workflow.relations import relations_of

routes = APIRouter(prefix="/v1")


def _case_success() -> dict[str, Any]:
    return {
        "model": shapes.CaseAnswer,
        "description": "The case",
        "headers": header("ETag"),
    }


@routes.get(
    "/cases/{id}",
    tags=["cases"],
    summary="One case, as it is or as it was",
    description="As it was known: `as_of` a time, or when the log ended at a `position`. As it was: `valid_at` a time,"
    " by what is known, or was known then. What was entered late counts when it happened, a correction from the entry"
    " that it corrects, and no step of the life before the one it was taken from. Verdicts on deadlines are the log's.",
    operation_id="case",
    openapi_extra=problems("no-such-case", "not-yet-visible"),
    responses={200: _case_success()},
)
async def case(
    id: str,  # noqa: A002
    asked: Annotated[Enquirer, asking("read-case")],
    of: Of,
    parameters: Annotated[CaseParameters, Query()],
) -> Response:
    await of.enquiries.wait(parameters)
    if parameters.is_past:
        known = await known_case(of, asked, id, parameters)
    else:
        known = Known(await of.enquiries.case(asked, id), [])
    relations = await relations_of(of.tenant, known.case, parameters)

    shows_staff = asked.may("read-complained-of", known.case.branch).is_permitted

    def answered(policies: Mapping[str, Policy]) -> Response:
        then = seen(known, parameters, policies)
        answer = answers.case_answer(then.case, then.deadlines, policies, relations, shows_staff=shows_staff)
        answer |= {"as_of": parameters.as_of, "valid_at": parameters.valid_at, "not_yet": then.not_yet}
        # A selection of the events is no version of the case.
        headers = {} if parameters.valid_at is not None else {"ETag": f'"{then.case.version}"'}
        return answers.json_response(answer, headers)

    return await of.policies.judge(answered)


@routes.get(
    "/cases",
    tags=["cases"],
    summary="The queue, as it is or as it was",
    description="`as_of` and `valid_at` as for a case; every filter and order applies to the cases as they were.",
    operation_id="cases",
    openapi_extra=problems("bad-cursor", "not-yet-visible", "no-such-case", "too-many-moved"),
    response_model=shapes.CasePage,
)
async def cases(
    request: Request,
    asked: Annotated[Enquirer, asking("read-queue")],
    of: Of,
    parameters: Annotated[CaseListParameters, Query()],
) -> Response:
    pages = Pages(request, asked.scope)
    after = pages.after(parameters.cursor, case_list.KEY)
    await of.enquiries.wait(parameters)
    moment = await moment_of(of, parameters)
    wanted = parameters.asked_by(asked.person)
    if moment is not None:
        listed = await of.past.cases(asked.person, asked.scope, wanted, moment, after)
    else:
        async with of.view_of(asked).reading() as conn:
            listed = await case_list.list_cases(conn, asked.scope, wanted, after)
    page = answers.page(listed.rows, pages.next(listed.last))
    return answers.json_response(page | {"as_of": parameters.as_of, "valid_at": parameters.valid_at})


@routes.get(
    "/cases/{id}/events",
    tags=["cases"],
    summary="What happened, event by event",
    description="The events of the case in their order. With `merged`, also those of the cases that were merged"
    " into it, so that every contact with the customer stands in one line of time: then in the order of the log,"
    " each with its `case_id` and `reference`.",
    operation_id="case-events",
    openapi_extra=problems(
        "bad-cursor",
        "not-yet-visible",
        "no-such-case",
        "no-such-purpose",
        "purpose-not-allowed",
        "reading-not-recorded",
    ),
    response_model=shapes.EventPage,
    response_model_exclude_unset=True,
)
async def events(
    request: Request,
    id: str,  # noqa: A002
    asked: Annotated[Enquirer, asking("read-events", opens=True)],
    of: Of,
    parameters: Annotated[EventParameters, Query()],
) -> Response:
    pages = Pages(request, asked.scope)
    after = pages.after(parameters.cursor, KEY_OF_CASES if parameters.merged else KEY)
    await of.enquiries.wait(parameters)
    found = await of.enquiries.case(asked, id)
    reader = of.enquiries.reader(asked, "events", found)
    if parameters.merged:
        cases = {each.id: each for each in (found, *await of.enquiries.absorbed(found))}
        # What was merged into a case is part of it, of whichever branch it was.
        listed = await events_of_cases(of.tenant, cases, parameters.limit, after)
        references = {case_id: reference_of(each.first_position) for case_id, each in cases.items()}
        items = await reader.answers_of_cases(listed.rows, references)
    else:
        listed = await case_events(of.view_of(asked), found.id, parameters.limit, after)
        items = await reader.answers(listed.rows)
    return answers.json_response(answers.page(items, pages.next(listed.last)))
