"""A customer whose key is destroyed is found in no file of a whole system, which works and proves as before."""

from __future__ import annotations

import asyncio
import base64
import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import duckdb
import httpx
import pytest_asyncio

from tests.support.commands import WAIT_SECONDS_MAX
from tests.support.intake import Caller, complaint
from tests.support.listening import all_stored
from tests.support.system import System, until

NAME, PHONE = "Xanthippe Thistledown", "0991-8472-6630"
WORDS = ("Thistledown", PHONE, "quokkas", "吃了雨伞", "umbrella-stand")
CUSTOMER = "C-forgotten"
# What callers put beside a body, where it does not belong.
KEY = f"call-of-{NAME.replace(' ', '-')}-{PHONE}"
HEADERS = {
    **dict.fromkeys(("User-Agent", "X-Request-Id", "X-Correlation-Id", "From"), f"{NAME} {PHONE}"),
    "traceparent": f"00-{NAME}-{PHONE}-01",
    "tracestate": f"a=Thistledown-{PHONE}",
    "baggage": "of=Thistledown",
    "Referer": f"https://desk.example/?caller={PHONE}",
}
CODES = ("channel", "branch", "type", "cause", "product", "severity")
LISTS = ("desired_outcomes", "flags", "complained_of")
ASK = {"reason": "asked for by the customer, Art. 17 GDPR"}


@dataclass(frozen=True)
class Forgotten:
    """One customer, erased over HTTP by two persons: what was read before, and where their key stood."""

    case: dict[str, Any]
    read_before: list[dict[str, Any]]
    key_id: str
    wrapped_key: bytes
    key_stood_in: set[Path]
    answer: dict[str, Any]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def forgotten(system: System) -> Forgotten:
    handler, head = system.caller("handler"), system.caller("department_head")
    case = await _told_everything(system)
    await system.quiet()
    read_before = (await system.ask(f"/v1/cases/{case['id']}/events")).json()["items"]
    async with system.database() as database:
        key_id = await database.fetchval("SELECT key_id FROM data_keys WHERE customer_ref = $1", CUSTOMER)
    wrapped = _wrapped_key(system, key_id)
    key_stood_in = _files_with(system, [wrapped])
    asked = await handler.post(f"/v1/customers/{CUSTOMER}/erasure", ASK, key=f"{KEY}-5", headers=HEADERS)
    assert asked.status_code == 202, asked.text
    approved = await head.post(f"/v1/customers/{CUSTOMER}/erasure/approval", {}, key=f"{KEY}-6", headers=HEADERS)
    assert approved.status_code == 200, approved.text
    await system.quiet()
    # What PostgreSQL has in memory goes to its files, and what is dead out of them.
    async with system.database() as database:
        await database.execute("VACUUM FULL")
        await database.execute("CHECKPOINT")
    return Forgotten(case, read_before, str(key_id), wrapped, key_stood_in, approved.json())


async def _told_everything(system: System) -> dict[str, Any]:
    """A case with the customer's words wherever words may be, and where they may not."""
    agent, handler, head = (system.caller(role) for role in ("agent", "handler", "department_head"))
    customer = {"ref": CUSTOMER, "name": NAME, "phone": PHONE}
    told = complaint(narrative="Two quokkas ate my umbrella-stand. 两只短尾矮袋鼠吃了雨伞。", customer=customer)
    received = [await agent.post("/v1/complaints", told, key=KEY, headers=HEADERS)]
    received.append(await agent.post("/v1/complaints", told | {"narrative": f"{NAME} again."}, key=f"{KEY}-2"))
    assert [response.status_code for response in received] == [201, 201]
    case, later = (dict(response.json()) for response in received)
    said: list[tuple[Caller, str, dict[str, Any]]] = [
        (agent, "apology", {"by_channel": "phone", "text": f"We are sorry, {NAME}."}),
        (agent, "contacts", {"direction": "inbound", "channel": "phone", "reached": True, "summary": f"From {PHONE}"}),
        (agent, "notes", {"text": "She keeps quokkas."}),
        (head, "legal-hold", {"reason": f"{NAME} may sue."}),
        (head, "legal-hold/release", {"reason": f"{NAME} will not."}),
        (handler, "merge", {"into": case["id"], "reason": f"Both of {NAME}."}),
    ]
    for who, what, body in said:
        await who.must(later if what == "merge" else case, what, body, key=f"{KEY}-{what}", headers=HEADERS)
    # Refused, and so in the audit trail and perhaps in a log.
    assert (await agent.give(case, "investigation", {"findings": "quokkas", "cause": "x", "at_fault": True})).is_error
    response = await handler.post(f"/v1/customers/{CUSTOMER}/erasure", {"reason": f"{NAME} asked"}, key=f"{KEY}-3")
    assert response.status_code == 422
    await _misplaced(system, agent, case, told)
    assert (await handler.post(f"/v1/customers/{CUSTOMER}/erasure", ASK, key=f"{KEY}-4")).status_code == 202
    rejection = {"reason": f"It was not {NAME} who called from {PHONE}."}
    assert (await head.post(f"/v1/customers/{CUSTOMER}/erasure/rejection", rejection)).status_code == 200
    return case


