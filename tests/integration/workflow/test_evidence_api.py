"""The evidence of a case as the workflow hands it out: proven by a real log, with the words that one may read."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
import pytest_asyncio

from amends_domain.commands import AddNote, Apologize, Confirm, Investigate, Propose, RecordContact
from amends_domain.reference import reference_of
from amends_platform.evidence import bundle
from amends_platform.evidence.archive import read_archive
from amends_platform.evidence.checking import Checked, check_bundle
from amends_platform.evidence.dossier_pdf import CannotPrint
from amends_platform.evidence.notes import Verifier
from amends_workflow import evidence
from amends_workflow.leadership import Lead, leadership
from amends_workflow.places import OF_ONE_MAX
from tests.integration.workflow.conftest import Asker, Log, Workflow, running_workflow

NARRATIVE = "机器吞了我的卡，柜台没有人理我。"


@pytest_asyncio.fixture(loop_scope="session")
async def workflow(log: Log, tmp_path: Path) -> AsyncIterator[Workflow]:
    """A workflow that signs a checkpoint as soon as the log has grown."""
    async with running_workflow(log.database, tmp_path, checkpoint_seconds=0.02) as started:
        yield started


async def a_case_among_others(log: Log) -> UUID:
    """A case whose events have others' in between, and a breach that its timer recorded."""
    await log.receive(customer_ref="C-2")
    case_id = await log.receive(narrative=NARRATIVE)
    for command in (
        RecordContact("inbound", "phone", True, "They asked.", True, await log.now() + timedelta(days=8)),
        Apologize("phone", "Sorry."),
        Investigate("It was us.", "process_too_slow", True),
        Propose("apology", "A letter."),
        Confirm("phone"),
    ):
        await log.give(case_id, command)
        await log.receive(customer_ref="C-3")
    return case_id


async def bundle_for(asker: Asker, case_id: UUID, **parameters: object) -> bytes:
    answer = await asker.get(f"/v1/cases/{case_id}/evidence", **parameters)
    assert answer.status_code == 200, answer.text
    return answer.content


async def checked(asker: Asker, raw: bytes) -> Checked:
    """The bundle held against the key that the service tells."""
    return check_bundle(raw, Verifier.from_vkey((await asker.ask("/v1/audit/key"))["vkey"]))


def everything_in(raw: bytes) -> str:
    return "\n".join(content.decode(errors="replace") for content in read_archive(raw).values())


async def test_a_bundle_proves_the_case_as_it_is_answered(log: Log, workflow: Workflow) -> None:
    case_id = await a_case_among_others(log)
    asker = await workflow.asker()
    answer = await asker.get(f"/v1/cases/{case_id}/evidence")
    assert answer.headers["content-type"] == "application/zip"
    reference = reference_of((await log.case(case_id)).first_position)
    assert answer.headers["content-disposition"] == f'attachment; filename="evidence-{reference}.zip"'
    found = await checked(asker, answer.content)
    assert found.faults == ()
    assert found.is_dossier_remade
    assert found.subject is not None
    assert found.subject.case == await log.case(case_id)
    # What is told of a clock is what the explanation tells.
    for deadline in found.subject.deadlines:
        told = await asker.ask(
            f"/v1/cases/{case_id}/deadlines/{deadline.kind}/explanation", generation=deadline.generation
        )
        assert found.subject.explanations[deadline.kind, deadline.generation] == told["text"]
    assert NARRATIVE in everything_in(answer.content)


async def test_the_same_case_gives_the_same_bytes_however_the_log_grows(log: Log, workflow: Workflow) -> None:
    case_id = await a_case_among_others(log)
    asker = await workflow.asker()
    before = await bundle_for(asker, case_id)
    position = await log.give(await log.receive(customer_ref="C-4"), AddNote("Elsewhere."))
    assert await bundle_for(asker, case_id, min_position=position) == before
    await log.give(case_id, AddNote("Something more."))
    after = await bundle_for(asker, case_id)
    assert after != before
    assert (await checked(asker, after)).is_good


async def test_words_are_only_for_those_who_may_read_them_and_ask_for_them(log: Log, workflow: Workflow) -> None:
    case_id = await a_case_among_others(log)
    handler, integration = await workflow.asker(), await workflow.asker("integration")
    for asker, parameters in ((handler, {"personal": False}), (integration, {}), (integration, {"personal": True})):
        raw = await bundle_for(asker, case_id, **parameters)
        assert (await checked(handler, raw)).is_good
        assert json.loads(read_archive(raw)[bundle.MANIFEST])["personal"] == "left out"
        for words in (NARRATIVE, "Ms. Chen", "They asked."):
            assert words not in everything_in(raw)


async def test_what_was_erased_is_said_to_be_erased_and_proven_all_the_same(log: Log, workflow: Workflow) -> None:
    case_id = await a_case_among_others(log)
    await log.database.execute("UPDATE data_keys SET erased_at = log_now()")
    asker = await workflow.asker()
    raw = await bundle_for(asker, case_id)
    assert (await checked(asker, raw)).is_good
    words = [json.loads(line) for line in read_archive(raw)[bundle.WORDS].splitlines()]
    assert words
    assert {(each["personal"], each["missing"]) for each in words} == {(None, "erased")}
    assert NARRATIVE not in everything_in(raw)


