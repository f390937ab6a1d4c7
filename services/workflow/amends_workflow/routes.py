"""The questions that can be asked, one function each."""

# Without `from __future__ import annotations`: FastAPI must see the type made inside `router`, not its name.
from collections.abc import Callable, Mapping
from typing import Annotated, Any

import asyncpg
from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from amends_domain.case import Case
from amends_domain.clocks import obligations
from amends_domain.policy import Policy
from amends_domain.reference import reference_of
from amends_platform.cases import Cases
from amends_platform.policy.book import PolicyBook
from amends_platform.problems import Problem
from amends_store.read import UpToPosition, read_stream
from amends_workflow import answers, shapes
from amends_workflow.case_list import list_cases
from amends_workflow.customers import customer_cases, customer_events, promise_clocks, spoken_by
from amends_workflow.deadline_list import list_deadlines
from amends_workflow.enquiries import Enquirer, Enquiries, no_such_case
from amends_workflow.events import case_events, events_of_cases
from amends_workflow.explanation import explain
from amends_workflow.explanation_shapes import Explanation
from amends_workflow.pages import Pages
from amends_workflow.parameters import (
    CaseListParameters,
    CaseParameters,
    DeadlineListParameters,
    EventParameters,
    ExplanationParameters,
    Paged,
    RefusalParameters,
)
from amends_workflow.refusals import list_refusals
from amends_workflow.relations import relations_of


class Answering:
    """What the questions are answered from."""

    def __init__(self, pool: asyncpg.Pool, enquiries: Enquiries, cases: Cases, policies: PolicyBook) -> None:
        self.pool = pool
        self.enquiries = enquiries
        self.cases = cases
        self.policies = policies


