"""The month-end pack over HTTP: frozen, from the log up to the month's end, for who may see it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

import asyncpg
import pytest
import pytest_asyncio

from amends_domain.measures.months import Month
from amends_platform.http.problems import Problem
from amends_platform.policy.book import PolicyBook
from amends_store.errors import StoreUnavailable
from amends_workflow.rebuild import SEARCH_PATH, Rebuild
from amends_workflow.reports.cutting import Settled
from amends_workflow.reports.json_form import as_json
from amends_workflow.reports.packs import Packs
from amends_workflow.reports.reading import Summed, summed
from amends_workflow.view import ROLE, View
from tests.integration.workflow.conftest import Workflow, running_workflow, until
from tests.support.months import ENDS, ZONE, Row, made_up, publish_policies, write_rows
from tests.support.postgres import Database, PostgresServer, new_database

OCTOBER = Month(2026, 10)
LOG = made_up(14)
UP_TO_OCTOBER = [row for row in LOG.rows if row.recorded.recorded_at < OCTOBER.ends(ZONE)]


class Frozen(NamedTuple):
    """October's pack, made when nothing of November was recorded, and when all that comes after was."""

    then: bytes
    later: bytes


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def october(postgres: PostgresServer) -> AsyncIterator[Database]:
    """A database whose clock stands in November, with the log up to the end of October."""
    async with new_database(postgres) as database:
        await write(database, UP_TO_OCTOBER, publish=True)
        await database.stop_clock(OCTOBER.ends(ZONE))
        yield database


async def write(database: Database, rows: Sequence[Row], *, publish: bool = False) -> None:
    conn = await asyncpg.connect(database.url)
    if publish:
        await publish_policies(conn)
    await write_rows(conn, rows)
    await conn.close()


async def packs(database: Database, *, is_signing: bool = False, settled: Settled | None = None) -> Packs:
    pool = await database.pool(ROLE)
    return Packs(
        View(pool, None), "default", PolicyBook(pool), is_signing=is_signing, patience_seconds=0.0, settled=settled
    )


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def frozen(october: Database) -> Frozen:
    then = as_json((await (await packs(october)).of(OCTOBER)).pack)
    await write(october, LOG.rows[len(UP_TO_OCTOBER) :])
    await october.stop_clock(ENDS + timedelta(hours=2))
    return Frozen(then, as_json((await (await packs(october)).of(OCTOBER)).pack))


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def workflow(
    october: Database, frozen: Frozen, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Workflow]:
    assert frozen.then
    directory: Path = tmp_path_factory.mktemp("workflow")
    async with running_workflow(october, directory, checkpoint_seconds=0.05) as started:
        yield started


async def test_a_pack_does_not_change_with_what_happens_after_its_month(frozen: Frozen) -> None:
    assert frozen.then == frozen.later


async def test_a_pack_is_the_same_bytes_after_timers_fired_and_the_read_model_was_made_anew(
    workflow: Workflow,
) -> None:
    asker = await workflow.asker("executive")
    first = await asker.get("/v1/reports/2026-10")
    pool = await workflow.database.pool("amends_workflow")

    async def settled() -> bool:
        return bool(await pool.fetchval("SELECT NOT EXISTS (SELECT FROM timers WHERE fires_at <= log_now())"))

    await until(settled)
    conn = await asyncpg.connect(workflow.database.url, server_settings={"search_path": SEARCH_PATH})
    await Rebuild(conn, lambda *_: None).run()
    await conn.close()
    again = await (await packs(workflow.database)).of(OCTOBER)
    assert first.status_code == 200
    assert (await asker.get("/v1/reports/2026-10")).content == first.content == as_json(again.pack)


async def test_a_pack_says_what_it_was_made_from(workflow: Workflow) -> None:
    pack = await (await workflow.asker("executive")).ask("/v1/reports/2026-10")
    assert (pack["month"], pack["timezone"], pack["position"]) == (
        "2026-10",
        "Asia/Shanghai",
        UP_TO_OCTOBER[-1].recorded.position,
    )
    assert [(each["version"], each["in_force"]) for each in pack["policies"]] == [(2, True), (1, False)]
    assert pack["checkpoint"]["tree_size"] >= pack["position"]
    assert pack["checkpoint"]["note"].startswith(f"amends/default\n{pack['checkpoint']['tree_size']}\n")


async def test_every_total_reconciles_with_its_parts_and_with_the_database(workflow: Workflow) -> None:
    pack = await (await workflow.asker("executive")).ask("/v1/reports/2026-10")
    names = {each["name"] for each in pack["reconciliations"]}
    assert {"kinds", "flow", "states", "promises", "branches:closed", "log:deadline-breached"} <= names
    assert [each for each in pack["reconciliations"] if each["difference"]] == []
    assert pack["reconciles"]


