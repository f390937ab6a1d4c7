"""API keys: only their hashes are kept, a revoked one stops working, a busy one costs next to nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from amends_domain.access.grants import Grant
from amends_platform.checkup.access import check_api_keys
from amends_platform.guarding.rates import RateLimit
from amends_platform.identity.authenticating import CACHE_SECONDS, Authenticator
from amends_platform.identity.credential_changes import LOOK_SECONDS
from amends_platform.identity.development_keys import ensure_development_keys
from amends_platform.identity.principals import (
    KEY_PATTERN,
    BadKeyRequest,
    NoSuchKey,
    Principal,
    Unauthenticated,
    create_key,
    list_keys,
    new_key,
    register_key,
    revoke_key,
)
from amends_platform.identity.sessions import begin_session, end_session
from amends_platform.settings import Settings
from tests.support.postgres import Database


@pytest_asyncio.fixture(loop_scope="session")
async def owner(database: Database) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(database.url)
    yield connection
    await connection.close()


class Clock:
    """Seconds that pass when told to."""

    def __init__(self) -> None:
        self.seconds = 1_000.0

    def __call__(self) -> float:
        return self.seconds


class CountingPool:
    """A real pool that counts how often it is asked for a key. `away`: it cannot be asked whether anything changed;
    `hold`: what it found is told only then."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool
        self.asked = 0
        self.away = False
        self.hold: asyncio.Event | None = None
        self.found = asyncio.Event()

    async def fetchrow(self, *arguments: Any) -> Any:
        self.asked += 1
        row = await self._pool.fetchrow(*arguments)
        self.found.set()
        if self.hold is not None:
            await self.hold.wait()
        return row

    async def fetchval(self, *arguments: Any) -> Any:
        if self.away:
            raise OSError
        return await self._pool.fetchval(*arguments)


@pytest_asyncio.fixture(loop_scope="session")
async def pool(database: Database) -> CountingPool:
    return CountingPool(await database.pool("amends_intake"))


def bearer(key: str) -> str:
    return f"Bearer {key}"


async def test_a_key_stands_for_its_person_role_tenant_and_branch(
    owner: asyncpg.Connection, pool: CountingPool
) -> None:
    key = await create_key(owner, role="agent", tenant="default", branch="north-street", person="a-17")
    principal = await Authenticator(pool).authenticate(bearer(key))
    assert principal == Principal("a-17", "default", (Grant("agent", "north-street"),))


async def test_a_key_without_a_person_stands_for_itself(owner: asyncpg.Connection, pool: CountingPool) -> None:
    keys = [await create_key(owner, role="integration", tenant="default") for _ in range(2)]
    principals = [await Authenticator(pool).authenticate(bearer(key)) for key in keys]
    assert principals[0].id != principals[1].id
    assert all(principal.id.startswith("integration-") for principal in principals)


async def test_the_database_holds_no_key(owner: asyncpg.Connection) -> None:
    key = await create_key(owner, role="agent", tenant="default")
    assert KEY_PATTERN.fullmatch(key)
    row = await owner.fetchrow("SELECT to_jsonb(api_keys)::text AS everything, prefix FROM api_keys")
    assert row is not None
    assert key not in row["everything"]
    assert key.startswith(row["prefix"])
    assert len(row["prefix"]) < 16


async def test_a_busy_key_is_asked_for_once_in_two_seconds(owner: asyncpg.Connection, pool: CountingPool) -> None:
    key = await create_key(owner, role="agent", tenant="default")
    clock = Clock()
    authenticator = Authenticator(pool, now_seconds=clock)
    for _ in range(100):
        await authenticator.authenticate(bearer(key))
    assert pool.asked == 1
    clock.seconds += CACHE_SECONDS
    await authenticator.authenticate(bearer(key))
    assert pool.asked == 2


async def test_many_at_once_with_one_key_ask_once(owner: asyncpg.Connection, pool: CountingPool) -> None:
    key = await create_key(owner, role="agent", tenant="default")
    authenticator = Authenticator(pool)
    await asyncio.gather(*(authenticator.authenticate(bearer(key)) for _ in range(64)))
    assert pool.asked == 1


