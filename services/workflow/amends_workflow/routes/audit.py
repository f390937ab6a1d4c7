"""What auditors ask for."""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, Any, TypeVar
from uuid import UUID

from fastapi import APIRouter, Query, Request
from starlette.responses import PlainTextResponse, Response

from amends_platform.contract.openapi import answers as problems
from amends_platform.evidence.tree_head import SignedCheckpoint, checkpoint_of, latest_checkpoint
from amends_platform.http.problems import Problem
from amends_store.read import Executor
from amends_store.tiles import consistency_proof, inclusion_proof
from amends_workflow import answers, shapes
from amends_workflow.answering import Of, asking
from amends_workflow.audit_trails import KEY, ListedEntries
from amends_workflow.case_list import Scope
from amends_workflow.enquiries import Enquirer
from amends_workflow.pages import Pages
from amends_workflow.parameters import (
    CheckpointParameters,
    ConsistencyParameters,
    InclusionParameters,
    ReadingParameters,
    RefusalParameters,
)
from amends_workflow.readings import list_readings
from amends_workflow.refusals import list_refusals
from amends_workflow.statements import statement

_LEAF_HASH = statement("leaf_hash")

Wanted = TypeVar("Wanted", ReadingParameters, RefusalParameters)

routes = APIRouter(prefix="/v1")


@routes.get(
    "/audit/refusals",
    tags=["audit"],
    summary="Commands refused on grounds of authority or recusal",
    description="For auditors, department heads and executives: who tried what on which case, and why not.",
    operation_id="refusals",
    openapi_extra=problems("bad-cursor", "not-yet-visible", "no-such-case"),
    response_model=shapes.RefusalPage,
)
async def refused(
    request: Request,
    asked: Annotated[Enquirer, asking("read-refusals")],
    of: Of,
    parameters: Annotated[RefusalParameters, Query()],
) -> Response:
    return await _entries(request, asked, of, parameters, list_refusals)


@routes.get(
    "/audit/readings",
    tags=["audit"],
    summary="Who read whose personal data, and what for",
    description="For auditors, department heads and executives: one entry for each request that opened what is sealed,"
    " recorded before it was answered. Who is for one branch sees what was read of its cases, and of whole customers by"
    " whoever is for that branch.",
    operation_id="readings",
    openapi_extra=problems("bad-cursor", "not-yet-visible", "no-such-case"),
    response_model=shapes.ReadingPage,
)
async def readings(
    request: Request,
    asked: Annotated[Enquirer, asking("read-readings")],
    of: Of,
    parameters: Annotated[ReadingParameters, Query()],
) -> Response:
    return await _entries(request, asked, of, parameters, list_readings)


@routes.get(
    "/audit/checkpoint",
    tags=["audit"],
    summary="The newest signed checkpoint of the log, or an older one",
    description="A signed note (C2SP signed-note) of a checkpoint (C2SP tlog-checkpoint): the log's name, how many"
    " events it had, and the root of the Merkle tree over them. `tree_size` asks for the one that was signed at exactly"
    " this size.",
    operation_id="checkpoint",
    openapi_extra=problems("no-checkpoint", "no-such-checkpoint"),
    response_class=PlainTextResponse,
)
async def checkpoint(
    _: Annotated[Enquirer, asking("read-proofs")], of: Of, parameters: Annotated[CheckpointParameters, Query()]
) -> Response:
    newest = await _newest(of)
    if parameters.tree_size is None:
        return PlainTextResponse(newest.note)
    found = await checkpoint_of(of.tenant, parameters.tree_size)
    if found is None:
        raise Problem(404, "no-such-checkpoint", f"No checkpoint of {parameters.tree_size} events was signed.")
    return PlainTextResponse(found.note)


