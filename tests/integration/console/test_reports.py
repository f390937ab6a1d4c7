"""Reports in the console: the months, a month that is over, the one that goes on, and files to take away."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import timedelta

import asyncpg
import pytest
import pytest_asyncio

from tests.support.console import Desk, running_desk, words_of
from tests.support.months import ENDS, made_up, publish_policies, write_rows
from tests.support.postgres import PostgresServer, new_database


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def desk(postgres: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Desk]:
    """A desk in November, with September and October behind it."""
    async with new_database(postgres) as database:
        conn = await asyncpg.connect(database.url)
        await publish_policies(conn)
        await write_rows(conn, made_up(14).rows)
        await conn.close()
        await database.stop_clock(ENDS + timedelta(hours=1))
        async with running_desk(database, tmp_path_factory.mktemp("desk")) as running:
            yield running


async def test_every_month_is_listed_with_its_files_the_one_that_goes_on_first(desk: Desk) -> None:
    page = await (await desk.visitor("executive")).see("/reports")
    assert re.findall(r'href="/reports/([\w-]+)">', page) == ["to-date", "2026-10", "2026-09"]
    assert page.count("/reports/2026-10/file?format=") == 5
    assert 'aria-current="page">Reports' in page


async def test_a_month_that_is_over_is_a_page_with_every_section_and_links_to_its_cases(desk: Desk) -> None:
    page = await (await desk.visitor("executive")).see("/reports/2026-10")
    told = words_of(page)
    assert "Complaints in October 2026" in told
    assert "Every total reconciles" in told
    for section in ("What came", "What was due and promised", "Causes and countermeasures", "Worth discussing"):
        assert section in told
    assert len(set(re.findall(r'href="(/cases/[0-9A-Z]{4}-[0-9A-Z]{4})"', page))) >= 10
    # The policy of the console forbids both.
    assert " style=" not in page
    assert "<style" not in page


async def test_who_asks_for_the_month_that_goes_on_by_its_name_is_led_to_what_there_is_of_it(desk: Desk) -> None:
    response = await (await desk.visitor("executive")).get("/reports/2026-11?branch=harbour")
    assert (response.status_code, response.headers["location"]) == (303, "/reports/to-date?branch=harbour")


async def test_the_month_that_goes_on_is_shown_to_date_in_the_language_of_who_looks(desk: Desk) -> None:
    visitor = await desk.visitor("executive", **{"Accept-Language": "zh-CN"})
    told = words_of(await visitor.see("/reports/to-date"))
    assert "2026年11月投诉月报" in told
    assert "截至2026年11月4日" in told


async def test_who_is_of_one_branch_sees_that_one_and_no_other(desk: Desk) -> None:
    visitor = await desk.visitor("supervisor", branch="harbour")
    told = words_of(await visitor.see("/reports/2026-10"))
    assert "branch harbour" in told
    assert "north-street" not in told
    assert (await visitor.get("/reports/2026-10?branch=north-street")).status_code == 403
    everybody = await desk.visitor("executive")
    assert 'href="/reports/2026-10?branch=north-street"' in await everybody.see("/reports/2026-10")


@pytest.mark.parametrize("format_", ["html", "csv", "xlsx", "json"])
async def test_a_file_is_what_the_interface_gives(desk: Desk, format_: str) -> None:
    visitor = await desk.visitor("executive")
    kept = await visitor.get(f"/reports/2026-10/file?format={format_}")
    assert kept.headers["content-disposition"] == f'attachment; filename="report-2026-10.{format_}"'
    headers = {"Authorization": f"Bearer {visitor.api_key}"}
    asked = await visitor.client.get(f"/v1/reports/2026-10?format={format_}&language=en", headers=headers)
    assert kept.content == asked.content


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/reports/2026-12", 409),
        ("/reports/2019-01", 404),
        ("/reports/soon", 422),
        ("/reports/2026-10/file?format=x", 422),
    ],
)
async def test_what_cannot_be_had_is_a_page_that_says_so(desk: Desk, path: str, status: int) -> None:
    answer = await (await desk.visitor("executive")).get(path)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "text/html; charset=utf-8")


async def test_a_stranger_is_asked_to_sign_in(desk: Desk) -> None:
    answer = await (await desk.stranger()).get("/reports/2026-10/file?format=csv")
    assert (answer.status_code, answer.headers["location"].partition("?")[0]) == (303, "/sign-in")