async def test_one_who_hangs_up_does_not_take_the_answer_from_the_others(
    owner: asyncpg.Connection, pool: CountingPool
) -> None:
    key = await create_key(owner, role="agent", tenant="default")
    authenticator = Authenticator(pool)
    first, second = (asyncio.create_task(authenticator.authenticate(bearer(key))) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    assert (await second).grants[0].role == "agent"


@pytest.mark.parametrize(
    "taken_back",
    [
        "UPDATE api_keys SET revoked_at = now() WHERE role = 'agent'",
        "UPDATE api_keys SET expires_at = now() WHERE role = 'agent'",
        "DELETE FROM api_keys WHERE role = 'agent'",
        "TRUNCATE api_keys CASCADE",
    ],
)
async def test_a_key_that_was_taken_back_in_any_way_is_refused_a_quarter_of_a_second_later(
    owner: asyncpg.Connection, pool: CountingPool, taken_back: str
) -> None:
    key = await create_key(owner, role="agent", tenant="default")
    clock = Clock()
    authenticator = Authenticator(pool, now_seconds=clock)
    for _ in range(4):
        await authenticator.authenticate(bearer(key))
        clock.seconds += LOOK_SECONDS
    assert pool.asked == 1
    await owner.execute(taken_back)
    with pytest.raises(Unauthenticated):
        await authenticator.authenticate(bearer(key))


async def test_whoever_was_let_in_is_not_taken_for_a_stranger_because_another_s_key_was_revoked(
    owner: asyncpg.Connection, pool: CountingPool
) -> None:
    keys = [await create_key(owner, role="agent", tenant="default") for _ in range(3)]
    clock = Clock()
    # An address from which one unknown key at a time may come.
    limit = RateLimit(0.001, "unknown keys", burst=1)
    authenticator = Authenticator(pool, unknown_keys=limit, now_seconds=clock)
    for key in keys:
        await authenticator.authenticate(bearer(key), "10.0.0.7")
    await revoke_key(owner, keys[0], tenant="default")
    clock.seconds += LOOK_SECONDS
    # At once: each that is found good is given back.
    await asyncio.gather(*(authenticator.authenticate(bearer(key), "10.0.0.7") for key in keys[1:]))
    with pytest.raises(Unauthenticated):
        await authenticator.authenticate(bearer(keys[0]), "10.0.0.7")


async def test_a_key_that_was_revoked_while_it_was_looked_for_is_not_taken(
    owner: asyncpg.Connection, pool: CountingPool
) -> None:
    slow, other = [await create_key(owner, role="agent", tenant="default") for _ in range(2)]
    clock = Clock()
    authenticator = Authenticator(pool, now_seconds=clock)
    await authenticator.authenticate(bearer(other))
    pool.hold = asyncio.Event()
    pool.found.clear()
    asked = asyncio.create_task(authenticator.authenticate(bearer(slow)))
    await pool.found.wait()
    await revoke_key(owner, slow, tenant="default")
    clock.seconds += LOOK_SECONDS
    pool.found.clear()
    known = asyncio.create_task(authenticator.authenticate(bearer(other)))
    await pool.found.wait()
    pool.hold.set()
    with pytest.raises(Unauthenticated):
        await asked
    await known


async def test_while_nobody_can_be_asked_what_is_known_holds_two_seconds_and_no_longer(
    owner: asyncpg.Connection, pool: CountingPool
) -> None:
    key = await create_key(owner, role="agent", tenant="default")
    clock = Clock()
    authenticator = Authenticator(pool, now_seconds=clock)
    await authenticator.authenticate(bearer(key))
    await revoke_key(owner, key, tenant="default")
    pool.away = True
    clock.seconds += CACHE_SECONDS - 0.1
    assert (await authenticator.authenticate(bearer(key))).grants[0].role == "agent"
    clock.seconds += 0.1
    with pytest.raises(Unauthenticated):
        await authenticator.authenticate(bearer(key))


async def test_a_session_that_was_ended_elsewhere_is_over_here(owner: asyncpg.Connection, pool: CountingPool) -> None:
    token = await begin_session(owner, await create_key(owner, role="agent", tenant="default"))
    assert token is not None
    clock = Clock()
    authenticator = Authenticator(pool, now_seconds=clock)
    await authenticator.authenticate(bearer(token))
    await end_session(owner, token)
    clock.seconds += LOOK_SECONDS
    with pytest.raises(Unauthenticated, match="sign in again"):
        await authenticator.authenticate(bearer(token))


async def test_a_key_ends_when_it_expires_and_so_do_its_sessions(
    database: Database, owner: asyncpg.Connection, pool: CountingPool
) -> None:
    expires_at = datetime.now(UTC) + timedelta(hours=1)
    key = await create_key(owner, role="agent", tenant="default", expires_at=expires_at)
    token = await begin_session(owner, key)
    assert token is not None
    assert [listed.expires_at for listed in await list_keys(owner, tenant="default")] == [expires_at]
    clock = Clock()
    authenticator = Authenticator(pool, now_seconds=clock)
    await database.move_clock(timedelta(minutes=59, seconds=59))
    for shown in (key, token):
        await authenticator.authenticate(bearer(shown))
    await database.move_clock(timedelta(seconds=1))
    clock.seconds += 1
    for shown in (key, token):
        with pytest.raises(Unauthenticated):
            await authenticator.authenticate(bearer(shown))
    assert await begin_session(owner, key) is None


async def test_a_key_of_development_is_taken_only_by_those_who_are_told_to(
    owner: asyncpg.Connection, pool: CountingPool, tmp_path: Path
) -> None:
    keys = await ensure_development_keys(owner, tmp_path / "development.json", "default")
    token = await begin_session(owner, keys["agent"])
    assert token is not None
    for shown in (keys["agent"], token):
        with pytest.raises(Unauthenticated):
            await Authenticator(pool).authenticate(bearer(shown))
        taken = await Authenticator(pool, accepts_development_keys=True).authenticate(bearer(shown))
        assert taken.id == "dev-agent"


async def test_a_new_key_works_at_once_though_it_was_refused_before(
    owner: asyncpg.Connection, pool: CountingPool
) -> None:
    key = new_key()
    authenticator = Authenticator(pool)
    with pytest.raises(Unauthenticated):
        await authenticator.authenticate(bearer(key))
    await register_key(owner, key, role="agent", tenant="default", branch=None, person="a-1")
    assert (await authenticator.authenticate(bearer(key))).id == "a-1"


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        "Basic YTpi",
        "Bearer amends_short",
        "Bearer ' OR true --",
        "Bearer 客户",
        "amends_" + "k" * 43,
    ],
)
async def test_a_header_without_a_key_is_refused_without_asking_the_database(
    pool: CountingPool, header: str | None
) -> None:
    with pytest.raises(Unauthenticated):
        await Authenticator(pool).authenticate(header)
    assert pool.asked == 0


