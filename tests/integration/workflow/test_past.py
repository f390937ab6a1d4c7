"""The past: as it was known, it is what a store answered that was stopped there; in hindsight, what had happened."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg
import pytest

from amends_domain.case import OPEN
from amends_domain.commands import Apologize
from amends_domain.transitions import allowed
from amends_workflow.explanation_shapes import Explanation
from amends_workflow.shapes import CaseAnswer, CasePage
from amends_workflow.statements import statement
from tests.integration.workflow.conftest import (
    Asker,
    Log,
    Workflow,
    nothing_owed,
    running,
    running_workflow,
    until,
)
from tests.support.desk import COMMANDS, STAFF, Asked
from tests.support.lives import Life
from tests.support.postgres import PostgresServer, new_database

START = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
# What is asked for is told again, and is all that tells an answer of the past from one of its day.
ASKED = ("as_of", "valid_at")
NOT_ASKED = {"merge", "close-incident"}
SEEDS = (11, 12, 13)


@pytest.fixture(autouse=True)
def quick_timers(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock is moved by hand here, and nobody tells the timers."""
    monkeypatch.setattr("amends_workflow.firing._POLL_SECONDS", 0.01)


class Then(NamedTuple):
    """What the running system answered at a time, when all was quiet."""

    at: datetime
    position: int
    queue: list[Any]
    deadlines: list[Any]
    cases: dict[UUID, Any]


async def a_history(log: Log, asker: Asker, seed: int, steps: int) -> list[Then]:
    """Cases received, worked on in any order, some of it entered late, while time passes and timers fire."""
    chooser = random.Random(seed)
    now = START
    case_ids: list[UUID] = []
    answered: list[Then] = []
    for step in range(steps):
        now += timedelta(minutes=chooser.choice((1, 30, 200, 1500, 3000)))
        await log.database.stop_clock(now)
        if step % 4 == 0:
            matter = chooser.choice(({}, {"type": "atm_card_or_cash", "cause": "cash_jam"}))
            branch = chooser.choice(("north-street", "harbour"))
            case_ids.append(await log.receive(customer_ref=f"C-{len(case_ids) % 3}", branch=branch, **matter))
        for case_id in chooser.choices(case_ids, k=4):
            now += timedelta(seconds=chooser.choice((0, 1, 90)))
            await log.database.stop_clock(now)
            await _something_possible(log, case_id, chooser.choice(case_ids), chooser, now)
        await until(lambda: nothing_owed(log))
        queue = await asker.ask("/v1/cases", limit=200, sort="updated")
        cases = {case_id: await asker.ask(f"/v1/cases/{case_id}") for case_id in case_ids}
        deadlines = await asker.ask("/v1/deadlines", limit=200)
        position = await log.pool.fetchval("SELECT position FROM log_head")
        answered.append(Then(now, position, queue["items"], deadlines["items"], cases))
    return answered


async def _something_possible(log: Log, case_id: UUID, other_id: UUID, chooser: random.Random, now: datetime) -> None:
    case, other = await log.case(case_id), await log.case(other_id)
    name = chooser.choice([each for each in allowed(case) if each not in NOT_ASKED])
    life, another = (Life(log.policy, now, each, case_id=each.id) for each in (case, other))
    at = now + chooser.randrange(1, 100) * HOUR
    asked = Asked(life, another, chooser.randrange(40), at, chooser.choice(STAFF))
    claimed = max(case.received_at, now - chooser.choice((0, 0, 2, 30)) * HOUR)
    await log.append(case_id, COMMANDS[name](asked), occurred_at=claimed)


def told(answer: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in answer.items() if name not in ASKED}


class Stopped:
    """A store that holds the beginning of another one's log, and does nothing of its own."""

    def __init__(self, conn: asyncpg.Connection, log: Log) -> None:
        self._conn = conn
        self._log = log
        self._held = 0

    async def begin(self) -> None:
        await self._copy("policies", "SELECT * FROM policies")

    async def reach(self, position: int) -> None:
        """Hold the log up to there."""
        await self._copy("events", "SELECT * FROM events WHERE position > $1 AND position <= $2", self._held, position)
        self._held = position

    async def _copy(self, table: str, query: str, *arguments: Any) -> None:
        rows = await self._log.view.fetch(query, *arguments)
        await self._conn.copy_records_to_table(table, records=[tuple(row) for row in rows])


