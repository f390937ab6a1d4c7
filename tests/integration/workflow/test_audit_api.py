"""What auditors are answered: checkpoints, proofs that hold, the key; and what cannot be had."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest_asyncio

from amends_platform.evidence.notes import Signer, Verifier
from amends_platform.evidence.signing_key import public_file_of, remember_public_key
from amends_platform.evidence.tree_head import TreeHead, latest_checkpoint, parse
from tests.integration.workflow.conftest import Asker, Workflow, running_workflow, until
from tests.support.logs import fill_log
from tests.support.postgres import Database
from tests.support.rfc9162 import verifies_consistency, verifies_inclusion

ORIGIN = "amends/default"
EARLIER = Signer(ORIGIN, bytes(32)).verifier
SIZES = (3, 300)
QUESTIONS = ("checkpoint", "inclusion?position=1", "consistency?from=1")


@pytest_asyncio.fixture(loop_scope="session")
async def workflow(database: Database, tmp_path: Path) -> AsyncIterator[Workflow]:
    """On a log of which a checkpoint was signed when it had 3 events, and when it had 300."""
    remember_public_key(public_file_of(tmp_path / "signing.key"), EARLIER)
    async with running_workflow(database, tmp_path, checkpoint_seconds=0.02) as started:
        pool = await database.pool("amends_auditor")
        for before, size in zip([0, *SIZES], SIZES, strict=False):
            await fill_log(database, before, size)

            async def is_signed(size: int = size) -> bool:
                newest = await latest_checkpoint(pool)
                return newest is not None and newest.tree_size == size

            await until(is_signed)
        yield started


def hashes(encoded: list[str]) -> list[bytes]:
    return [base64.b64decode(each, validate=True) for each in encoded]


async def head(asker: Asker, **parameters: Any) -> TreeHead:
    """The checkpoint that is answered, its signature checked with the key that is answered."""
    answer = await asker.get("/v1/audit/checkpoint", **parameters)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/plain; charset=utf-8")
    verifier = Verifier.from_vkey((await asker.ask("/v1/audit/key"))["vkey"])
    return parse(verifier.open(answer.text))


async def test_an_auditor_can_prove_what_is_in_the_log_and_that_it_only_grew(workflow: Workflow) -> None:
    auditor = await workflow.asker("auditor")
    first, newest = await head(auditor, tree_size=3), await head(auditor)
    # Nothing of ours judges the proofs: whoever checks them will not have it either.
    assert [(each.origin, each.tree_size) for each in (first, newest)] == [
        ("amends/default", 3),
        ("amends/default", 300),
    ]
    asked = [
        *((position, {}, newest) for position in (1, 2, 128, 129, 256, 257, 299, 300)),
        (2, {"tree_size": 3}, first),
    ]
    for position, parameters, tree in asked:
        told = await auditor.ask("/v1/audit/inclusion", position=position, **parameters)
        assert (told["position"], told["tree_size"]) == (position, tree.tree_size)
        (leaf,) = hashes([told["leaf_hash"]])
        assert verifies_inclusion(leaf, position - 1, tree.tree_size, hashes(told["proof"]), tree.root_hash)
    for parameters in ({}, {"to": 300}):
        told = await auditor.ask("/v1/audit/consistency", **{"from": 3, **parameters})
        assert (told["from"], told["to"]) == (3, 300)
        assert verifies_consistency(3, first.root_hash, 300, newest.root_hash, hashes(told["proof"]))


async def test_the_key_is_told_as_every_tool_wants_it(workflow: Workflow) -> None:
    told = await (await workflow.asker("auditor")).ask("/v1/audit/key")
    verifier = Verifier.from_vkey(told["vkey"])
    assert told == {
        "name": ORIGIN,
        "algorithm": "Ed25519",
        "key_id": told["vkey"].split("+")[1],
        "public_key": base64.b64encode(verifier.public_key).decode(),
        "vkey": verifier.vkey,
        "pem": verifier.pem,
        "earlier": [EARLIER.vkey],
    }


async def test_what_cannot_be_proven_is_refused_with_what_can(workflow: Workflow) -> None:
    auditor = await workflow.asker("auditor")
    refused: list[tuple[str, dict[str, Any], int, str]] = [
        ("checkpoint", {"tree_size": 4}, 404, "no-such-checkpoint"),
        ("inclusion", {"position": 301}, 422, "not-in-tree"),
        ("inclusion", {"position": 4, "tree_size": 3}, 422, "not-in-tree"),
        ("inclusion", {"position": 4, "tree_size": 301}, 422, "not-signed-yet"),
        ("inclusion", {"position": 0}, 422, "invalid-parameters"),
        ("inclusion", {"position": 2**63}, 422, "invalid-parameters"),
        ("inclusion", {}, 422, "invalid-parameters"),
        ("inclusion", {"position": 1, "size": 3}, 422, "invalid-parameters"),
        ("consistency", {"from": 3, "to": 301}, 422, "not-signed-yet"),
        ("consistency", {"from": 4, "to": 3}, 422, "not-in-tree"),
        ("consistency", {"from": 0}, 422, "invalid-parameters"),
        ("consistency", {"from_": 3}, 422, "invalid-parameters"),
        ("checkpoint", {"tree_size": "three"}, 422, "invalid-parameters"),
    ]
    for question, parameters, status, code in refused:
        answer = await auditor.get(f"/v1/audit/{question}", **parameters)
        assert (answer.status_code, answer.json()["type"].rpartition(":")[2]) == (status, code), (question, parameters)
    told = (await auditor.get("/v1/audit/inclusion", position=4, tree_size=301)).json()
    assert (told["tree_size"], "300" in told["detail"]) == (300, True)


async def test_while_nothing_is_signed_there_is_nothing_to_prove(database: Database, tmp_path: Path) -> None:
    async with running_workflow(database, tmp_path) as workflow:
        asker = await workflow.asker()
        for question in QUESTIONS:
            answer = await asker.get(f"/v1/audit/{question}")
            assert (answer.status_code, answer.json()["type"]) == (404, "urn:amends:problem:no-checkpoint")
            assert (await workflow.client.get(f"/v1/audit/{question}")).status_code == 401
        assert (await workflow.client.get("/v1/audit/key")).status_code == 401