async def test_a_key_of_one_branch_sees_that_branch_and_nothing_of_another(workflow: Workflow) -> None:
    everything = await (await workflow.asker("executive")).ask("/v1/reports/2026-10")
    one = await workflow.asker("supervisor", branch="harbour")
    own = await one.ask("/v1/reports/2026-10")
    assert own["total"] == next(each for each in everything["branches"] if each["branch"] == "harbour")
    assert (own["branches"], own["branch"]) == ([], "harbour")
    assert "north-street" not in (await one.get("/v1/reports/2026-10")).text
    refused = await one.get("/v1/reports/2026-10", branch="north-street")
    assert (refused.status_code, refused.json()["type"]) == (403, "urn:amends:problem:other-branch")


async def test_who_sees_all_may_ask_for_one_branch(workflow: Workflow) -> None:
    asker = await workflow.asker("executive")
    assert (await asker.ask("/v1/reports/2026-10", branch="harbour"))["branch"] == "harbour"
    unknown = await asker.get("/v1/reports/2026-10", branch="habour")
    assert (unknown.status_code, unknown.json()["type"]) == (404, "urn:amends:problem:no-such-branch")


@pytest.mark.parametrize(
    ("month", "status", "code", "says"),
    [
        ("2026-11", 409, "month-not-over", "2026-12-01T00:00:00+08:00"),
        ("2026-08", 404, "no-such-report", "2026-09"),
        ("2026-13", 422, "invalid-parameters", "2026-10"),
        ("october", 422, "invalid-parameters", "2026-10"),
    ],
)
async def test_a_month_that_cannot_be_reported_is_refused_with_the_reason(
    workflow: Workflow, month: str, status: int, code: str, says: str
) -> None:
    answer = await (await workflow.asker("executive")).get(f"/v1/reports/{month}")
    assert (answer.status_code, answer.json()["type"]) == (status, f"urn:amends:problem:{code}")
    assert says in answer.json()["detail"]


@pytest.mark.parametrize(
    ("format_", "media_type", "begins"),
    [
        ("html", "text/html; charset=utf-8", b"<!DOCTYPE html>"),
        ("csv", "text/csv; charset=utf-8", b"\xef\xbb\xbfmonth,branch,"),
        ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", b"PK"),
        ("pdf", "application/pdf", b"%PDF-"),
    ],
)
async def test_a_report_is_had_in_each_format_by_name_and_by_accept(
    workflow: Workflow, format_: str, media_type: str, begins: bytes
) -> None:
    asker = await workflow.asker("executive")
    answer = await asker.get("/v1/reports/2026-10", format=format_, language="zh")
    assert (answer.status_code, answer.headers["content-type"]) == (200, media_type)
    assert answer.content.startswith(begins)
    assert answer.headers["content-disposition"] == f'inline; filename="report-2026-10.{format_}"'
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert (await asker.get("/v1/reports/2026-10", format=format_, language="zh")).content == answer.content


async def test_who_asks_at_once_for_the_same_or_another_month_is_answered_the_same(workflow: Workflow) -> None:
    asker = await workflow.asker("executive")
    months = ["2026-09", "2026-10", "2026-09", "2026-10"]
    answers = await asyncio.gather(*(asker.get(f"/v1/reports/{month}", format="csv") for month in months))
    assert [answer.status_code for answer in answers] == [200] * 4
    assert answers[0].content == answers[2].content
    assert answers[1].content == answers[3].content != answers[0].content


async def test_the_months_are_listed_the_one_that_goes_on_first(workflow: Workflow) -> None:
    months = await (await workflow.asker("executive")).ask("/v1/reports")
    assert [(each["month"], each["is_over"]) for each in months["items"]] == [
        ("2026-11", False),
        ("2026-10", True),
        ("2026-09", True),
    ]


async def test_a_month_that_was_made_is_had_while_another_is_made(
    october: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, begun, go_on = await packs(october), asyncio.Event(), asyncio.Event()
    first = await made.of(OCTOBER)

    async def slowly(*asked: Any) -> Summed:
        begun.set()
        await go_on.wait()
        return await summed(*asked)

    monkeypatch.setattr("amends_workflow.reports.packs.summed", slowly)
    other = asyncio.create_task(made.of(Month(2026, 9)))
    await begun.wait()
    assert await made.of(OCTOBER) is first
    go_on.set()
    assert (await other).pack.month == "2026-09"


async def test_a_writer_that_hangs_is_waited_for_once_a_month_and_not_for_ever(october: Database) -> None:
    made, hasty = await packs(october), Settled(seconds_max=0.05)
    first = await made.of(OCTOBER)
    async with (await october.pool()).acquire() as writer, writer.transaction():
        await writer.execute("SELECT lock_log()")
        # Nothing that is under way now can be of October.
        assert await made.of(OCTOBER) is first
        with pytest.raises(StoreUnavailable):
            await (await packs(october, settled=hasty)).of(OCTOBER)
    assert not hasty.covers(OCTOBER.ends(ZONE))


async def test_a_pack_waits_for_a_signed_checkpoint_that_covers_its_month(database: Database) -> None:
    await write(database, LOG.rows[:40], publish=True)
    with pytest.raises(Problem) as refused:
        await (await packs(database, is_signing=True)).of(Month(2026, 9))
    assert (refused.value.status, refused.value.headers) == (503, {"Retry-After": "5"})