async def _misplaced(system: System, agent: Caller, case: dict[str, Any], told: dict[str, Any]) -> None:
    """The customer's words in every clear field, in paths and in queries."""
    fields = [{field: value} for field in CODES for value in (NAME, PHONE)] + [{field: [NAME]} for field in LISTS]
    refused = [agent.post("/v1/complaints", told | field) for field in fields]
    refused += [agent.give(case, "classification", field) for field in fields if not {"channel", "branch"} & set(field)]
    refused += [
        agent.give(case, "flags", {"add": [NAME]}),
        agent.give(case, "actions", {"action": f"called {PHONE}"}),
        agent.give(case, "contacts", {"direction": "inbound", "channel": NAME, "summary": "x"}),
        agent.post("/v1/complaints", content=f"{{{NAME}".encode()),
        agent.post("/v1/complaints", told, key=f"{KEY} of two words"),
        agent.post(f"/v1/complaints/{NAME}/notes", {"text": NAME}),
        agent.post(f"/{NAME}/{PHONE}?of={NAME}", {}),
        *(system.ask(f"/v1/{what}", q=NAME, of="吃了雨伞") for what in (NAME, f"cases/{NAME}", f"cases/{NAME}/events")),
        system.ask("/v1/cases", limit=PHONE, cursor=NAME),
    ]
    answers = [response.status_code for response in await asyncio.gather(*refused)]
    assert set(answers) <= {400, 403, 404, 422}, answers
    for path in (f"/v1/customers/{NAME}/timeline", "/v1/cases"):
        await system.ask(path, q=f"{NAME} {PHONE} 吃了雨伞", customer=NAME)


def _wrapped_key(system: System, key_id: UUID) -> bytes:
    with sqlite3.connect(system.data_dir / "keys" / "customers.db") as keys:
        (wrapped,) = keys.execute("SELECT wrapped FROM data_keys WHERE key_id = ?", (key_id.bytes,)).fetchone()
    return bytes(wrapped)


def _files_with(system: System, sought: list[bytes]) -> set[Path]:
    """The files of the system that hold any of it, what it said at its terminal included."""
    return {path for path, content in _files(system) if any(each in content for each in sought)}


def _files(system: System) -> Iterator[tuple[Path, bytes]]:
    for path in sorted(system.directory.rglob("*")):
        try:
            if path.is_file():
                yield path.relative_to(system.directory), path.read_bytes()
        except FileNotFoundError:
            continue


def _written(words: tuple[str, ...]) -> list[bytes]:
    """Each word in the ways in which a program may have written it down."""
    ways: list[bytes] = []
    for word in words:
        plain = word.encode()
        ways += [plain, word.encode("utf-16-le"), json.dumps(word)[1:-1].encode(), plain.hex().encode()]
        # Base64 of a part of a text depends on where in the text it stands; the middle of it does not.
        ways += [base64.b64encode(b"x" * shift + plain)[4:-4] for shift in range(3)]
    return ways


