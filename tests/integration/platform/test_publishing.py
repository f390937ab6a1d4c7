"""Which policy is in force: published by the setting or by hand, from its day on, each version once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio

from amends_domain.clocks import UnknownPolicy
from amends_platform.policy.book import AlteredPolicy, PolicyBook
from amends_platform.policy.files import LoadedPolicy, load_policy
from amends_platform.policy.publishing import CannotPublish, publications, publish, publish_setting
from tests.support.postgres import Database

TENANT = "default"
NOW = datetime(2026, 5, 4, tzinfo=UTC)

POLICY = """
policy: desk
version: {version}
effective_from: {effective_from}
timezone: Europe/Amsterdam
clocks:
  apology: {{from: complaint-received, stop: [apology-given], due: {due}}}
"""


@pytest_asyncio.fixture(loop_scope="session")
async def pool(database: Database) -> AsyncIterator[asyncpg.Pool]:
    async with asyncpg.create_pool(database.url, min_size=1, max_size=4) as pool:
        yield pool


class Drafts:
    """Policies as files."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def draft(self, version: int, *, due: str = "24h", effective_from: str = "2026-01-01") -> LoadedPolicy:
        file = self._directory / f"desk-{version}-{due}-{effective_from}.yaml"
        file.write_text(POLICY.format(version=version, due=due, effective_from=effective_from))
        return load_policy(file)


@pytest.fixture
def drafts(tmp_path: Path) -> Drafts:
    return Drafts(tmp_path)


async def publish_now(pool: asyncpg.Pool, loaded: LoadedPolicy) -> None:
    async with pool.acquire() as conn:
        await publish(conn, TENANT, loaded, "cli:somebody")


async def version_in_force(book: PolicyBook, now: datetime = NOW) -> int:
    await book.learn_published(TENANT)
    return book.in_force(now).version


async def test_what_the_setting_names_is_in_force_at_the_first_start(pool: asyncpg.Pool, drafts: Drafts) -> None:
    book = PolicyBook(pool)
    await publish_setting(pool, book, TENANT, drafts.draft(1))
    assert await version_in_force(book) == 1


async def test_a_running_process_learns_what_is_published(pool: asyncpg.Pool, drafts: Drafts) -> None:
    book = PolicyBook(pool)
    await publish_setting(pool, book, TENANT, drafts.draft(1))
    await publish_now(pool, drafts.draft(2, due="12h"))
    assert await version_in_force(book) == 2


async def test_a_restart_with_the_same_setting_keeps_what_was_published_since(
    pool: asyncpg.Pool, drafts: Drafts
) -> None:
    await publish_setting(pool, PolicyBook(pool), TENANT, drafts.draft(1))
    await publish_now(pool, drafts.draft(2, due="12h"))
    restarted = PolicyBook(pool)
    await publish_setting(pool, restarted, TENANT, drafts.draft(1))
    assert await version_in_force(restarted) == 2


async def test_a_setting_that_names_another_policy_puts_that_in_force(pool: asyncpg.Pool, drafts: Drafts) -> None:
    for version in (1, 2, 1):
        book = PolicyBook(pool)
        await publish_setting(pool, book, TENANT, drafts.draft(version))
        assert await version_in_force(book) == version


async def test_a_policy_waits_for_its_day(pool: asyncpg.Pool, drafts: Drafts) -> None:
    book = PolicyBook(pool)
    await publish_setting(pool, book, TENANT, drafts.draft(1))
    await publish_now(pool, drafts.draft(2, due="12h", effective_from="2026-07-01"))
    assert await version_in_force(book, NOW) == 1
    # Midnight in Amsterdam, where the desk is.
    assert await version_in_force(book, datetime(2026, 6, 30, 21, 59, 59, tzinfo=UTC)) == 1
    assert await version_in_force(book, datetime(2026, 6, 30, 22, 0, tzinfo=UTC)) == 2


async def test_a_version_has_one_content_for_ever(pool: asyncpg.Pool, drafts: Drafts) -> None:
    await publish_now(pool, drafts.draft(3))
    with pytest.raises(CannotPublish, match="give this one version 4"):
        await publish_now(pool, drafts.draft(3, due="12h"))
    with pytest.raises(CannotPublish, match="version 4 or later"):
        await publish_now(pool, drafts.draft(2, due="12h"))


async def test_an_earlier_policy_may_be_gone_back_to(pool: asyncpg.Pool, drafts: Drafts) -> None:
    book = PolicyBook(pool)
    for version in (1, 2, 1):
        await publish_now(pool, drafts.draft(version))
    assert await version_in_force(book) == 1
    async with pool.acquire() as conn:
        assert [each.version for each in await publications(conn, TENANT)] == [1, 2, 1]


async def test_nobody_changes_what_was_published_when(pool: asyncpg.Pool, drafts: Drafts) -> None:
    await publish_now(pool, drafts.draft(1))
    for change in ("DELETE FROM publications", "UPDATE publications SET published_by = 'nobody'"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await pool.execute(change)


async def test_nobody_changes_a_policy(pool: asyncpg.Pool, drafts: Drafts) -> None:
    await publish_now(pool, drafts.draft(1))
    for change in ("DELETE FROM policies", "UPDATE policies SET version = 2", "TRUNCATE policies CASCADE"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await pool.execute(change)


async def test_nothing_is_judged_by_a_policy_that_was_altered(pool: asyncpg.Pool, drafts: Drafts) -> None:
    book = PolicyBook(pool)
    await publish_setting(pool, book, TENANT, drafts.draft(1))
    await pool.execute(
        "ALTER TABLE policies DISABLE TRIGGER ALL; UPDATE policies SET document = replace(document, '24h', '48h')"
    )
    with pytest.raises(AlteredPolicy, match=r"The policy desk 1 \(.{12}…\) was altered"):
        await publish_setting(pool, PolicyBook(pool), TENANT, drafts.draft(1))
    with pytest.raises(AlteredPolicy):
        await PolicyBook(pool).refresh()
    with pytest.raises(AlteredPolicy):
        await PolicyBook(pool).learn_published(TENANT)
    with pytest.raises(AlteredPolicy):
        await PolicyBook(pool).judge(lambda policies: (_ for _ in ()).throw(UnknownPolicy("?")))
    async with pool.acquire() as conn:
        with pytest.raises(AlteredPolicy):
            await publications(conn, TENANT)
    # Who knew it before goes on by what it was.
    assert (await book.judge(lambda policies: policies[drafts.draft(1).policy.hash])) == drafts.draft(1).policy