async def test_the_scheme_is_read_in_any_case(owner: asyncpg.Connection, pool: CountingPool) -> None:
    key = await create_key(owner, role="agent", tenant="default")
    assert (await Authenticator(pool).authenticate(f"bearer  {key} ")).grants[0].role == "agent"


@pytest.mark.parametrize(
    "asked",
    [
        {"role": "director", "branch": None, "person": "a"},
        {"role": "agent", "branch": "", "person": "a"},
        {"role": "agent", "branch": None, "person": "system:workflow"},
        {"role": "agent", "branch": None, "person": "a b"},
    ],
    ids=["unknown role", "empty branch", "system as person", "space in person"],
)
async def test_an_impossible_key_is_refused(owner: asyncpg.Connection, asked: dict[str, Any]) -> None:
    with pytest.raises(BadKeyRequest):
        await register_key(owner, new_key(), tenant="default", **asked)
    assert await list_keys(owner, tenant="default") == []


async def test_keys_are_listed_and_revoked_by_id_prefix_or_themselves(owner: asyncpg.Connection) -> None:
    made = [await create_key(owner, role="agent", tenant="default") for _ in range(3)]
    await create_key(owner, role="agent", tenant="other")
    listed = await list_keys(owner, tenant="default")
    assert [key.prefix for key in listed] == [key[:13] for key in made]
    for name in (str(listed[0].id), listed[1].prefix, made[2]):
        await revoke_key(owner, name, tenant="default")
    assert all(key.revoked_at for key in await list_keys(owner, tenant="default"))
    assert not any(key.revoked_at for key in await list_keys(owner, tenant="other"))


async def test_revoking_again_keeps_the_first_time(owner: asyncpg.Connection) -> None:
    key = await create_key(owner, role="agent", tenant="default")
    first = await revoke_key(owner, key, tenant="default")
    assert (await revoke_key(owner, key, tenant="default")).revoked_at == first.revoked_at


async def test_a_key_of_another_tenant_cannot_be_revoked(owner: asyncpg.Connection) -> None:
    key = await create_key(owner, role="agent", tenant="other")
    with pytest.raises(NoSuchKey):
        await revoke_key(owner, key, tenant="default")


async def test_development_keys_stay_the_same_and_a_revoked_one_is_replaced(
    owner: asyncpg.Connection, tmp_path: Path
) -> None:
    file = tmp_path / "keys" / "development.json"
    first = await ensure_development_keys(owner, file, "default")
    assert await ensure_development_keys(owner, file, "default") == first
    await revoke_key(owner, first["agent"], tenant="default")
    second = await ensure_development_keys(owner, file, "default")
    assert second["agent"] != first["agent"]
    assert {**second, "agent": None} == {**first, "agent": None}
    assert {key.person for key in await list_keys(owner, tenant="default")} == {f"dev-{role}" for role in first}
    assert file.stat().st_mode & 0o077 == 0


async def test_development_keys_are_known_to_a_new_database_too(owner: asyncpg.Connection, tmp_path: Path) -> None:
    file = tmp_path / "development.json"
    first = await ensure_development_keys(owner, file, "default")
    await owner.execute("TRUNCATE api_keys CASCADE")
    assert await ensure_development_keys(owner, file, "default") == first
    assert len(await list_keys(owner, tenant="default")) == 8


async def test_the_doctor_names_whose_keys_end_soon_and_those_of_development(
    owner: asyncpg.Connection, tmp_path: Path
) -> None:
    for person, days in (("a-1", 3), ("a-2", 30), ("a-3", -1), ("a-4", 2)):
        expires_at = datetime.now(UTC) + timedelta(days=days)
        await create_key(owner, role="agent", tenant="default", person=person, expires_at=expires_at)
    await ensure_development_keys(owner, tmp_path / "development.json", "default")
    good, soon, development = await check_api_keys(owner, Settings.load(mode="production"))
    assert (good.status, good.found) == ("good", "11 API keys are good")
    assert (soon.status, soon.found) == ("note", "within 14 days those end of a-4, a-1")
    assert (development.status, development.found.partition(" ")[0]) == ("note", "8")
    assert len(await check_api_keys(owner, Settings.load(mode="development"))) == 2