def router(answering: Callable[[], Answering], refusals: Mapping[int | str, Any]) -> APIRouter:
    """All of the workflow's questions. `answering` exists once the app has started."""
    routes = APIRouter(prefix="/v1", responses={**refusals})

    async def admitted(request: Request) -> Enquirer:
        return await answering().enquiries.admit(request)

    Asked = Annotated[Enquirer, Depends(admitted)]  # noqa: N806  # a type

    @routes.get(
        "/cases/{id}",
        tags=["cases"],
        summary="One case, as it is or as it was",
        operation_id="case",
        responses={200: _case_success()},
    )
    async def case(id: str, asked: Asked, parameters: Annotated[CaseParameters, Query()]) -> Response:  # noqa: A002
        of = answering()
        await of.enquiries.wait(parameters)
        found = await _case_at(of, asked, id, parameters)
        relations = await relations_of(of.pool, found, position=parameters.position, as_of=parameters.as_of)

        def answered(policies: Mapping[str, Policy]) -> Response:
            answer = answers.case_answer(
                found, obligations(found, policies), policies, relations, shows_staff=asked.may_read_personal_data
            )
            return answers.json_response(answer, {"ETag": f'"{found.version}"'})

        return await of.policies.judge(answered)

    @routes.get("/cases", tags=["cases"], summary="The queue", operation_id="cases", response_model=shapes.CasePage)
    async def cases(request: Request, asked: Asked, parameters: Annotated[CaseListParameters, Query()]) -> Response:
        of = answering()
        pages = Pages(request, asked.scope)
        after = pages.after(parameters.cursor)
        await of.enquiries.wait(parameters)
        listed = await list_cases(of.pool, asked.scope, parameters, after)
        return answers.json_response(answers.page(listed.rows, pages.next(listed.last)))

    @routes.get(
        "/cases/{id}/events",
        tags=["cases"],
        summary="What happened, event by event",
        description="The events of the case in their order. With `merged`, also those of the cases that were merged"
        " into it, so that every contact with the customer stands in one line of time: then in the order of the log,"
        " each with its `case_id` and `reference`.",
        operation_id="case-events",
        response_model=shapes.EventPage,
        response_model_exclude_unset=True,
    )
    async def events(
        request: Request,
        id: str,  # noqa: A002
        asked: Asked,
        parameters: Annotated[EventParameters, Query()],
    ) -> Response:
        of = answering()
        pages = Pages(request, asked.scope)
        after = pages.after(parameters.cursor)
        await of.enquiries.wait(parameters)
        found = await of.enquiries.case(asked, id)
        reader = of.enquiries.reader(asked)
        if parameters.merged:
            cases = {each.id: each for each in (found, *await of.enquiries.absorbed(found))}
            listed = await events_of_cases(of.pool, cases, parameters.limit, after)
            references = {case_id: reference_of(each.first_position) for case_id, each in cases.items()}
            items = await reader.answers_of_cases(listed.rows, references)
        else:
            listed = await case_events(of.pool, found.id, parameters.limit, after)
            items = await reader.answers(listed.rows)
        return answers.json_response(answers.page(items, pages.next(listed.last)))

    @routes.get(
        "/cases/{id}/deadlines/{kind}/explanation",
        tags=["deadlines"],
        summary="Why a deadline is due when it is",
        operation_id="explanation",
        response_model=Explanation,
    )
    async def explanation(
        id: str,  # noqa: A002
        kind: str,
        asked: Asked,
        parameters: Annotated[ExplanationParameters, Query()],
    ) -> Response:
        of = answering()
        await of.enquiries.wait(parameters)
        found = await of.enquiries.case(asked, id)
        rows = await read_stream(of.pool, found.id, up_to=UpToPosition(found.position))

        def explained(policies: Mapping[str, Policy]) -> Response:
            deadlines = obligations(found, policies)
            runs = [each for each in deadlines if each.kind == kind]
            if parameters.generation is not None:
                runs = [each for each in runs if each.generation == parameters.generation]
            if not runs:
                raise _no_such_deadline(sorted({each.kind for each in deadlines}))
            return answers.json_response(explain(found, deadlines, runs[-1], rows, policies))

        return await of.policies.judge(explained)

    @routes.get(
        "/deadlines",
        tags=["deadlines"],
        summary="Deadlines over all cases",
        operation_id="deadlines",
        response_model=shapes.DeadlinePage,
    )
    async def deadlines(
        request: Request, asked: Asked, parameters: Annotated[DeadlineListParameters, Query()]
    ) -> Response:
        of = answering()
        pages = Pages(request, asked.scope)
        after = pages.after(parameters.cursor)
        await of.enquiries.wait(parameters)
        listed = await list_deadlines(of.pool, asked.scope, parameters, after)
        items = await of.policies.judge(
            lambda policies: [answers.listed_deadline(row, policies) for row in listed.rows]
        )
        return answers.json_response(answers.page(items, pages.next(listed.last)))

    @routes.get(
        "/customers/{ref}/timeline",
        tags=["customers"],
        summary="One customer's cases, and every contact with them",
        description="Every exchange with the customer over all cases and channels, what they were promised and whether"
        " it was kept, the latest first, each with the staff id of whoever spoke.",
        operation_id="timeline",
        response_model=shapes.Timeline,
        response_model_exclude_unset=True,
    )
    async def timeline(request: Request, ref: str, asked: Asked, parameters: Annotated[Paged, Query()]) -> Response:
        of = answering()
        pages = Pages(request, asked.scope)
        after = pages.after(parameters.cursor)
        await of.enquiries.wait(parameters)
        # The null character is in no text of the database, and PostgreSQL does not even compare with it.
        theirs = [] if "\x00" in ref else await customer_cases(of.pool, asked.scope, ref)
        if not theirs:
            raise Problem(404, "no-such-customer", "No case that your key may see belongs to this customer.")
        clocks = promise_clocks(of.policies.known.values())
        listed = await customer_events(of.pool, theirs, clocks, parameters.limit, after)
        references = {each["id"]: each["reference"] for each in theirs}
        items = await of.enquiries.reader(asked).answers_of_cases(listed.rows, references)
        for item, row in zip(items, listed.rows, strict=True):
            item["spoken_by"] = spoken_by(row)
        return answers.json_response(
            {"customer_ref": ref, "cases": theirs, **answers.page(items, pages.next(listed.last))}
        )

    @routes.get(
        "/audit/refusals",
        tags=["audit"],
        summary="Commands refused on grounds of authority or recusal",
        description="For auditors, department heads and executives: who tried what on which case, and why not.",
        operation_id="refusals",
        response_model=shapes.RefusalPage,
    )
    async def refused(request: Request, asked: Asked, parameters: Annotated[RefusalParameters, Query()]) -> Response:
        of = answering()
        if not asked.may_read_refusals:
            raise Problem(403, "role-not-allowed", f"The role {asked.role} may not read refusals.")
        pages = Pages(request, asked.scope)
        after = pages.after(parameters.cursor)
        await of.enquiries.wait(parameters)
        case_id = None if parameters.case is None else await of.enquiries.case_id(parameters.case)
        listed = await list_refusals(of.pool, asked.scope, parameters, case_id, after)
        return answers.json_response(answers.page(listed.rows, pages.next(listed.last)))

    return routes


async def _case_at(of: Answering, asked: Enquirer, name: str, parameters: CaseParameters) -> Case:
    """The case at the point that the parameters name. Raises a 404 or 422 problem."""
    if parameters.as_of is None and parameters.position is None:
        return await of.enquiries.case(asked, name)
    if parameters.as_of is not None and parameters.position is not None:
        raise Problem(422, "invalid-parameters", "Ask for a case as_of a time, or at a position: not both.")
    case_id = await of.enquiries.case_id(name)
    if parameters.as_of is not None:
        found = await of.cases.as_of(case_id, recorded_at=parameters.as_of)
    else:
        assert parameters.position is not None
        found = await of.cases.at_position(case_id, position=parameters.position)
    if found is None or not asked.sees(found):
        raise no_such_case()
    return found


def _case_success() -> dict[str, Any]:
    return {
        "model": shapes.CaseAnswer,
        "description": "The case",
        "headers": {"ETag": {"schema": {"type": "string"}, "description": "the version of the case, in quotes"}},
    }


def _no_such_deadline(kinds: list[str]) -> Problem:
    has = f"It has: {', '.join(kinds)}." if kinds else "It has none at all."
    return Problem(404, "no-such-deadline", f"The case has no such deadline. {has}")