@asynccontextmanager
async def stopped_store(postgres: PostgresServer, log: Log, directory: Path) -> AsyncIterator[tuple[Stopped, Asker]]:
    """Such a store, and somebody who asks there."""
    async with new_database(postgres) as database, running_workflow(database, directory) as workflow:
        # Here it is always too early for a timer.
        await database.stop_clock(datetime(2000, 1, 1, tzinfo=UTC))
        conn = await asyncpg.connect(database.url)
        try:
            stopped = Stopped(conn, log)
            await stopped.begin()
            yield stopped, await workflow.asker()
        finally:
            await conn.close()


@pytest.mark.parametrize("seed", SEEDS)
async def test_as_of_every_position_of_a_random_history_is_what_a_store_stopped_there_answers(
    log: Log, workflow: Workflow, postgres: PostgresServer, tmp_path: Path, seed: int
) -> None:
    asker = await workflow.asker()
    answered = await a_history(log, asker, seed, steps=7)
    for then in answered:
        queue = await asker.ask("/v1/cases", limit=200, sort="updated", as_of=then.at.isoformat())
        CasePage.model_validate(queue)
        assert queue["items"] == then.queue
        deadlines = await asker.pages("/v1/deadlines", limit=9, as_of=then.at.isoformat())
        assert [each for page in deadlines for each in page] == then.deadlines
        for case_id, case in then.cases.items():
            was = await asker.ask(f"/v1/cases/{case_id}", as_of=then.at.isoformat())
            CaseAnswer.model_validate(was)
            assert told(was) == told(case)
    rows = await log.view.fetch("SELECT position, stream_id, recorded_at FROM events ORDER BY position")
    # Positions are known by their time where the next event is of a later one.
    last_of = {recorded_at: position for position, _, recorded_at in rows}
    assert len(last_of) > len(answered)
    begun: dict[UUID, None] = {}
    async with stopped_store(postgres, log, tmp_path) as (stopped, theirs):
        for position, touched, recorded_at in rows:
            begun[touched] = None
            await stopped.reach(position)
            stood = await theirs.ask("/v1/cases", limit=200, min_position=position)
            for case_id in begun:
                was = await asker.ask(f"/v1/cases/{case_id}", position=position)
                assert told(was) == told(await theirs.ask(f"/v1/cases/{case_id}")), (position, case_id)
            if position == last_of[recorded_at]:
                as_of = recorded_at.isoformat()
                queue = await asker.ask("/v1/cases", limit=200, as_of=as_of)
                assert queue["items"] == stood["items"], position
                deadlines = await asker.ask("/v1/deadlines", limit=200, as_of=as_of)
                assert deadlines["items"] == (await theirs.ask("/v1/deadlines", limit=200))["items"], position


