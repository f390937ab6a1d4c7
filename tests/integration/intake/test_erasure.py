"""A customer is forgotten over HTTP: by two persons, on all their cases, once; what was sealed opens no more."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import UUID

import pytest

from amends_platform.keystore.file_store import FileKeyStore
from amends_platform.keystore.opening import open_key_store
from amends_platform.keystore.protocol import KeyStoreUnavailable
from tests.support.intake import Caller, Intake, complaint, refused, running_intake
from tests.support.postgres import Database, PostgresServer, new_database

ASK = {"reason": "asked for by the customer, Art. 17 GDPR"}
HOLD = {"reason": "The customer is suing, says Ms. Chen's lawyer."}
ERASURE = "/v1/customers/C-10482/erasure"
APPROVAL, REJECTION = f"{ERASURE}/approval", f"{ERASURE}/rejection"


async def _keys_held(intake: Intake, key_ids: Iterable[UUID]) -> set[UUID]:
    store = open_key_store(intake.settings)
    try:
        return await store.holds(key_ids)
    finally:
        await store.aclose()


async def _asked(intake: Intake, cases: int = 2) -> tuple[Caller, Caller, list[dict[str, Any]]]:
    """A handler who has asked for it, a head, and the customer's cases."""
    handler, head = await intake.caller("handler"), await intake.caller("department_head")
    received = [await handler.receive() for _ in range(cases)]
    response = await handler.post(ERASURE, ASK)
    assert response.status_code == 202, response.text
    return handler, head, received


async def test_one_person_asks_another_approves_and_the_key_is_destroyed(intake: Intake) -> None:
    handler, head, cases = await _asked(intake)
    stranger = await handler.receive(customer={"ref": "C-2"})
    (key_id,) = [row["key_id"] for row in await intake.rows("SELECT key_id FROM data_keys WHERE customer_ref <> 'C-2'")]
    response = await head.post(APPROVAL, {})
    assert response.status_code == 200, response.text
    assert response.json() == {
        "customer_ref": "C-10482",
        "status": "erased",
        "requested_by": handler.person,
        "approved_by": head.person,
        "key_id": str(key_id),
        "cases": [
            {"id": case["id"], "reference": case["reference"], "position": position}
            for position, case in enumerate(cases, 6)
        ],
    }
    told = {"requested_by": handler.person, "reason": ASK["reason"]}
    for case in cases:
        assert (await intake.events(case))[1:] == [
            ("erasure-requested", told),
            ("personal-data-erased", told | {"key_id": str(key_id), "approved_by": head.person}),
        ]
    assert await intake.types(stranger) == ["complaint-received"]
    assert await _keys_held(intake, [key_id]) == set()
    assert await intake.rows("SELECT count(*) FROM data_keys WHERE erased_at IS NOT NULL") == [{"count": 1}]


async def test_a_request_is_answered_with_the_cases_it_is_about(intake: Intake) -> None:
    handler = await intake.caller("handler")
    case = await handler.receive()
    response = await handler.post(ERASURE, ASK)
    assert (response.status_code, response.json()) == (
        202,
        {
            "customer_ref": "C-10482",
            "status": "requested",
            "requested_by": handler.person,
            "cases": [{"id": case["id"], "reference": case["reference"], "position": 2}],
        },
    )


async def test_a_customer_may_be_called_in_any_way(intake: Intake) -> None:
    handler = await intake.caller("handler")
    for ref in ("A/1", "erasure/approval", "客户 7?", "a%2Fb", "../x"):
        await handler.receive(customer={"ref": ref})
        response = await handler.post(f"/v1/customers/{quote(ref, safe='')}/erasure", ASK)
        assert (response.status_code, response.json()["customer_ref"]) == (202, ref)


async def test_a_request_is_rejected_by_a_head_or_taken_back(intake: Intake) -> None:
    handler, head, (case,) = await _asked(intake, cases=1)
    response = await head.post(REJECTION, {"reason": "It was not Ms. Chen who called."})
    assert (response.status_code, response.json()["status"]) == (200, "rejected")
    # What is written about a rejection may name people: it is sealed.
    assert (await intake.events(case))[-1] == ("erasure-rejected", {"rejected_by": head.person})
    assert refused(await head.post(APPROVAL, {})) == (409, "no-erasure-asked")
    assert (await handler.post(ERASURE, ASK)).status_code == 202
    assert (await handler.post(REJECTION, {})).json()["rejected_by"] == handler.person


