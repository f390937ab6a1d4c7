"""Personal data: sealed under a key of the customer's own, and nowhere in the clear."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import orjson

from amends_platform.keyring import Keyring
from amends_platform.keystore.opening import open_key_store
from amends_platform.recorded import personal_data
from amends_store.read import read_log
from tests.support.intake import Intake

WORDS = ("Ms. Chen", "555-0142", "kept my card", "so very sorry", "the feed jammed", "a secret")


async def _a_life(intake: Intake) -> None:
    handler = await intake.caller("handler")
    case = await handler.receive(narrative="The machine kept my card.")
    await handler.give(case, "apology", {"by_channel": "phone", "text": "We are so very sorry."})
    finding = {"findings": "We found that the feed jammed.", "cause": "process_too_slow", "at_fault": True}
    await handler.give(case, "investigation", finding | {"countermeasures": ["Service the feed jammed before."]})


async def _all_that_can_be_said(intake: Intake) -> None:
    """Every free text that a command takes, on one case or another."""
    supervisor, agent = await intake.caller("supervisor"), await intake.caller("agent")
    secret, at = "It is a secret.", (intake.now() + timedelta(days=2)).isoformat()
    older, case = await supervisor.receive(), await supervisor.receive()
    incident = await supervisor.open_incident()
    said: list[tuple[dict[str, Any], str, dict[str, Any]]] = [
        (case, "promises", {"text": secret, "due_at": at}),
        (case, "promises/1/kept", {"text": secret}),
        (case, "handoffs", {"department": "cards", "reason": secret}),
        (case, "handoffs/refusal", {"reason": secret}),
        (case, "assignment", {"owner": "s-1", "reason": secret}),
        (case, "classification", {"type": "waiting_time", "grade": "major", "reason": secret}),
        (case, "flags", {"add": ["urgent"], "reason": secret}),
        (case, "escalation", {"reason": secret}),
        (case, "notes", {"text": secret}),
        (case, "corrections", {"position": case["position"], "text": secret}),
        (case, "actions", {"action": "refund_made", "text": secret}),
        (case, "merge", {"into": older["id"], "reason": secret}),
        (incident, "notes", {"text": secret}),
        (incident, "closure", {"reason": secret}),
    ]
    for where, what, body in said:
        await supervisor.must(where, what, body)
        await agent.give(where, "investigation", {"findings": secret, "cause": "x", "at_fault": True})


async def test_no_name_number_or_word_of_a_customer_is_in_the_clear(intake: Intake) -> None:
    await _a_life(intake)
    await _all_that_can_be_said(intake)
    tables = "events hashed_receipts data_keys log_head policies api_keys refusals publications personal_data_readings"
    for table in tables.split():
        rows = await intake.database.fetchval(f"SELECT coalesce(string_agg(t::text, ' '), '') FROM {table} AS t")
        # bytea shows as hexadecimal: look for both.
        for word in WORDS:
            assert word not in rows, f"{word!r} stands in {table}"
            assert word.encode().hex() not in rows, f"{word!r} stands in {table}, as bytes"


async def test_what_was_sealed_opens_with_the_customers_key(intake: Intake) -> None:
    await _a_life(intake)
    pool = await intake.database.pool()
    store = open_key_store(intake.settings)
    keyring = Keyring(pool, store)
    rows = await read_log(pool, after=0, limit=10)
    keys = await keyring.by_id(row.key_id for row in rows if row.key_id is not None)
    await store.aclose()
    received, apology, investigation = (personal_data(row, keys) for row in rows)
    assert received["narrative"] == "The machine kept my card."
    assert received["customer"] == {"name": "Ms. Chen", "phone": "555-0142"}
    assert apology == {"text": "We are so very sorry."}
    assert investigation["findings"] == "We found that the feed jammed."


async def test_a_customer_has_one_data_key_over_all_cases(intake: Intake) -> None:
    agent = await intake.caller("agent")
    for _ in range(3):
        await agent.receive()
    await agent.receive(customer={"ref": "C-2"})
    assert await intake.database.fetchval("SELECT count(*) FROM data_keys") == 2


async def test_who_complains_again_after_their_key_was_erased_gets_another(intake: Intake) -> None:
    handler = await intake.caller("handler")
    case, older = await handler.receive(), await handler.receive()
    erase = "UPDATE data_keys SET erased_at = log_now() WHERE erased_at IS NULL"
    says: list[Callable[[], Awaitable[Any]]] = [
        lambda: handler.must(case, "notes", {"text": "They called."}),
        handler.receive,
        lambda: handler.must(older, "merge", {"into": case["id"], "reason": "One matter."}),
    ]
    for say in says:
        # Intake has the key at hand still.
        await intake.database.execute(erase)
        await say()
    assert await intake.database.fetchval("SELECT count(*) FROM data_keys") == 4
    sealed_after = "SELECT count(*) FROM events JOIN data_keys USING (key_id) WHERE erased_at <= events.recorded_at"
    assert await intake.database.fetchval(sealed_after) == 0


async def test_the_clear_data_keeps_what_decisions_need(intake: Intake) -> None:
    await _a_life(intake)
    data = await intake.database.fetchval("SELECT data::text FROM events WHERE position = 3")
    assert orjson.loads(data) == {"cause": "process_too_slow", "at_fault": True}