async def test_the_queue_in_hindsight_is_that_of_its_cases_page_by_page(log: Log, workflow: Workflow) -> None:
    asker = await workflow.asker()
    answered = await a_history(log, asker, seed=3, steps=12)
    occurred = await log.view.fetch("SELECT DISTINCT occurred_at FROM events ORDER BY 1")
    for (valid_at,) in occurred[:: max(1, len(occurred) // 12)]:
        for as_of in ({}, {"as_of": answered[9].at.isoformat()}):
            asked = {"valid_at": valid_at.isoformat(), **as_of}
            pages = await asker.pages("/v1/cases", limit=2, sort="-received", **asked)
            items = [item for page in pages for item in page]
            cases = {}
            for case_id in answered[-1].cases:
                response = await asker.get(f"/v1/cases/{case_id}", **asked)
                if response.status_code == 200:
                    cases[str(case_id)] = response.json()
            assert [item["id"] for item in items] == sorted(
                cases, key=lambda name: (cases[name]["received_at"], name), reverse=True
            )
            listed = await asker.ask("/v1/deadlines", limit=200, **asked)
            assert listed["next"] is None
            for item in items:
                theirs = [each for each in listed["items"] if each["case_id"] == item["id"]]
                agree(cases[item["id"]], item, theirs)


def agree(case: Any, item: Any, listed: list[Any]) -> None:
    """The case, its row in the queue and its deadlines in their list say the same."""
    CaseAnswer.model_validate(case)
    both = case.keys() & item.keys() - {"incident", "merged_into"}
    assert {name: case[name] for name in both} == {name: item[name] for name in both}
    is_open = case["state"] in {status.value for status in OPEN}
    due = [
        (run["due_at"], run["kind"])
        for run in case["deadlines"]
        if run["status"] == "pending"
        or (is_open and run["status"] == "breached" and run["ended_at"] is None and run["cycle"] == case["cycle"])
    ]
    assert (item["next_due_at"], item["next_due_clock"]) == min(due, default=(None, None))
    assert all((run["state"], run["owner"]) == (case["state"], case["owner"]) for run in listed)
    shown = [run for run in listed if run["status"] not in ("extended", "cancelled")]
    assert clocks(shown) == clocks(case["deadlines"])


def clocks(runs: list[Any]) -> list[Any]:
    return sorted((run["kind"], run["generation"], run["status"], run["due_at"]) for run in runs)


async def test_a_page_of_the_past_goes_on_where_it_was_however_the_cases_have_moved(
    log: Log, workflow: Workflow
) -> None:
    await log.database.stop_clock(START)
    case_ids = [await log.receive(customer_ref=f"C-{number}") for number in range(9)]
    await log.database.stop_clock(START + HOUR)
    await log.give(case_ids[0], Apologize("phone", "Sorry."))
    asker = await workflow.asker()
    seen: list[str] = []
    page = await asker.ask("/v1/cases", limit=2, state="received", as_of=START.isoformat(), sort="received")
    for case_id in (*case_ids[1:], None):
        seen += [item["id"] for item in page["items"]]
        if page["next"] is None or case_id is None:
            break
        await log.receive(customer_ref="C-late")
        position = await log.give(case_id, Apologize("phone", "Sorry."))
        page = await asker.ask(f"{page['next']}&min_position={position}")
    assert seen == [str(case_id) for case_id in case_ids]
    branch = await workflow.asker(branch="harbour")
    assert (await branch.ask("/v1/cases", as_of=START.isoformat()))["items"] == []
    assert (await asker.ask("/v1/cases", as_of=(START - HOUR).isoformat()))["items"] == []


async def test_while_cases_move_everybody_who_asks_for_a_past_sees_the_same(log: Log, workflow: Workflow) -> None:
    await log.database.stop_clock(START)
    case_ids = [await log.receive(customer_ref=f"C-{number}") for number in range(20)]
    asker = await workflow.asker()
    expected = (await asker.ask("/v1/cases", min_position=len(case_ids)))["items"]
    await log.database.stop_clock(START + HOUR)

    async def write() -> None:
        for case_id in case_ids:
            await log.give(case_id, Apologize("phone", "Sorry."))
            await log.receive(customer_ref="C-late")

    async with running(write()) as writing:
        while not writing.done():
            pages = await asyncio.gather(*(asker.ask("/v1/cases", as_of=START.isoformat()) for _ in range(4)))
            assert [page["items"] for page in pages] == [expected] * 4
    page = await asker.ask("/v1/cases", as_of=START.isoformat(), min_position=3 * len(case_ids))
    assert page["items"] == expected


async def test_what_was_entered_late_is_seen_in_hindsight_and_acquits_nobody(log: Log, workflow: Workflow) -> None:
    await log.database.stop_clock(START)
    case_id = await log.receive()
    await log.database.stop_clock(START + 30 * HOUR)
    await until(lambda: nothing_owed(log))
    await log.append(case_id, Apologize("phone", "Sorry."), occurred_at=START + 2 * HOUR)
    asker = await workflow.asker()

    async def at(hours: int, **then: Any) -> Any:
        return await asker.get(f"/v1/cases/{case_id}", valid_at=(START + hours * HOUR).isoformat(), **then)

    def apology(answer: Any) -> Any:
        return next(each["status"] for each in answer.json()["deadlines"] if each["kind"] == "apology")

    early, late = await at(3), await at(24)
    assert (early.json()["state"], apology(early), late.json()["state"], apology(late)) == (
        *("apologized", "pending"),
        *("apologized", "breached"),
    )
    assert "etag" not in early.headers
    known_then = await at(24, as_of=(START + 30 * HOUR - timedelta(seconds=1)).isoformat())
    assert (known_then.json()["state"], known_then.json()["not_yet"]) == ("received", [])
    assert (await at(1)).json()["not_yet"] == [2, 3, 4, 5]
    assert (await at(-1)).status_code == 404
    too_early = f"There was no such case yet: received {START.isoformat()}"
    assert too_early in (await at(-1)).json()["detail"]
    unknown = await asker.get(f"/v1/cases/{case_id}", as_of=(START - HOUR).isoformat())
    assert (unknown.status_code, too_early in unknown.json()["detail"]) == (404, True)
    elsewhere = await (await workflow.asker(branch="elsewhere")).get(
        f"/v1/cases/{case_id}", as_of=(START - HOUR).isoformat()
    )
    assert (elsewhere.status_code, too_early in elsewhere.json()["detail"]) == (404, False)
    path = f"/v1/cases/{case_id}/deadlines/apology/explanation"
    explained = Explanation.model_validate(await asker.ask(path, valid_at=(START + 3 * HOUR).isoformat()))
    assert (explained.status, explained.breach, explained.reminders, explained.ended_by) == ("pending", None, [], None)
    assert "This had happened by 2026-03-02 13:00:00 CST, in hindsight. By bank-cn" in explained.text
    assert "It is running." in explained.text
    newest = Explanation.model_validate(await asker.ask(path))
    assert "of 2026-03-02 12:00:00 CST, recorded 2026-03-03 16:00:00 CST) came too late" in newest.text
    before = await asker.ask(path, as_of=(START + HOUR).isoformat())
    assert (before["status"], before["reminders"]) == ("pending", [])
    for query in ("as_of=2026-03-02T00:00:00Z&position=1", "valid_at=then"):
        assert (await asker.get(f"{path}?{query}")).status_code == 422, query


async def test_a_past_from_which_too_much_has_moved_is_refused_and_says_what_to_do(
    log: Log, workflow: Workflow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("amends_workflow.past_queue.MOVED_MAX", 2)
    await log.database.stop_clock(START)
    case_ids = [await log.receive(customer_ref=f"C-{number}") for number in range(4)]
    await log.database.stop_clock(START + HOUR)
    asker = await workflow.asker()
    for number, case_id in enumerate(case_ids):
        position = await log.give(case_id, Apologize("phone", "Sorry."))
        response = await asker.get("/v1/cases", as_of=START.isoformat(), min_position=position)
        assert response.status_code == (200 if number < 2 else 422)
    assert response.json()["type"] == "urn:amends:problem:too-many-moved"
    assert "amends replay --as-of" in response.json()["detail"]


async def test_one_moment_is_folded_after_the_other_and_nobody_asks_for_many_at_once(
    log: Log, workflow: Workflow
) -> None:
    case_id = await log.receive()
    asker, other = await workflow.asker(), await workflow.asker("auditor")
    await asker.ask("/v1/cases", min_position=1)
    conn = await asyncpg.connect(log.database.url)

    def at(who: Asker, seconds: int) -> asyncio.Task[Any]:
        path = "/v1/deadlines" if seconds % 2 else "/v1/cases"
        return asyncio.create_task(who.get(path, valid_at=(datetime.now(UTC) + seconds * HOUR).isoformat()))

    async def folding() -> bool:
        # Where its plan is at hand, it waits before the server says that it runs: the one before it is told.
        query = (
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND wait_event = 'relation'"
            " AND (query = $1 OR query LIKE '%amends.every_branch%')"
        )
        count: int = await conn.fetchval(query, statement("moved_cases"))
        assert count <= 1
        return count == 1

    try:
        async with conn.transaction():
            await conn.execute("LOCK TABLE cases IN ACCESS EXCLUSIVE MODE")
            asked = [at(asker, seconds) for seconds in range(5)]
            done, _ = await asyncio.wait(asked, return_when=asyncio.FIRST_COMPLETED)
            (refused,) = [task.result() for task in done]
            assert (refused.status_code, refused.headers["retry-after"]) == (429, "1")
            waiting = [task for task in asked if task not in done]
            waiting.append(at(other, 6))
            await until(folding)
        answers = await asyncio.gather(*waiting)
    finally:
        await conn.close()
    assert [answer.status_code for answer in answers] == [200] * 5
    assert {item.get("case_id", item.get("id")) for item in answers[-1].json()["items"]} == {str(case_id)}
    assert (await asker.get("/v1/cases", valid_at=START.isoformat())).status_code == 200


async def test_what_the_read_model_has_yet_to_see_of_a_past_is_waited_for(
    log: Log, workflow: Workflow, monkeypatch: pytest.MonkeyPatch
) -> None:
    asker = await workflow.asker()
    case_id = await log.receive()
    await asker.ask("/v1/cases", min_position=1)
    conn = await asyncpg.connect(log.database.url)
    try:
        async with conn.transaction():
            # The projection waits for this, and so falls behind.
            await conn.execute("SELECT FROM checkpoints WHERE name = 'read-model' FOR UPDATE")
            await log.give(case_id, Apologize("phone", "Sorry."))
            with monkeypatch.context() as patience:
                patience.setattr("amends_workflow.enquiries._WAIT_SECONDS_MAX", 0.1)
                response = await asker.get("/v1/cases", as_of="2100-01-01T00:00:00Z")
            assert response.status_code == 503
            assert response.json()["type"] == "urn:amends:problem:not-yet-visible"
            before = await asker.ask("/v1/cases", as_of="2026-01-01T00:00:00Z")
            assert before["items"] == []
    finally:
        await conn.close()
    page = await asker.ask("/v1/cases", as_of="2100-01-01T00:00:00Z", min_position=2)
    assert [item["state"] for item in page["items"]] == ["apologized"]