async def test_who_may_not_is_refused_and_it_is_kept_for_audit(intake: Intake) -> None:
    handler, _, (case,) = await _asked(intake, cases=1)
    agent = await intake.caller("agent")
    same_person = await intake.caller("executive", person=handler.person)
    tried: list[tuple[Caller, str, dict[str, Any], str]] = [
        (agent, ERASURE, ASK, "role-not-allowed"),
        (handler, APPROVAL, {}, "role-not-allowed"),
        (same_person, APPROVAL, {}, "own-request"),
    ]
    for who, path, body, code in tried:
        assert refused(await who.post(path, body)) == (403, code)
    kept = await intake.rows("SELECT principal, case_id, command, code FROM refusals ORDER BY id")
    assert [(row["principal"], row["code"]) for row in kept] == [(who.person, code) for who, _, _, code in tried]
    assert {str(row["case_id"]) for row in kept} == {case["id"]}
    assert await intake.types(case) == ["complaint-received", "erasure-requested"]


async def test_nobody_learns_by_asking_to_forget_somebody_who_complained_elsewhere(intake: Intake) -> None:
    _, _, (case,) = await _asked(intake, cases=1)
    tried = [
        *(("executive", "harbour", way) for way in ("", "/approval", "/rejection")),
        *(("handler", "harbour", way) for way in ("", "/approval")),
        *((role, None, "") for role in ("agent", "admin", "auditor", "integration")),
    ]
    said = set()
    for role, branch, way in tried:
        who = await intake.caller(role, branch=branch)
        paths = (ERASURE + way, f"/v1/customers/C-2/erasure{way}")
        answers = [await who.post(path, {} if way else ASK) for path in paths]
        told, of_nobody = ((each.status_code, each.json() | {"instance": None}) for each in answers)
        assert told == of_nobody
        said.add(refused(answers[0]))
    assert said == {(404, "no-such-customer"), (403, "role-not-allowed")}
    # What was tried on somebody's cases is on record all the same.
    kept = await intake.rows("SELECT code FROM refusals WHERE case_id = $1 ORDER BY id", UUID(case["id"]))
    assert [row["code"] for row in kept] == ["other-branch"] * 4 + ["role-not-allowed"] * 5


async def test_who_has_some_of_a_customers_cases_is_told_that_there_are_others(intake: Intake) -> None:
    handler = await intake.caller("handler")
    await handler.receive()
    await handler.receive(branch="harbour")
    here = await intake.caller("handler", branch="harbour")
    assert refused(await here.post(ERASURE, ASK)) == (403, "other-branch")


async def test_what_cannot_be_changes_nothing(intake: Intake) -> None:
    handler, head = await intake.caller("handler"), await intake.caller("department_head")
    case = await handler.receive()
    wrong: list[tuple[Caller, str, Any, tuple[int, str]]] = [
        (handler, "/v1/customers/C-2/erasure", ASK, (404, "no-such-customer")),
        (handler, "/v1/customers/%00/erasure", ASK, (404, "no-such-customer")),
        (head, APPROVAL, {}, (409, "no-erasure-asked")),
        (head, REJECTION, {}, (409, "no-erasure-asked")),
        (handler, ERASURE, {}, (422, "invalid-body")),
        (handler, ERASURE, {"reason": " "}, (422, "invalid-body")),
        (handler, ERASURE, {"reason": "x" * 201}, (422, "invalid-body")),
        (handler, ERASURE, {"reason": "two\nlines"}, (422, "invalid-body")),
        (handler, ERASURE, ASK | {"soon": True}, (422, "invalid-body")),
        (handler, ERASURE, {"reason": "Chen called and asked for it"}, (422, "reason-names-customer")),
        (handler, ERASURE, {"reason": "the customer of 555 0142 called"}, (422, "reason-names-customer")),
    ]
    for who, path, body, answer in wrong:
        response = await who.post(path, body)
        assert refused(response) == answer
        assert "Chen" not in response.text
    assert refused(await handler.post(ERASURE, ASK, if_match=1)) == (412, "version-mismatch")
    assert await intake.types(case) == ["complaint-received"]