async def test_a_case_that_no_checkpoint_covers_is_waited_for_and_then_said_to_be(
    log: Log, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    case_id = await log.receive()
    async with running_workflow(log.database, tmp_path, checkpoint_seconds=0.02) as workflow:
        asker = await workflow.asker()
        await bundle_for(asker, case_id)
    # From here on nobody signs: we lead, and do nothing.
    async with leadership(log.view, Lead.SEALER), running_workflow(log.database, tmp_path) as workflow:
        asker = await workflow.asker()
        await asker.ask("/v1/cases", min_position=await log.give(case_id, AddNote("Not proven yet.")))
        monkeypatch.setattr(evidence, "_WAIT_SECONDS_MAX", 0.05)
        answer = await asker.get(f"/v1/cases/{case_id}/evidence")
        assert (answer.status_code, answer.json()["type"]) == (503, "urn:amends:problem:not-yet-proven")
        assert answer.headers["retry-after"] == "5"


async def test_with_a_new_signing_key_old_cases_are_proven_by_what_it_has_signed(log: Log, tmp_path: Path) -> None:
    case_id = await log.receive()
    async with running_workflow(log.database, tmp_path, checkpoint_seconds=0.02) as workflow:
        before = await bundle_for(await workflow.asker(), case_id)
    for name in ("signing.key", "signing.key.last"):
        (tmp_path / name).rename(tmp_path / f"old-{name}")
    await log.give(await log.receive(customer_ref="C-2"), AddNote("The log goes on."))
    async with running_workflow(log.database, tmp_path, checkpoint_seconds=0.02) as workflow:
        asker = await workflow.asker()
        after = await bundle_for(asker, case_id)
        assert (await checked(asker, after)).faults == ()
        assert not (await checked(asker, before)).is_good
    assert check_bundle(before).is_good


async def test_a_paper_is_added_where_it_can_be_had(
    log: Log, workflow: Workflow, monkeypatch: pytest.MonkeyPatch
) -> None:
    case_id = await log.receive()
    asker = await workflow.asker()
    assert bundle.DOSSIER_PDF not in read_archive(await bundle_for(asker, case_id))
    raw = await bundle_for(asker, case_id, pdf=True)
    assert read_archive(raw)[bundle.DOSSIER_PDF].startswith(b"%PDF-")
    assert (await checked(asker, raw)).is_good

    def cannot(*_: object) -> bytes:
        raise CannotPrint("This machine has no font.")

    monkeypatch.setattr(bundle, "pdf_of", cannot)
    answer = await asker.get(f"/v1/cases/{case_id}/evidence", pdf=True)
    assert (answer.status_code, answer.json()["detail"]) == (501, "This machine has no font.")


async def test_incidents_and_merged_cases_have_evidence_too(log: Log, workflow: Workflow) -> None:
    asker = await workflow.asker()
    incident = await log.open_incident("cause", "power_cut")
    survivor, merged = await log.receive(), await log.receive()
    await log.merge(merged, survivor)
    told = {}
    for case_id in (incident, survivor, merged):
        raw = await bundle_for(asker, case_id)
        assert (await checked(asker, raw)).faults == ()
        told[case_id] = read_archive(raw)[bundle.DOSSIER].decode()
    assert "Incident opened: A campaign" in told[incident]
    assert f"it goes on as {reference_of((await log.case(survivor)).first_position)}" in told[merged]
    assert f"{reference_of((await log.case(merged)).first_position)} went on here" in told[survivor]


async def test_evidence_is_for_those_who_may_see_the_case(log: Log, workflow: Workflow) -> None:
    case_id = await log.receive(branch="north-street")
    for asker, path, status in (
        (await workflow.asker(branch="south-street"), f"/v1/cases/{case_id}/evidence", 404),
        (await workflow.asker("admin"), f"/v1/cases/{case_id}/evidence", 403),
        (await workflow.asker(), f"/v1/cases/{UUID(int=7)}/evidence", 404),
        (await workflow.asker(), f"/v1/cases/{case_id}/evidence?words=yes", 422),
    ):
        answer = await asker.get(path)
        assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")


async def test_a_bundle_has_a_place_until_it_is_sent_or_refused_and_one_person_has_few(
    log: Log, workflow: Workflow
) -> None:
    case_id = await log.receive()
    asker, other = await workflow.asker(person="s-many"), await workflow.asker(person="s-few")
    # What is refused, or sent, leaves its place.
    for _ in range(OF_ONE_MAX + 1):
        assert (await asker.get(f"/v1/cases/{UUID(int=7)}/evidence")).status_code == 404
        await bundle_for(asker, case_id)
    for _ in range(OF_ONE_MAX):
        evidence._PLACES.take("s-many")
    try:
        answer = await asker.get(f"/v1/cases/{case_id}/evidence")
        assert (answer.status_code, answer.headers["retry-after"]) == (429, "1")
        await bundle_for(other, case_id)
    finally:
        for _ in range(OF_ONE_MAX):
            evidence._PLACES.give_back("s-many")
    await bundle_for(asker, case_id)


async def test_many_may_ask_at_once_while_the_case_goes_on(log: Log, workflow: Workflow) -> None:
    case_id = await a_case_among_others(log)
    asker, other = await workflow.asker(), await workflow.asker()

    async def going_on() -> None:
        for number in range(5):
            await log.give(case_id, AddNote(f"Note {number}."))

    *bundles, _ = await asyncio.gather(
        *(bundle_for(who, case_id) for who in (asker, other) for _ in range(4)), going_on()
    )
    for raw in bundles:
        assert raw is not None
        assert (await checked(asker, raw)).faults == ()
