"""What one customer went through."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response, StreamingResponse

from amends_platform.contract.openapi import answers as problems
from amends_platform.guarding.pace import unhurried
from amends_platform.http.problems import Problem
from amends_platform.sealing import CannotUnseal
from amends_workflow import answers, erasure_shapes, shapes
from amends_workflow.answering import Of, asking
from amends_workflow.customers import KEY, customer_cases, customer_events, promise_clocks, spoken_by
from amends_workflow.enquiries import Enquirer
from amends_workflow.pages import Pages
from amends_workflow.parameters import Paged, Parameters
from amends_workflow.subject_access import everything

routes = APIRouter(prefix="/v1")


@routes.get(
    "/customers/{ref:path}/timeline",
    tags=["customers"],
    summary="One customer's cases, and every contact with them",
    description="Every exchange with the customer over all cases and channels, what they were promised and whether"
    " it was kept, the latest first, each with the staff id of whoever spoke.",
    operation_id="timeline",
    openapi_extra=problems(
        "bad-cursor",
        "not-yet-visible",
        "no-such-customer",
        "no-such-purpose",
        "purpose-not-allowed",
        "reading-not-recorded",
    ),
    response_model=shapes.Timeline,
    response_model_exclude_unset=True,
)
async def timeline(
    request: Request,
    ref: str,
    asked: Annotated[Enquirer, asking("read-customer", opens=True)],
    of: Of,
    parameters: Annotated[Paged, Query()],
) -> Response:
    pages = Pages(request, asked.scope)
    after = pages.after(parameters.cursor, KEY)
    await of.enquiries.wait(parameters)
    # The null character is in no text of the database, and PostgreSQL does not even compare with it.
    theirs = [] if "\x00" in ref else await customer_cases(of.view_of(asked), asked.scope, ref)
    if not theirs:
        raise Problem(404, "no-such-customer", "No case that your key may see belongs to this customer.")
    clocks = promise_clocks(of.policies.known.values())
    listed = await customer_events(of.view_of(asked), theirs, clocks, parameters.limit, after)
    references = {each["id"]: each["reference"] for each in theirs}
    reader = of.enquiries.reader_of_customer(asked, "timeline", ref, {each["id"]: each["branch"] for each in theirs})
    items = await reader.answers_of_cases(listed.rows, references)
    for item, row in zip(items, listed.rows, strict=True):
        item["spoken_by"] = spoken_by(row)
    return answers.json_response({"customer_ref": ref, "cases": theirs, **answers.page(items, pages.next(listed.last))})


@routes.get(
    "/customers/{ref:path}/erasure",
    tags=["customers"],
    summary="Whether a customer's personal data was erased, or is asked to be",
    description="With a signed certificate of each erasure, once the key store holds that key no more: a signed note"
    " (C2SP signed-note) by the key that checkpoints are signed with, always the same bytes.",
    operation_id="erasure",
    openapi_extra=problems("no-such-customer", "not-yet-visible", "other-branch"),
    response_model=erasure_shapes.ErasureStatus,
)
async def erasure(
    ref: str, asked: Annotated[Enquirer, asking("read-erasure")], of: Of, parameters: Annotated[Parameters, Query()]
) -> Response:
    await of.enquiries.wait(parameters)
    customer = await of.forgotten.customer(ref, asked.scope)
    return answers.json_response(await of.forgotten.status(customer))


@routes.get(
    "/customers/{ref:path}/export",
    tags=["customers"],
    summary="Everything that is held on a customer",
    description="What a customer may ask for, in one document that explains its parts: their cases with every event"
    " unsealed, deadlines, contacts and promises, holds, erasures, keys, and what was tried on them. For those who may"
    " read personal data.",
    operation_id="subject-access",
    openapi_extra=problems(
        "keys-unavailable",
        "no-such-customer",
        "not-yet-visible",
        "other-branch",
        "no-such-purpose",
        "purpose-not-allowed",
        "reading-not-recorded",
        "purpose-missing",
    ),
    dependencies=[Depends(unhurried)],
    response_class=Response,
    responses={200: {"description": "The document", "content": {"application/json": {"schema": {"type": "object"}}}}},
)
async def export(
    ref: str,
    asked: Annotated[Enquirer, asking("export-customer", opens=True)],
    of: Of,
    parameters: Annotated[Parameters, Query()],
) -> Response:
    await of.enquiries.wait(parameters)
    customer = await of.forgotten.customer(ref, asked.scope)
    try:
        pieces = await everything(of, asked, customer)
    except CannotUnseal as error:
        # A part of it is not everything.
        raise Problem(503, "keys-unavailable", f"Not all that is held can be read here: {error}") from error
    return StreamingResponse(pieces, 200, {"Cache-Control": "no-store"}, "application/json")