async def test_a_legal_hold_refuses_it_and_says_why(intake: Intake) -> None:
    handler, head = await intake.caller("handler"), await intake.caller("department_head")
    case, held = await handler.receive(), await handler.receive()
    await head.must(held, "withdrawal", {"by_channel": "phone", "reason": "Settled."})
    assert await handler.may_not(held, "legal-hold", HOLD) == (403, "role-not-allowed")
    # Twice: the reason told is the last one's.
    for reason in ({"reason": "An audit."}, HOLD):
        await head.must(held, "legal-hold", reason)
        assert await head.may_not(held, "legal-hold", reason) == (409, "already-held")
        if reason is not HOLD:
            await head.must(held, "legal-hold/release", {"reason": "It is over."})
    response = await handler.post(ERASURE, ASK)
    assert refused(response) == (409, "legal-hold")
    assert response.json()["holds"] == [{"reference": held["reference"], "reason": HOLD["reason"]}]
    assert await intake.types(case) == ["complaint-received"]
    await head.must(held, "legal-hold/release", {"reason": "Settled out of court."})
    assert (await handler.post(ERASURE, ASK)).status_code == 202
    await head.must(case, "legal-hold", HOLD)
    assert refused(await head.post(APPROVAL, {})) == (409, "legal-hold")


async def test_a_repeated_request_is_answered_as_the_first_also_after_a_restart(
    database: Database, tmp_path: Path
) -> None:
    async with running_intake(database, tmp_path) as before:
        handler, head = await before.caller("handler"), await before.caller("department_head")
        await handler.receive()
        first = [await handler.post(ERASURE, ASK, key="ask"), await head.post(APPROVAL, {}, key="approve")]
        again = [await handler.post(ERASURE, ASK, key="ask"), await head.post(APPROVAL, {}, key="approve")]
        assert refused(await handler.post(ERASURE, {"reason": "another"}, key="ask")) == (422, "idempotency-key-reused")
        assert refused(await head.post(REJECTION, {}, key="approve")) == (422, "idempotency-key-reused")
    async with running_intake(database, tmp_path) as after:
        handler, head = (Caller(after.client, each._api_key, each.person) for each in (handler, head))
        again += [await handler.post(ERASURE, ASK, key="ask"), await head.post(APPROVAL, {}, key="approve")]
        assert [(each.status_code, each.content) for each in again] == [
            (each.status_code, each.content) for each in (*first, *first)
        ]
        assert {each.headers.get("idempotent-replayed") for each in again} == {"true"}
        assert refused(await handler.post(ERASURE, ASK)) == (409, "already-erased")
        assert await after.rows("SELECT count(*) FROM events") == [{"count": 3}]


