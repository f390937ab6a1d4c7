"""What may be asked about a customer: everything held on them; whether they were erased, and a certificate of it."""

from __future__ import annotations

import base64
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import UUID

import pytest
import pytest_asyncio

from amends_domain.commands import Hold, MakePromise, ReleaseHold
from amends_platform.erasing.alone import Administrator, Erased
from amends_platform.erasing.certificates import certificate
from amends_platform.evidence.notes import Verifier
from amends_platform.evidence.signing_key import ensure_signing_key, load_signer
from amends_platform.failures import Failure
from amends_platform.keystore.file_store import FileKeyStore
from amends_platform.policy.files import load_policy
from amends_platform.policy.publishing import publish_setting
from amends_store.merkle import verify_inclusion
from tests.integration.workflow.conftest import Asker, Workflow, open_log, running_workflow, until
from tests.support.keys import key_store_in
from tests.support.postgres import PostgresServer, new_database

REASON = "asked for by the customer, Art. 17 GDPR"
PATH = "/v1/customers/C-1"
NAME = {"name": "Ms. Chen"}


@dataclass(frozen=True)
class Asked:
    """What was answered about one customer of two, before they were erased and after."""

    workflow: Workflow
    directory: Path
    cases: list[UUID]
    refused: list[str]
    before: dict[str, Any]
    export_before: dict[str, Any]
    erased: Erased
    again: Erased
    in_a_backup: dict[str, Any]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def asked(postgres: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Asked]:
    """One life of a customer, and its end, on one database."""
    directory = tmp_path_factory.mktemp("customers")
    ensure_signing_key(directory / "signing.key", "amends/default")
    async with new_database(postgres) as database:
        async with open_log(database, directory) as log:
            await publish_setting(log.pool, log.book, "default", load_policy("bank-cn"))
            cases = [await log.receive(narrative=f"The machine kept card {n}.") for n in (1, 2)]
            await log.receive(customer_ref="C-2", customer={"name": "Mr. Wang"})
            await log.receive(customer_ref="A/1 erasure")
            await log.give(cases[0], MakePromise("The fitter comes.", datetime.now(UTC) + timedelta(days=2)))
            await log.give(cases[1], Hold("Ms. Chen sues."))
        await database.close_pools()
        shutil.copytree(directory, directory / "backup")
        async with (
            new_database(postgres, template=database.name) as backup,
            open_log(database, directory) as log,
            running_workflow(database, directory, checkpoint_seconds=0.05) as workflow,
        ):
            auditor = await workflow.asker("auditor")
            before = await auditor.ask(f"{PATH}/erasure")
            export_before = await auditor.ask(f"{PATH}/export")
            store, signer = key_store_in(directory), load_signer(directory / "signing.key")
            administrator = Administrator(await database.pool(), store, signer, tenant="default", actor="cli:root")
            refused = [await _refused(administrator, "C-1", REASON), await _refused(administrator, "C-3", REASON)]
            await log.give(cases[1], ReleaseHold("Settled."))
            refused.append(await _refused(administrator, "C-1", "Chen asked for it"))
            refused.append(await _refused(administrator, "C-1", "two\nlines"))
            erased = await administrator.erase("C-1", REASON)
            again = await administrator.erase("C-1", "for another reason")
            async with running_workflow(backup, directory) as restored:
                in_a_backup = await (await restored.asker("auditor")).ask(f"/v1/cases/{cases[0]}/events")
            await store.aclose()
            yield Asked(workflow, directory, cases, refused, before, export_before, erased, again, in_a_backup)


async def _refused(administrator: Administrator, customer_ref: str, reason: str) -> str:
    with pytest.raises(Failure) as refused:
        await administrator.erase(customer_ref, reason)
    return str(refused.value)


async def test_before_it_a_status_says_that_the_customer_is_kept_and_which_case_is_held(asked: Asked) -> None:
    before = asked.before
    assert (before["status"], before["erasures"], before["certificate"]) == ("kept", [], None)
    assert [case["id"] for case in before["cases"]] == [str(case_id) for case_id in asked.cases]
    assert before["held"] == [before["cases"][1]["reference"]]


async def test_everything_held_on_a_customer_is_one_document(asked: Asked) -> None:
    export = asked.export_before
    assert set(export) - {"about"} == set(export["about"]), "each part is explained"
    assert export["known"] == [NAME]
    assert [key["erased_at"] for key in export["keys"]] == [None]
    assert [case["case"]["id"] for case in export["cases"]] == [str(case_id) for case_id in asked.cases]
    first, second = export["cases"]
    assert [event["type"] for event in first["events"]] == ["complaint-received", "promise-made"]
    assert first["events"][0]["personal"] == {"narrative": "The machine kept card 1.", "customer": NAME}
    assert first["events"][1]["personal"] == {"text": "The fitter comes."}
    assert [promise["status"] for promise in first["case"]["promises"]] == ["open"]
    assert {deadline["kind"] for deadline in first["case"]["deadlines"]} >= {"apology", "callback", "promise"}
    assert second["case"]["held"] is True
    assert second["events"][1]["personal"] == {"reason": "Ms. Chen sues."}
    assert "Wang" not in str(export)