def test_before_it_the_words_could_be_read_and_the_key_stood_in_the_key_store_alone(forgotten: Forgotten) -> None:
    assert NAME in str(forgotten.read_before)
    assert "quokkas" in str(forgotten.read_before)
    assert forgotten.key_stood_in
    assert {path.parent.name for path in forgotten.key_stood_in} == {"keys"}


def test_a_search_finds_what_is_there(system: System, forgotten: Forgotten) -> None:
    found = _files_with(system, [forgotten.case["id"].encode(), UUID(forgotten.case["id"]).bytes])
    assert {path.parts[1] for path in found} >= {"nats", "postgres"}
    assert _files_with(system, [b"intake"]) >= {Path("up.log")}
    assert {path.name for path in _files_with(system, [b'"event"'])} >= {"intake.log", "workflow.log"}


def test_no_file_of_the_database_the_broker_the_logs_or_the_key_store_holds_a_word_or_the_key(
    system: System, forgotten: Forgotten
) -> None:
    assert _files_with(system, [*_written(WORDS), forgotten.wrapped_key]) == set()


async def test_no_answer_and_no_message_holds_a_word(system: System, forgotten: Forgotten) -> None:
    paths = [f"/v1/cases/{forgotten.case['id']}", f"/v1/cases/{forgotten.case['id']}/events"]
    paths += [f"/v1/customers/{CUSTOMER}/{what}" for what in ("timeline", "erasure", "export")]
    paths += [f"/v1/cases?customer={CUSTOMER}", "/v1/audit/refusals"]
    answers = [(await system.ask(path)).text for path in paths]
    messages = [message.raw.decode() for message in (await all_stored(system.nats_url)).heard]
    for text in (*answers, *messages):
        assert not any(word in text for word in WORDS)
    told = [message for message in messages if forgotten.case["id"] in message]
    assert told


async def test_no_export_holds_a_word_also_where_personal_data_is_asked_for(
    system: System, forgotten: Forgotten, tmp_path: Path
) -> None:
    files = {form: tmp_path / form for form in ("ndjson", "ocel", "xes", "parquet")}
    exports = (system.run("export", "--format", form, "--personal", "-o", str(file)) for form, file in files.items())
    for ended, file in zip(await asyncio.gather(*exports), files.values(), strict=True):
        assert ended.status == 0, ended
        # A table is packed: its values, not its bytes.
        text = file.read_text() if file.name != "parquet" else _of_table(file)
        assert forgotten.case["id"] in text
        assert not any(word in text for word in WORDS)


def _of_table(file: Path) -> str:
    return str(duckdb.read_parquet(str(file)).project("COLUMNS(*)::VARCHAR").fetchall())


async def test_replay_verification_and_a_rebuild_find_everything_in_order(system: System, forgotten: Forgotten) -> None:
    before = await system.ask(f"/v1/cases/{forgotten.case['id']}")
    for ended in await asyncio.gather(*(system.run(command) for command in ("replay", "verify", "rebuild"))):
        assert ended.status == 0, ended
    assert (await system.ask(f"/v1/cases/{forgotten.case['id']}")).json() == before.json()


async def test_the_log_still_proves_what_was_recorded_of_the_customer(system: System, forgotten: Forgotten) -> None:
    position = forgotten.answer["cases"][-1]["position"]

    async def is_sealed() -> bool:
        return (await system.ask("/v1/audit/inclusion", position=position)).status_code == 200

    await until(is_sealed, lambda: f"nothing covers position {position}\n{system.output}")
    hashes = {event["position"]: event["leaf_hash"] for event in forgotten.read_before}
    for sealed in (min(hashes), max(hashes)):
        proof = (await system.ask("/v1/audit/inclusion", position=sealed)).json()
        assert base64.b64decode(proof["leaf_hash"]).hex() == hashes[sealed]


