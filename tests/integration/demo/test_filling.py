"""A demo's month in a real database: what the workflow makes of it is what the log says, and nothing fires again."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import orjson
import pytest
import pytest_asyncio

from amends_platform.auditing import auditor_connection
from amends_platform.demo.month.beginning import Month, begin, put_in_force
from amends_platform.demo.month.filling import NotEmpty, fill
from amends_platform.demo.month.plan import SEED, plan
from amends_platform.demo.premises import check_is_new
from amends_platform.demo.samples import sample_complaints
from amends_platform.failures import Failure
from amends_platform.keyring import Keyring
from amends_platform.policy.files import load_policy
from amends_platform.policy.publishing import publications
from amends_platform.recorded import personal_data
from amends_platform.replaying.replays import replay_and_compare
from amends_platform.settings import Settings
from amends_platform.simulation.bank import policy_text
from amends_platform.simulation.world import Happening, Refused, World
from amends_platform.verifying.log import Request, verify_log
from amends_store.read import read_log
from tests.integration.workflow.conftest import project
from tests.support.keys import key_store_in
from tests.support.postgres import Database, PostgresServer, new_database

# In the past, so that nothing falls due while the tests look; enough for a mass incident.
UNTIL = datetime(2026, 3, 20, 7, tzinfo=UTC)
CASES = 150
CLOCK = "SELECT pg_get_functiondef(CAST('log_now()' AS regprocedure))"


def settings_in(directory: Path) -> Settings:
    (directory / "bank-cn.yaml").write_text(policy_text(), encoding="utf-8")
    return Settings.load(
        data_dir=directory,
        policy=str(directory / "bank-cn.yaml"),
        key_store=directory / "customers.db",
        master_key_file=directory / "master.key",
    )


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def filled(postgres: PostgresServer, directory: Path) -> AsyncIterator[tuple[Database, Month, str]]:
    """A database with a month in it, to be read only, and its clock as it was made."""
    await key_store_in(directory).aclose()
    async with new_database(postgres) as made:
        conn = await asyncpg.connect(made.url)
        clock = await conn.fetchval(CLOCK)
        month = await begin(
            conn, settings_in(directory), UNTIL, seed=SEED, cases=CASES, on_progress=lambda _done, _total: None
        )
        await conn.close()
        await project(made)
        yield made, month, clock


async def test_the_workflow_makes_of_it_what_the_log_says_and_has_nothing_left_to_say(
    filled: tuple[Database, Month, str],
) -> None:
    database, month, _ = filled
    async with auditor_connection(database.url) as conn, auditor_connection(database.url) as reader:
        replayed = await replay_and_compare(conn, reader, lambda _stage, _done, _total: None)
        assert replayed.differences == []
        assert (replayed.events, replayed.cases) == (month.events, month.cases)
        # Clocks, repeats and incidents alike: whatever was due by then is in the log.
        assert await conn.fetch("SELECT clock, fires_at FROM timers WHERE fires_at <= $1", UNTIL) == []
        assert await conn.fetchval("SELECT count(*) FROM timers WHERE generation = 0") == 0
        assert await conn.fetchval("SELECT count(*) FROM cases WHERE kind = 'incident'") == 2
        assert await conn.fetchval("SELECT count(*) FROM refusals WHERE code = 'recused'") > 0


async def test_the_log_is_whole_and_was_recorded_when_it_happened(filled: tuple[Database, Month, str]) -> None:
    database, month, clock = filled
    assert (await verify_log(Request(database.url), lambda _done, _total: None)).faults == ()
    async with auditor_connection(database.url) as conn:
        first, last = await conn.fetchrow("SELECT min(recorded_at), max(recorded_at) FROM events")
        assert first.date() >= month.first_day
        assert last <= UNTIL
        assert await conn.fetchval(CLOCK) == clock
        assert abs((await conn.fetchval("SELECT log_now() - clock_timestamp()")).total_seconds()) < 1
        published = await publications(conn, "default")
        assert [(each.name, each.published_at.date() <= month.first_day) for each in published] == [("bank-cn", True)]


async def test_what_customers_said_is_sealed_under_their_keys(
    filled: tuple[Database, Month, str], directory: Path
) -> None:
    database, month, _ = filled
    store = key_store_in(directory)
    async with auditor_connection(database.url) as conn:
        rows = await read_log(conn, after=0, limit=month.events)
        keys = await Keyring(conn, store).by_id({row.key_id for row in rows if row.key_id is not None})
    await store.aclose()
    received = [row for row in rows if row.type == "complaint-received"]
    for row in received:
        said = personal_data(row, keys)
        assert said["narrative"]
        assert said["customer"]
        assert not {"narrative", "customer"} & orjson.loads(row.data).keys()
    assert len({row.key_id for row in received}) == len({orjson.loads(row.data)["customer_ref"] for row in received})


async def test_a_month_that_is_cut_off_leaves_nothing_and_the_clock_as_it_was(
    database: Database, tmp_path: Path
) -> None:
    policy = load_policy(settings_in(tmp_path).policy)
    told = plan(policy.policy, sample_complaints(), UNTIL, cases=5)

    def cut_off() -> Iterator[Happening | Refused]:
        for number, happening in enumerate(World("default", told.town).play(told.steps, told.until)):
            if number == 20:
                raise ConnectionError("the machine is switched off")
            yield happening

    store = key_store_in(tmp_path)
    conn = await asyncpg.connect(database.url)
    clock = await conn.fetchval(CLOCK)
    with pytest.raises(ConnectionError):
        await fill(conn, store, "default", policy, told.begins_at, cut_off(), lambda _done: None)
    assert await conn.fetchval(CLOCK) == clock
    assert await conn.fetchval("SELECT count(*) FROM events") == 0
    assert await conn.fetchval("SELECT count(*) FROM data_keys") == 0
    assert await publications(conn, "default") == []
    await check_is_new(conn, tmp_path)
    await store.aclose()
    await conn.close()


async def test_nothing_is_invented_beside_what_is_there(filled: tuple[Database, Month, str], directory: Path) -> None:
    database, month, clock = filled
    conn = await asyncpg.connect(database.url)
    with pytest.raises(NotEmpty, match="not new"):
        await begin(conn, settings_in(directory), UNTIL, seed=2, cases=3, on_progress=lambda _done, _total: None)
    with pytest.raises(Failure, match="holds a demo already"):
        await check_is_new(conn, directory)
    assert await conn.fetchval("SELECT count(*) FROM events") == month.events
    assert await conn.fetchval(CLOCK) == clock
    await conn.close()


async def test_a_database_that_had_a_policy_is_somebodys(database: Database, tmp_path: Path) -> None:
    conn = await asyncpg.connect(database.url)
    await put_in_force(conn, "default", "uk-disp")
    await key_store_in(tmp_path).aclose()
    with pytest.raises(NotEmpty):
        await begin(conn, settings_in(tmp_path), UNTIL, seed=1, cases=3, on_progress=lambda _done, _total: None)
    await conn.close()