async def test_an_administrator_is_refused_by_a_hold_a_wrong_name_or_an_unfit_reason(asked: Asked) -> None:
    hold, unknown, named, unfit = asked.refused
    assert asked.before["held"][0] in hold
    assert "Ms. Chen sues." in hold
    assert "C-3" in unknown
    assert "the customer's name" in named
    assert "printable" in unfit


async def test_the_certificate_is_always_the_same_and_signed_by_the_key_of_the_checkpoints(asked: Asked) -> None:
    auditor = await asked.workflow.asker("auditor")
    answer = await auditor.ask(f"{PATH}/erasure")
    assert (asked.erased.before, asked.again.before) == (False, True)
    note = asked.erased.certificate
    assert {answer["certificate"], answer["erasures"][0]["certificate"], asked.again.certificate} == {note}
    verifier = Verifier.from_vkey((await auditor.ask("/v1/audit/key"))["vkey"])
    lines = verifier.open(note).splitlines()
    assert lines[2:10] == [
        "log: amends/default",
        "customer: C-1",
        f"key: {asked.export_before['keys'][0]['key_id']}",
        "asked for by: cli:root",
        "approved by: cli:root",
        f"reason: {REASON}",
        f"erased at: {asked.erased.erasure.erased_at:%Y-%m-%dT%H:%M:%S.%fZ}",
        "cases: 2",
    ]
    assert len(lines) == 12


async def test_the_log_proves_each_event_that_the_certificate_names(asked: Asked) -> None:
    auditor = await asked.workflow.asker("auditor")
    cases = asked.erased.erasure.cases

    async def is_covered() -> bool:
        return (await auditor.ask(f"{PATH}/erasure"))["erasures"][0]["checkpoint"] is not None

    await until(is_covered)
    verifier = Verifier.from_vkey((await auditor.ask("/v1/audit/key"))["vkey"])
    checkpoint = verifier.open((await auditor.ask(f"{PATH}/erasure"))["erasures"][0]["checkpoint"]).split("\n")
    tree_size, root = int(checkpoint[1]), base64.b64decode(checkpoint[2])
    for case in cases:
        assert f"leaf {base64.b64encode(case.leaf_hash).decode()}" in asked.erased.certificate
        proof = await auditor.ask("/v1/audit/inclusion", position=case.position, tree_size=tree_size)
        hashes = [base64.b64decode(each) for each in proof["proof"]]
        assert verify_inclusion(case.leaf_hash, case.position - 1, tree_size, hashes, root)


async def test_while_a_key_store_still_holds_the_key_nothing_is_certified(asked: Asked) -> None:
    backup = asked.directory / "backup"
    older = FileKeyStore(backup / "customers.db", backup / "master.key")
    try:
        signer = load_signer(asked.directory / "signing.key")
        assert await certificate(signer, older, "C-1", asked.erased.erasure) is None
    finally:
        await older.aclose()


async def test_after_it_an_export_says_so_and_holds_no_word_of_the_customer(asked: Asked) -> None:
    auditor = await asked.workflow.asker("auditor")
    export = await auditor.ask(f"{PATH}/export")
    assert (export["status"], export["known"]) == ("erased", [])
    assert [key["erased_at"] is not None for key in export["keys"]] == [True]
    sealed = [event for case in export["cases"] for event in case["events"] if "personal_missing" in event]
    assert {(event["personal"], event["personal_missing"]) for event in sealed} == {(None, "erased")}
    assert len(sealed) == 5
    for word in ("Chen", "kept card", "fitter", "sues"):
        assert word not in str(export)
    assert [case["case"]["erased_at"] is not None for case in export["cases"]] == [True, True]
    timeline = await auditor.ask(f"{PATH}/timeline")
    assert timeline["items"][0]["type"] == "personal-data-erased"


async def test_a_restored_backup_of_the_database_does_not_bring_it_back(asked: Asked) -> None:
    sealed = [event for event in asked.in_a_backup["items"] if "personal_missing" in event]
    assert len(sealed) == 2
    assert [event["personal"] for event in sealed] == [None, None]


async def test_another_customer_is_untouched(asked: Asked) -> None:
    auditor = await asked.workflow.asker("auditor")
    other = await auditor.ask("/v1/customers/C-2/export")
    assert (other["status"], other["known"]) == ("kept", [{"name": "Mr. Wang"}])


async def test_a_customer_may_be_called_in_any_way(asked: Asked) -> None:
    auditor = await asked.workflow.asker("auditor")
    for what in ("timeline", "erasure", "export"):
        answer = await auditor.ask(f"/v1/customers/{quote('A/1 erasure', safe='')}/{what}")
        assert answer["customer_ref"] == "A/1 erasure"


@pytest.mark.parametrize(
    ("role", "branch", "path", "status"),
    [
        ("integration", None, f"{PATH}/export", 403),
        ("admin", None, f"{PATH}/erasure", 403),
        ("integration", None, f"{PATH}/erasure", 200),
        ("handler", "north-street", f"{PATH}/export", 200),
        ("handler", "harbour", f"{PATH}/export", 404),
        ("handler", "harbour", f"{PATH}/erasure", 404),
        ("auditor", None, "/v1/customers/C-9/erasure", 404),
        ("auditor", None, "/v1/customers/%00/export", 404),
    ],
)
async def test_who_may_ask_for_what(asked: Asked, role: str, branch: str | None, path: str, status: int) -> None:
    asker: Asker = await asked.workflow.asker(role, branch=branch)
    assert (await asker.get(path)).status_code == status