async def test_an_administrator_erases_with_one_command_and_gets_the_certificate(
    system: System, tmp_path: Path
) -> None:
    agent = system.caller("agent")
    told = complaint(customer={"ref": "C-cli", "name": NAME})
    for _ in range(2):
        await agent.post("/v1/complaints", told)
    held, nobodys, file = (tmp_path / name for name in ("held.json", "nobodys.json", "certificate.txt"))
    give = ("erase", "C-cli", "--reason", ASK["reason"])
    access, no_access, unasked, nobody, named = await asyncio.gather(
        system.run("subject-access", "C-cli", "-o", str(held)),
        system.run("subject-access", "C-nobody", "-o", str(nobodys)),
        system.run(*give),
        system.run("erase", "C-nobody", "--reason", "x", "--yes"),
        system.run("erase", "C-cli", "--reason", f"{NAME} asked", "--yes"),
    )
    assert (access.status, NAME in held.read_text(), held.stat().st_mode & 0o077) == (0, True, 0), access
    size = held.stat().st_size
    said = f"{size:,} bytes in {held}: everything that is held on C-cli, readable by you alone.\n"
    assert access.output == said
    assert (no_access.status, nobodys.exists()) == (1, False)
    assert (unasked.status, "--yes" in unasked.error) == (2, True), unasked
    assert (nobody.status, named.status, NAME in named.error) == (1, 1, False)

    erased = await system.run(*give, "--yes", "-o", str(file), "--json")
    assert erased.status == 0, erased
    document = erased.document
    assert (document["customer_ref"], len(document["cases"]), document["erased_before"]) == ("C-cli", 2, False)
    assert document["requested_by"].startswith("cli:")
    assert file.read_text() == document["certificate"]
    again, access = await asyncio.gather(
        system.run(*give, "--yes"), system.run("subject-access", "C-cli", "-o", str(held))
    )
    assert (again.status, again.output) == (0, document["certificate"])
    assert (access.status, NAME in held.read_text()) == (0, False)
    status = (await system.ask("/v1/customers/C-cli/erasure")).json()
    assert (status["status"], status["certificate"]) == ("erased", document["certificate"])

    # Intake had the key at hand, and takes a new one for what the customer says from now on.
    case = await system.case((await agent.post("/v1/complaints", told)).json())
    events = (await system.ask(f"/v1/cases/{case['id']}/events")).json()["items"]
    assert events[0]["personal"]["customer"] == {"name": NAME}


async def test_an_erasure_that_a_kill_cuts_off_is_finished_and_done_once(system: System) -> None:
    agent, handler, head = (system.caller(role) for role in ("agent", "handler", "department_head"))
    customers = [f"C-cut-{number}" for number in range(16)]
    for ref in customers:
        for _ in range(2):
            await agent.post("/v1/complaints", complaint(customer={"ref": ref, "name": NAME}))
        await handler.post(f"/v1/customers/{ref}/erasure", ASK)
    answered = asyncio.Event()

    async def approve(ref: str) -> dict[str, Any]:
        """As a caller does whose answer was lost: again, with the same key."""
        while True:
            try:
                response = await head.post(f"/v1/customers/{ref}/erasure/approval", {}, key=f"cut-{ref}")
            except httpx.TransportError:
                await asyncio.sleep(0.05)
                continue
            if response.status_code != 503:
                answered.set()
                return dict(response.json())
            await asyncio.sleep(0.05)

    approving = [asyncio.create_task(approve(ref)) for ref in customers]
    await answered.wait()
    await system.kill("intake")
    async with asyncio.timeout(WAIT_SECONDS_MAX):
        answers = await asyncio.gather(*approving)
    assert [answer["status"] for answer in answers] == ["erased"] * len(customers)
    async with system.database() as database:
        rows = await database.fetch(
            "SELECT stream_id, position, data ->> 'key_id' AS key_id FROM events"
            " WHERE type = 'personal-data-erased' AND data ->> 'approved_by' = 'dev-department_head'"
            " AND data ->> 'key_id' = ANY($1) ORDER BY position",
            [answer["key_id"] for answer in answers],
        )
    told = sorted((case["position"], case["id"], answer["key_id"]) for answer in answers for case in answer["cases"])
    assert [(row["position"], str(row["stream_id"]), row["key_id"]) for row in rows] == told
    assert len(told) == 2 * len(customers)
    assert not any(any(_wrapped_key(system, UUID(answer["key_id"]))) for answer in answers), "a key is there still"
