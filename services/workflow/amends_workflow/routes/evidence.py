"""The evidence of one case, to be taken away and checked elsewhere."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from starlette.responses import Response

from amends_platform.contract.openapi import answers as problems
from amends_platform.contract.problem_answers import header
from amends_platform.guarding.pace import unhurried
from amends_workflow.answering import Of, asking
from amends_workflow.enquiries import Enquirer
from amends_workflow.evidence import evidence_for
from amends_workflow.parameters import EvidenceParameters

routes = APIRouter(prefix="/v1")

_ARCHIVE: dict[str, Any] = {
    "description": "The bundle",
    "headers": header("Content-Disposition") | header("Cache-Control"),
    "content": {"application/zip": {"schema": {"type": "string", "format": "binary"}}},
}


@routes.get(
    "/cases/{id}/evidence",
    tags=["cases"],
    summary="A bundle that proves what was recorded of a case",
    description="One archive: the events with their inclusion proofs, the signed checkpoint that these lead to, the"
    " public key, the policies that judged the case, and a dossier to be read by people. `amends verify-bundle` checks"
    " it without us. Names and words are in it for those who may read them, unless `personal` is false; `pdf` adds the"
    " dossier on paper. Where no checkpoint covers the case yet, the answer waits for one. The same case gives the same"
    " bytes.",
    operation_id="evidence",
    openapi_extra=problems(
        "no-pdf",
        "no-signing-key",
        "no-such-case",
        "not-yet-proven",
        "not-yet-visible",
        "no-such-purpose",
        "purpose-not-allowed",
        "reading-not-recorded",
    ),
    dependencies=[Depends(unhurried)],
    response_class=Response,
    responses={200: _ARCHIVE},
)
async def evidence(
    id: str,  # noqa: A002
    asked: Annotated[Enquirer, asking("take-evidence", opens=True)],
    of: Of,
    parameters: Annotated[EvidenceParameters, Query()],
) -> Response:
    await of.enquiries.wait(parameters)
    # There are names in it.
    headers = {"Cache-Control": "no-store"}
    return await evidence_for(of, asked, id, headers, with_words=parameters.personal, with_pdf=parameters.pdf)