async def test_an_answer_says_erased_only_once_the_key_is_destroyed(
    intake: Intake, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, head, _ = await _asked(intake, cases=1)
    (key_id,) = [row["key_id"] for row in await intake.rows("SELECT key_id FROM data_keys")]

    async def away(_store: FileKeyStore, _key_ids: Iterable[UUID]) -> None:
        raise KeyStoreUnavailable("the disk is full")

    with monkeypatch.context() as while_away:
        while_away.setattr(FileKeyStore, "destroy", away)
        assert refused(await head.post(APPROVAL, {}, key="k")) == (503, "outcome-unknown")
        assert refused(await head.post(APPROVAL, {}, key="k")) == (503, "outcome-unknown")
        assert await _keys_held(intake, [key_id]) == {key_id}
    response = await head.post(APPROVAL, {}, key="k")
    assert (response.status_code, response.json()["status"]) == (200, "erased")
    assert await _keys_held(intake, [key_id]) == set()


async def test_an_erased_customer_complains_again_and_is_erased_again(intake: Intake) -> None:
    handler, head, (case,) = await _asked(intake, cases=1)
    first = (await head.post(APPROVAL, {})).json()
    # On the old case and on a new one: both under a key that is not the erased one.
    await handler.must(case, "notes", {"text": "Ms. Chen called again."})
    again = await handler.receive()
    rows = await intake.rows("SELECT DISTINCT key_id FROM events WHERE position > 3")
    (key_id,) = [row["key_id"] for row in rows]
    assert str(key_id) != first["key_id"]
    assert refused(await head.post(APPROVAL, {})) == (409, "no-erasure-asked")
    assert (await handler.post(ERASURE, ASK)).status_code == 202
    second = (await head.post(APPROVAL, {})).json()
    assert second["key_id"] == str(key_id)
    assert [each["id"] for each in second["cases"]] == [case["id"], again["id"]]
    assert await _keys_held(intake, [key_id, UUID(first["key_id"])]) == set()


async def test_of_two_who_answer_at_once_one_is_heard(intake: Intake) -> None:
    _, head, cases = await _asked(intake)
    executive = await intake.caller("executive")
    answers = await asyncio.gather(
        head.post(APPROVAL, {}), executive.post(APPROVAL, {}), executive.post(REJECTION, {}), head.post(REJECTION, {})
    )
    assert sorted(each.status_code for each in answers) == [200, 409, 409, 409]
    for case in cases:
        assert len(await intake.types(case)) == 3


async def test_what_is_said_while_the_customer_is_erased_is_lost_with_the_rest_or_kept_whole(intake: Intake) -> None:
    handler, head, cases = await _asked(intake)
    said = [handler.give(cases[n % 2], "notes", {"text": f"Note {n}."}) for n in range(12)]
    erased, *_ = await asyncio.gather(head.post(APPROVAL, {}), *said, handler.post("/v1/complaints", complaint()))
    assert erased.status_code == 200, erased.text
    # Every key that seals anything after the erasure is another one, and is there.
    erased_at = max(case["position"] for case in erased.json()["cases"])
    key_ids = await intake.rows(
        "SELECT DISTINCT key_id FROM events WHERE position > $1 AND sealed IS NOT NULL", erased_at
    )
    after = {row["key_id"] for row in key_ids}
    assert UUID(erased.json()["key_id"]) not in after
    assert await _keys_held(intake, after) == after
    assert await intake.rows("SELECT count(*) FROM events WHERE type = 'note-added'") == [{"count": 12}]


async def test_a_restored_database_learns_from_the_key_store_who_was_erased(
    postgres: PostgresServer, database: Database, tmp_path: Path
) -> None:
    async with running_intake(database, tmp_path) as before:
        handler, head = await before.caller("handler"), await before.caller("department_head")
        case = await handler.receive()
    await database.close_pools()
    async with new_database(postgres, template=database.name) as backup:
        async with running_intake(database, tmp_path) as running:
            handler, head = (Caller(running.client, each._api_key, each.person) for each in (handler, head))
            assert (await handler.post(ERASURE, ASK)).status_code == 202
            key_id = (await head.post(APPROVAL, {})).json()["key_id"]
        async with running_intake(backup, tmp_path) as restored:
            handler = Caller(restored.client, handler._api_key, handler.person)
            # Neither does the old key come back, nor is the customer turned away.
            await handler.must(case, "notes", {"text": "Called again."})
            (row,) = await restored.rows("SELECT key_id FROM events WHERE type = 'note-added'")
            assert str(row["key_id"]) != key_id
            assert await _keys_held(restored, [UUID(key_id), row["key_id"]]) == {row["key_id"]}
            assert (await handler.post(ERASURE, ASK)).status_code == 202


async def test_only_a_new_word_about_an_erased_customer_gives_them_another_key(intake: Intake) -> None:
    _, head, (case, other) = await _asked(intake)
    assert (await head.post(APPROVAL, {})).status_code == 200
    # The life of the cases goes on, and nothing of it is about the customer.
    await head.must(case, "flags", {"add": ["repeat"]})
    await head.must(other, "assignment", {"owner": head.person})
    assert await intake.rows("SELECT count(*) FROM data_keys") == [{"count": 1}]
    assert refused(await head.post(ERASURE, ASK)) == (409, "already-erased")
    await head.must(case, "notes", {"text": "Ms. Chen called."})
    sealed = "SELECT count(*) FROM events JOIN data_keys USING (key_id) WHERE stream_id = $1 AND erased_at IS NULL"
    assert await intake.rows(sealed, case["id"]) == [{"count": 1}]
    assert (await head.post(ERASURE, ASK)).status_code == 202