@routes.get(
    "/audit/inclusion",
    tags=["audit"],
    summary="A proof that an event is in the log",
    description="The event at `position` is leaf `position` - 1 of the tree of `tree_size` events, whose root the"
    " checkpoint of that size tells.",
    operation_id="inclusion",
    openapi_extra=problems("no-checkpoint", "not-in-tree", "not-signed-yet"),
    response_model=shapes.InclusionAnswer,
)
async def inclusion(
    _: Annotated[Enquirer, asking("read-proofs")], of: Of, parameters: Annotated[InclusionParameters, Query()]
) -> Response:
    newest = await _newest(of)
    position, tree_size = parameters.position, parameters.tree_size or newest.tree_size
    _check_signed("tree_size", tree_size, newest)
    if position > tree_size:
        detail = f"A tree of {tree_size} events has the positions 1 to {tree_size}."
        if parameters.tree_size is None:
            detail += " The newest checkpoint is of this size: what was recorded since is in the next one."
        raise Problem(422, "not-in-tree", detail, tree_size=tree_size)
    proof = await inclusion_proof(of.tenant, position, tree_size)
    leaf_hash = await of.tenant.fetchval(_LEAF_HASH, position)
    return answers.json_response(
        {"position": position, "tree_size": tree_size, "leaf_hash": _base64(leaf_hash), "proof": [*map(_base64, proof)]}
    )


@routes.get(
    "/audit/consistency",
    tags=["audit"],
    summary="A proof that the log only grew",
    description="The tree of `to` events begins with that of `from` events, unchanged.",
    operation_id="consistency",
    openapi_extra=problems("no-checkpoint", "not-in-tree", "not-signed-yet"),
    response_model=shapes.ConsistencyAnswer,
)
async def consistency(
    _: Annotated[Enquirer, asking("read-proofs")], of: Of, parameters: Annotated[ConsistencyParameters, Query()]
) -> Response:
    newest = await _newest(of)
    first, second = parameters.from_, parameters.to or newest.tree_size
    _check_signed("to", second, newest)
    if first > second:
        raise Problem(422, "not-in-tree", f"A tree of {second} events begins with none of {first}.", tree_size=second)
    proof = await consistency_proof(of.tenant, first, second)
    return answers.json_response({"from": first, "to": second, "proof": [*map(_base64, proof)]})


@routes.get(
    "/audit/key",
    tags=["audit"],
    summary="The public key that checkpoints and certificates are signed with",
    description="Whoever checks a signature compares this key with one they were given by another way.",
    operation_id="signing-key",
    openapi_extra=problems("no-signing-key"),
    response_model=shapes.SigningKeyAnswer,
)
async def key(_: Annotated[Enquirer, asking("read-proofs")], of: Of) -> Response:
    verifier = of.verifier
    if verifier is None:
        raise Problem(404, "no-signing-key", "This service has no signing key: it signs nothing.")
    return answers.json_response(
        {
            "name": verifier.name,
            "algorithm": "Ed25519",
            "key_id": verifier.key_id.hex(),
            "public_key": _base64(verifier.public_key),
            "vkey": verifier.vkey,
            "pem": verifier.pem,
            "earlier": [key.vkey for key in of.earlier_keys],
        }
    )


async def _entries(
    request: Request,
    asked: Enquirer,
    of: Of,
    parameters: Wanted,
    listing: Callable[[Executor, Scope, Wanted, UUID | None, Sequence[Any] | None], Awaitable[ListedEntries]],
) -> Response:
    """A page of what one of the audit trails has."""
    pages = Pages(request, asked.scope)
    after = pages.after(parameters.cursor, KEY)
    await of.enquiries.wait(parameters)
    case_id = None if parameters.case is None else await of.enquiries.case_id(parameters.case)
    async with of.view_of(asked).reading() as conn:
        listed = await listing(conn, asked.scope, parameters, case_id, after)
    return answers.json_response(answers.page(listed.rows, pages.next(listed.last)))


async def _newest(of: Of) -> SignedCheckpoint:
    newest = await latest_checkpoint(of.tenant)
    if newest is None:
        raise Problem(404, "no-checkpoint", "No checkpoint of the log has been signed yet.")
    return newest


def _check_signed(name: str, tree_size: int, newest: SignedCheckpoint) -> None:
    """Refuse a tree that no checkpoint covers: nothing signed could be held against the proof."""
    if tree_size > newest.tree_size:
        raise Problem(
            422,
            "not-signed-yet",
            f"{name} is at most {newest.tree_size}, of which the newest checkpoint is.",
            tree_size=newest.tree_size,
        )


def _base64(value: bytes) -> str:
    return base64.b64encode(value).decode()
