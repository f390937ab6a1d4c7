"""Replay and verify: the log and the tables are held against one another, and what was tampered with is named."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import asyncpg
import pytest

from amends_domain.commands import Withdraw
from amends_platform.auditing import auditor_connection
from amends_platform.failures import CannotReach
from amends_platform.replaying import expected, folding, replays
from amends_platform.replaying.replays import Replayed, replay_and_compare, replay_as_of, replay_case
from amends_platform.verifying.log import Request, Verified, verify_log
from tests.integration.cli.telling import Told, change, connected
from tests.integration.workflow.conftest import Log, project
from tests.support.lives import HEAD
from tests.support.postgres import Database
from tests.support.timers import fire_due


async def replayed(database: Database) -> Replayed:
    async with auditor_connection(database.url) as conn, auditor_connection(database.url) as reader:
        return await replay_and_compare(conn, reader, lambda _stage, _done, _total: None)


async def verified(database: Database) -> Verified:
    return await verify_log(Request(database.url), lambda _done, _total: None)


async def differences(database: Database) -> list[str]:
    """What a replay finds different, a sentence each."""
    return [str(difference) for difference in (await replayed(database)).differences]


async def test_live_state_and_replayed_state_are_identical(told: Told) -> None:
    found = await replayed(told.database)
    assert found.differences == []
    assert found.cases == 9
    assert found.events == found.head == await told.database.fetchval("SELECT count(*) FROM events")
    assert sum(found.states.values()) == 9
    fired = "SELECT type, count(*) FROM events WHERE actor = 'system:workflow' GROUP BY type"
    async with connected(told.database) as connection:
        counted = dict(await connection.fetch(fired))
    assert {
        "flags-changed": 1,
        "incident-opened": 1,
        "linked-to-incident": 2,
        "reclassified": 1,
    }.items() <= counted.items()
    assert counted.keys() >= {"reminder-issued", "deadline-breached", "case-escalated"}


async def test_closed_cases_are_forgotten_and_still_compared(
    told: Told, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folding, "_CLOSED_WHOLE_MAX", 0)
    monkeypatch.setattr(replays, "_BATCH_EVENTS_MAX", 1)
    named = told.cases
    await log.give(named["closed"], Withdraw("phone", "Settled again."))
    await log.give(named["kept"], Withdraw("phone", "Settled."))
    await project(told.database)
    assert (await replayed(told.database)).differences == []
    await change(told.database, "UPDATE cases SET cycle = 7 WHERE customer_ref = 'closed'")
    (found,) = await differences(told.database)
    assert "cycle is 7, and the log makes it 2" in found


TAMPERED = [
    (
        "UPDATE cases SET state = 'proposed' WHERE customer_ref = 'kept'",
        "state is proposed, and the log makes it apolog",
    ),
    (
        "UPDATE cases SET flags = '{}' WHERE customer_ref = 'closed'",
        "flags is (), and the log makes it ('vulnerable',)",
    ),
    ("UPDATE cases SET breached = false WHERE customer_ref = 'broken'", "breached is False"),
    ("DELETE FROM cases WHERE customer_ref = 'past'", "the live state does not have this case"),
    ("UPDATE deadlines SET status = 'met' WHERE status = 'breached' AND clock = 'apology'", "status is met"),
    ("DELETE FROM deadlines WHERE status = 'extended'", "deadline callback (generation 1) is missing"),
    (
        "UPDATE deadlines SET generation = 9 WHERE status = 'extended'",
        "deadline callback (generation 9) is there, and no policy calls for it",
    ),
    ("DELETE FROM timers", "what falls due then will never be recorded"),
    ("UPDATE timers SET fires_at = fires_at + interval '1 day'", "fires_at is"),
    ("""UPDATE timers SET data = replace(data, '"generation":', '"generation":1')""", "data is"),
    (
        'INSERT INTO cases SELECT (json_populate_record(c, \'{"id": "01890000-0000-7000-8000-00000000000f"}\')).*'
        " FROM cases AS c WHERE customer_ref = 'kept'",
        "the live state has rows of a case that the log does not have",
    ),
]


@pytest.mark.parametrize(("statement", "said"), TAMPERED, ids=[said[:24] for _, said in TAMPERED])
async def test_a_row_that_was_tampered_with_is_named(told: Told, statement: str, said: str) -> None:
    await change(told.database, statement)
    found = await differences(told.database)
    assert found
    assert any(said in difference for difference in found), found


FORGED = [
    ("due_at = due_at", "due_at", "2026-01-01T00:00:00+00:00", "deadline-breached", "it says due 2026-01-01"),
    ("generation", "generation", 5, "deadline-breached", "no policy started such a clock"),
    ("to", "to", "the_press", "case-escalated", "the policy has no such step to the_press"),
    ("fell_due_at", "fell_due_at", "2026-01-01T00:00:00+00:00", "case-escalated", "it says 2026-01-01"),
    ("broken_promise", "broken_promise", 7, "reclassified", "there was no such promise"),
    ("warning", "warning", "never", "reminder-issued", "the policy has no warning 'never' then"),
]


@pytest.mark.parametrize(("field", "value", "type_", "said"), [row[1:] for row in FORGED], ids=[r[0] for r in FORGED])
async def test_an_alert_that_no_policy_calls_for_is_named(
    told: Told, field: str, value: object, type_: str, said: str
) -> None:
    new = f"to_json('{value}'::text)" if isinstance(value, str) else f"to_json({value})"
    await change(
        told.database,
        f"UPDATE events SET data = jsonb_set(data::jsonb, '{{{field}}}', {new}::jsonb)::json WHERE position ="
        f" (SELECT min(position) FROM events WHERE type = '{type_}')",
    )
    assert any(said in difference for difference in await differences(told.database))


async def test_a_breach_before_its_time_or_twice_is_named(told: Told) -> None:
    breach = "(SELECT min(position) FROM events WHERE type = 'deadline-breached')"
    await change(
        told.database, f"UPDATE events SET recorded_at = recorded_at - interval '6 hours' WHERE position = {breach}"
    )
    assert any("recorded before the deadline" in each for each in await differences(told.database))
    case_of_breach = f"(SELECT stream_id FROM events WHERE position = {breach})"
    await change(
        told.database,
        f"UPDATE events SET (type, data, recorded_at) = (SELECT type, data, recorded_at FROM events WHERE position ="
        f" {breach}) WHERE position = (SELECT max(position) FROM events WHERE stream_id = {case_of_breach})",
    )
    assert any("it was recorded before" in each for each in await differences(told.database))


async def test_a_stream_that_makes_no_case_is_named_and_the_others_are_compared(told: Told) -> None:
    named = told.cases
    await change(
        told.database,
        f"UPDATE events SET type = 'complaint-lost' WHERE stream_id = '{named['kept']}' AND version = 2",
        f"UPDATE events SET version = 99 WHERE stream_id = '{named['broken']}' AND version = 2",
        "UPDATE cases SET owner = 'nobody' WHERE customer_ref = 'moved'",
    )
    found = "\n".join(await differences(told.database))
    assert "it cannot be replayed: unknown event type complaint-lost" in found
    assert "version 99 came after 1" in found
    assert "owner is nobody" in found


async def test_a_live_state_that_stands_still_is_told(told: Told, log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replays, "_STANDSTILL_SECONDS_MAX", 0.1)
    await log.receive()
    (found,) = await differences(told.database)
    assert "stands still 1 events behind the log" in found


async def test_what_fires_while_the_live_state_is_behind_is_no_difference(
    told: Told, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replays, "_STANDSTILL_SECONDS_MAX", 0.1)
    await told.database.move_clock(timedelta(hours=20))
    assert await fire_due(log.view, 100)
    assert all("stands still" in each for each in await differences(told.database))


async def test_one_case_is_replayed_alone(told: Told) -> None:
    named = told.cases
    await change(told.database, "UPDATE cases SET owner = 'nobody'")
    async with auditor_connection(told.database.url) as conn:
        found = await replay_case(conn, named["broken"], None)
        assert [(d.case_id, d.what) for d in found.differences] == [
            (named["broken"], f"owner is nobody, and the log makes it {HEAD.id}")
        ]
        of_case = "SELECT count(*) FROM events WHERE stream_id = $1"
        assert found.events == await told.database.fetchval(of_case, named["broken"])


async def test_the_past_is_replayed_as_it_was_known(told: Told) -> None:
    named = told.cases
    reopened = "SELECT recorded_at FROM events WHERE type = 'case-reopened'"
    before = await told.database.fetchval(reopened) - timedelta(microseconds=1)
    async with auditor_connection(told.database.url) as conn, auditor_connection(told.database.url) as reader:
        then = await replay_as_of(conn, reader, before, lambda _stage, _done, _total: None)
        assert then.states["withdrawn"] == 1
        one = await replay_case(conn, named["closed"], before)
        assert (one.events, one.states) == (2, {"withdrawn": 1})
        nothing = await replay_as_of(conn, reader, before - timedelta(days=365), lambda _stage, _done, _total: None)
    assert (nothing.events, nothing.cases, nothing.states) == (0, 0, {})
    assert (await replayed(told.database)).states.get("withdrawn", 0) == 0


async def test_an_empty_log_is_identical_and_sound(database: Database) -> None:
    found = await replayed(database)
    assert (found.events, found.cases, found.differences) == (0, 0, [])
    assert (await verified(database)).faults == ()


async def test_every_column_of_the_read_model_is_compared(told: Told) -> None:
    columns = {
        "cases": {"id", *expected.CASE_COLUMNS, *expected.CROSS_CASE_COLUMNS},
        "deadlines": {"case_id", "clock", "generation", *expected.DEADLINE_COLUMNS},
        "alerts": {"case_id", "position", *expected.ALERT_COLUMNS},
        # The correlation of a timer is that of the case's last event, which is not kept while folding.
        "timers": {"case_id", "clock", "generation", "step", "correlation_id", *expected.TIMER_COLUMNS},
    }
    for table, compared in columns.items():
        async with connected(told.database) as connection:
            there = await connection.fetch(
                "SELECT column_name FROM information_schema.columns WHERE table_name = $1", table
            )
        assert {row["column_name"] for row in there} == compared


# verify


async def test_a_log_as_it_was_written_is_sound(told: Told) -> None:
    found = await verified(told.database)
    assert found.faults == ()
    assert (found.head, found.streams) == (await told.database.fetchval("SELECT max(position) FROM events"), 9)


FAULTS: list[tuple[str, int, str]] = [
    ("UPDATE events SET actor = 'nobody' WHERE position = 3", 3, "its hash is not that of its content"),
    ("UPDATE events SET data = replace(data::text, 'phone', 'email')::json WHERE position = 2", 2, "its hash"),
    ("UPDATE events SET sealed = sealed || '\\x00' WHERE position = 4", 4, "its hash"),
    ("UPDATE events SET leaf_hash = sha256('x') WHERE position = 5", 5, "its hash"),
    ("DELETE FROM events WHERE position = 4", 4, "position 4 is missing"),
    (
        "UPDATE events SET recorded_at = recorded_at - interval '1 h' WHERE position = 6",
        6,
        "before the event that prec",
    ),
    ("UPDATE events SET version = 99 WHERE position = 7", 7, "version 99 of case"),
]


@pytest.mark.parametrize(("statement", "position", "said"), FAULTS)
async def test_verify_names_the_first_bad_position(told: Told, statement: str, position: int, said: str) -> None:
    await change(told.database, statement)
    found = await verified(told.database)
    assert found.faults[0].position == position
    assert said in " ".join(fault.what for fault in found.faults if fault.position == position)


# who looks


async def test_looking_changes_nothing_even_for_the_owner(told: Told) -> None:
    async with auditor_connection(told.database.url) as conn:
        assert await conn.fetchval("SELECT current_user") == "amends_auditor"
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await conn.fetchval("INSERT INTO checkpoints VALUES ('x', 0, 0) RETURNING name")


async def test_a_database_that_is_not_there_cannot_be_reached(tmp_path: Path) -> None:
    with pytest.raises(CannotReach, match="cannot be reached"):
        async with auditor_connection(f"postgresql://postgres@/amends?host={tmp_path}"):
            pass
