"""The read model is what folding each stream gives, whatever happened, in whatever batches."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from amends_domain.commands import (
    AcceptHandOff,
    Acknowledge,
    Act,
    AgreeCallback,
    Apologize,
    Approve,
    Assign,
    ChangeFlags,
    Classify,
    Command,
    Confirm,
    Countermeasure,
    Decline,
    Escalate,
    Extend,
    FollowUp,
    HandOver,
    Investigate,
    KeepPromise,
    MakePromise,
    Propose,
    RecordContact,
    RefuseHandOff,
    Reject,
    Reopen,
    Withdraw,
)
from amends_platform.policy.book import PolicyBook
from amends_store.errors import Fenced
from amends_store.follow import Follower
from amends_store.pool import connect_pool
from amends_store.read import head_position, read_log
from amends_store.records import StoredEvent
from amends_workflow.projection import CHECKPOINT, Projection
from tests.integration.workflow.comparing import (
    every_deadline_came_to_its_end_once,
    the_read_model_is_what_the_log_says,
)
from tests.integration.workflow.conftest import WAIT_SECONDS_MAX, Log, project, running
from tests.support.keys import key_store_in
from tests.support.lives import HANDLER
from tests.support.postgres import Database
from tests.support.timers import fire_due

_HOUR = timedelta(hours=1)

COMMANDS: tuple[Callable[[datetime], Command], ...] = (
    lambda _: Apologize("phone", "We are sorry."),
    lambda _: Investigate("It was us.", "process too slow", True),
    lambda _: Propose("apology", "A letter."),
    lambda _: Propose("compensation", "A refund.", Decimal(90_000), "CNY"),
    lambda _: Approve("Fair."),
    lambda _: Reject("Too much."),
    lambda _: Confirm("phone"),
    lambda _: Decline("phone", "Not enough."),
    lambda _: FollowUp(executed=True, satisfaction=9),
    lambda _: FollowUp(executed=False),
    lambda _: Withdraw("phone", "It is settled."),
    lambda _: Reopen("recurrence"),
    lambda _: RecordContact("outbound", "phone", True, "Called back."),
    lambda _: RecordContact("outbound", "phone", False, "Nobody there."),
    lambda _: RecordContact("inbound", "phone", True, "They asked."),
    lambda now: RecordContact("inbound", "phone", True, "Explained.", True, now + 30 * _HOUR),
    lambda now: RecordContact("outbound", "phone", True, "Explained.", True, now + 200 * _HOUR),
    lambda now: AgreeCallback(now + 3 * _HOUR),
    lambda now: AgreeCallback(now + 100 * _HOUR),
    lambda _: Assign("somebody-else"),
    lambda _: Act("refund_made"),
    lambda _: Act("customer_told"),
    lambda now: MakePromise("We call you.", now + 5 * _HOUR),
    lambda _: KeepPromise(1),
    lambda _: ChangeFlags(add=("urgent",), reason="She travels."),
    lambda _: ChangeFlags(add=("complex",), remove=("urgent",), reason="It is not."),
    lambda _: Classify(kind="complaint", type="atm_card_or_cash", cause="cash_jam"),
    lambda _: Classify(cause="card_retained", type="atm_card_or_cash"),
    lambda _: Extend("statutory", "The other bank does not answer."),
    lambda _: HandOver(to_department="cards"),
    lambda _: AcceptHandOff(),
    lambda _: RefuseHandOff("Not ours."),
    lambda _: Escalate("Too hard for us."),
    lambda now: Investigate("It was us.", "cash_jam", True, (Countermeasure("More.", "s-7", now + 50 * _HOUR),)),
    lambda _: Act("corrective_action_done"),
)

steps = st.lists(
    st.one_of(
        st.tuples(st.just("give"), st.integers(0, len(COMMANDS) - 1)),
        st.tuples(st.just("give"), st.integers(0, len(COMMANDS) - 1)),
        st.tuples(st.just("wait"), st.sampled_from([0.1, 2, 20, 23, 100, 170])),
        st.tuples(st.just("fire"), st.just(0)),
        st.tuples(st.just("project"), st.sampled_from([1, 3, 500])),
    ),
    max_size=30,
)


class World:
    """A log, its read model and its timers, step by step in a loop of their own."""

    def __init__(self, database: Database, directory: Path) -> None:
        self._database = database
        self._directory = directory
        self._runner = asyncio.Runner()
        self._log, self._pool = self._runner.run(self._open())

    async def _open(self) -> tuple[Log, Any]:
        pool = await connect_pool(self._database.url, role="amends_intake", tenant="default", min_size=0, max_size=4)
        view = await connect_pool(self._database.url, role="amends_workflow", tenant="default", min_size=0, max_size=4)
        log = Log(self._database, pool, view, key_store_in(self._directory))
        await log.use_policy("bank-cn")
        return log, view

    def close(self) -> None:
        self._runner.run(self._log.aclose())
        self._log.pool.terminate()
        self._pool.terminate()
        # The owner's connections, too, belong to the loop that ends here.
        self._runner.run(self._database.close_pools())
        self._runner.close()

    def live(self, kind: str, wanted: list[tuple[str, Any]]) -> None:
        self._runner.run(self._live(kind, wanted))

    async def _live(self, kind: str, wanted: list[tuple[str, Any]]) -> None:
        case_id = await self._log.receive(flags=("vulnerable",), kind=kind)
        for step, how in wanted:
            match step:
                case "give":
                    await self._log.append(case_id, COMMANDS[how](await self._log.now()))
                case "wait":
                    await self._database.move_clock(how * _HOUR)
                case "fire":
                    await fire_due(self._pool, 10)
                case "project":
                    await self._project(how)
        await self._project(500)
        await the_read_model_is_what_the_log_says(self._pool, [case_id])
        await self._database.move_clock(timedelta(days=90))
        while await fire_due(self._pool, 10):
            await self._project(500)
        await the_read_model_is_what_the_log_says(self._pool, [case_id])
        await every_deadline_came_to_its_end_once(self._pool, case_id)

    async def _project(self, batch_events_max: int) -> None:
        follower = Follower.projecting(
            self._pool, CHECKPOINT, Projection(PolicyBook(self._pool)), batch_events_max=batch_events_max
        )
        async with running(follower.run()), asyncio.timeout(WAIT_SECONDS_MAX):
            await follower.reached(await head_position(self._pool))


def test_the_read_model_is_the_fold_of_the_streams_and_every_deadline_ends_once(
    database: Database, tmp_path: Path
) -> None:
    world = World(database, tmp_path)

    @settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(st.sampled_from(["complaint", "complaint", "inquiry"]), steps)
    def live(kind: str, wanted: list[tuple[str, Any]]) -> None:
        world.live(kind, wanted)

    try:
        live()
    finally:
        world.close()


async def test_a_stop_that_comes_too_late_still_leaves_a_breach_to_fire(log: Log) -> None:
    case_id = await log.receive()
    await log.database.move_clock(timedelta(hours=25))
    await log.give(case_id, Apologize("phone", "Late."))
    await project(log.database)
    timers = await log.view.fetch("SELECT event_type, clock FROM timers WHERE clock = 'apology'")
    assert [tuple(row) for row in timers] == [("deadline-breached", "apology")]
    pool = log.view
    await fire_due(pool, 10)
    assert (await log.types(case_id))[-1] == "deadline-breached"
    await project(log.database)
    await the_read_model_is_what_the_log_says(pool)


async def test_an_extension_replaces_the_timers_of_the_clock(log: Log) -> None:
    case_id = await log.receive()
    await project(log.database)
    before = await _callback_timers(log)
    at = await log.now() + timedelta(days=9)
    await log.give(case_id, RecordContact("outbound", "phone", True, "Explained.", True, at))
    await project(log.database)
    after = await _callback_timers(log)
    assert {generation for generation, _ in before} == {1}
    assert {generation for generation, _ in after} == {2}
    assert max(fires_at for _, fires_at in after) == at
    rows = await log.view.fetch("SELECT generation, status FROM deadlines WHERE clock = 'callback' ORDER BY generation")
    assert [tuple(row) for row in rows] == [(1, "extended"), (2, "pending")]


async def test_withdrawing_cancels_every_timer(log: Log) -> None:
    case_id = await log.receive()
    await project(log.database)
    assert await log.view.fetchval("SELECT count(*) FROM timers") > 0
    await log.give(case_id, Withdraw("phone", "It is settled."))
    await project(log.database)
    assert await log.view.fetchval("SELECT count(*) FROM timers") == 0
    assert await log.view.fetchval("SELECT next_due_at FROM cases") is None


async def test_what_a_crash_left_undone_is_done_by_the_next_process(log: Log) -> None:
    pool = log.view
    case_ids = [await log.receive(customer_ref=f"C-{n}") for n in range(5)]

    class Crash(Exception):
        pass

    class Crashing(Projection):
        async def __call__(self, conn: Any, events: Any) -> None:
            await super().__call__(conn, events)
            if events[-1].position >= 3:
                raise Crash

    follower = Follower.projecting(pool, CHECKPOINT, Crashing(PolicyBook(pool)), batch_events_max=1)
    with pytest.raises(Crash):
        await follower.run()
    assert await pool.fetchval("SELECT position FROM checkpoints") == 2
    assert await pool.fetchval("SELECT count(*) FROM cases") == 2
    await project(log.database)
    await the_read_model_is_what_the_log_says(pool, case_ids)


async def test_a_fenced_projection_stops_and_writes_nothing(log: Log) -> None:
    pool = log.view
    first = Follower.projecting(pool, CHECKPOINT, Projection(PolicyBook(pool)))
    fenced = asyncio.ensure_future(first.run())
    await log.receive()
    await first.reached(1)
    await log.database.execute("UPDATE checkpoints SET epoch = epoch + 1")
    await log.receive(customer_ref="C-2")
    with pytest.raises(Fenced):
        await asyncio.wait_for(fenced, WAIT_SECONDS_MAX)
    assert await pool.fetchval("SELECT count(*) FROM cases") == 1


async def test_a_projection_that_was_rolled_back_forgets_what_it_folded(log: Log) -> None:
    pool = log.view
    case_id = await log.receive()
    projection = Projection(PolicyBook(pool))
    await log.give(case_id, Apologize("phone", "Sorry."))
    rows = await pool.fetch("SELECT * FROM events ORDER BY position")
    events = [StoredEvent(*row) for row in rows]
    async with pool.acquire() as conn:
        transaction = conn.transaction()
        await transaction.start()
        await projection(conn, events)
        await transaction.rollback()
        async with conn.transaction():
            await projection(conn, events[:1])
        assert await conn.fetchval("SELECT version FROM cases") == 1
        async with conn.transaction():
            await projection(conn, events[1:])
    await the_read_model_is_what_the_log_says(pool)


async def test_an_inquiry_has_no_clocks(log: Log) -> None:
    case_id = await log.receive(kind="inquiry")
    await log.append(case_id, RecordContact("inbound", "phone", True, "They asked."), HANDLER)
    await project(log.database)
    assert await log.view.fetchval("SELECT count(*) FROM deadlines") == 0
    assert await log.view.fetchval("SELECT kind FROM cases") == "inquiry"


async def test_no_personal_data_reaches_the_read_model(log: Log) -> None:
    secrets = ("Ms. Chen", "kept my card", "secret words")
    case_id = await log.receive()
    for command in (
        Apologize("phone", "secret words"),
        Investigate("secret words", "process too slow", True, (Countermeasure("secret words"),)),
        RecordContact("inbound", "phone", True, "secret words"),
        Propose("apology", "secret words"),
        Decline("phone", "secret words"),
        Withdraw("phone", "secret words"),
        Reopen("recurrence", "secret words"),
    ):
        await log.give(case_id, command)
    await project(log.database)
    for table in ("cases", "deadlines", "timers", "alerts"):
        for text in secrets:
            found = await log.database.fetchval(
                f"SELECT count(*) FROM {table} AS r WHERE position($1 IN r::text) > 0", text
            )
            assert found == 0, (table, text)


async def test_alerts_that_an_older_release_projected_are_filled_when_this_one_takes_over(log: Log) -> None:
    case_id = await log.receive(channel="media")
    await log.give(case_id, Escalate("I cannot settle it.", to="vice_president"))
    await log.give(case_id, Assign("s-2"))
    await log.give(case_id, Escalate("Nor can I."))
    await project(log.database)
    before = await log.view.fetch("SELECT * FROM alerts ORDER BY position")
    assert len(before) == 4
    # An older release knows no such table.
    await log.database.execute("DELETE FROM alerts WHERE position > (SELECT min(position) FROM alerts)")
    position = await log.give(case_id, Acknowledge(before[-1]["position"]))
    # A batch that is rolled back has filled nothing.
    projection, events = Projection(PolicyBook(log.view)), await read_log(log.view, after=position - 1, limit=1)
    async with log.view.acquire() as conn:
        transaction = conn.transaction()
        await transaction.start()
        await projection(conn, events)
        await transaction.rollback()
        async with conn.transaction():
            await projection(conn, events)
    after = await log.view.fetch("SELECT * FROM alerts ORDER BY position")
    assert after[:-1] == before[:-1]
    await the_read_model_is_what_the_log_says(log.view)


async def _callback_timers(log: Log) -> list[tuple[int, datetime]]:
    rows = await log.view.fetch("SELECT generation, fires_at FROM timers WHERE clock = 'callback'")
    return [(row["generation"], row["fires_at"]) for row in rows]
