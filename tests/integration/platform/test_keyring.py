"""The keyring: keys of customers out of the key store, and none that was erased."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest
import pytest_asyncio

from amends_platform import keyring as keyring_module
from amends_platform.keyring import Keyring
from amends_platform.keystore.checking import check_key_store
from amends_platform.keystore.erased import ErasedKeys
from amends_platform.keystore.file_store import FileKeyStore
from amends_platform.keystore.moving import count_unmoved, move_keys
from amends_platform.keystore.protocol import KeyMissing, KeyStoreUnavailable
from amends_platform.sealing import CannotUnseal, CustomerKey, MasterKey
from tests.support.keys import kept_in_the_database, key_store_in
from tests.support.postgres import Database

TENANT = "default"


@pytest_asyncio.fixture(loop_scope="session")
async def store(tmp_path: Path) -> AsyncIterator[FileKeyStore]:
    opened = key_store_in(tmp_path)
    yield opened
    await opened.aclose()


@pytest_asyncio.fixture(loop_scope="session")
async def pool(database: Database) -> asyncpg.Pool:
    return await database.pool("amends_intake")


@pytest_asyncio.fixture(loop_scope="session")
async def keyring(pool: asyncpg.Pool, store: FileKeyStore) -> Keyring:
    return Keyring(pool, store)


async def record(pool: asyncpg.Pool, key: CustomerKey) -> None:
    """As an append does that brings the key."""
    await pool.execute(
        "INSERT INTO data_keys (key_id, tenant, customer_ref, created_at) VALUES ($1, $2, $3, log_now())",
        *(key.key_id, key.tenant, key.customer_ref),
    )


async def erase(pool: asyncpg.Pool, key: CustomerKey) -> None:
    await pool.execute("UPDATE data_keys SET erased_at = log_now() WHERE key_id = $1", key.key_id)


async def known(pool: asyncpg.Pool, keyring: Keyring, customer_ref: str = "C-1") -> CustomerKey:
    """A customer with a key that the keyring has used."""
    key = await keyring.new(TENANT, customer_ref)
    await record(pool, key)
    keyring.keep(key)
    return key


def opens(found: CustomerKey | None, key: CustomerKey) -> bool:
    event = uuid4()
    return found is not None and found.unseal(event, key.seal(event, b"Ms. Chen")) == b"Ms. Chen"


async def test_a_key_used_in_one_process_is_found_in_another(
    pool: asyncpg.Pool, store: FileKeyStore, keyring: Keyring
) -> None:
    key = await known(pool, keyring)
    elsewhere = Keyring(pool, store)
    assert elsewhere.cached(TENANT, "C-1") is None
    assert opens(await elsewhere.of_customer(TENANT, "C-1"), key)
    assert opens(elsewhere.cached(TENANT, "C-1"), key)
    assert opens((await Keyring(pool, store).by_id([key.key_id, uuid4()]))[key.key_id], key)
    assert await elsewhere.of_customer(TENANT, "C-2") is None
    assert await elsewhere.of_customer("other", "C-1") is None


async def test_new_keys_are_never_given_twice_however_many_are_asked_for_at_once(keyring: Keyring) -> None:
    keys = await asyncio.gather(*(keyring.new(TENANT, f"C-{number}") for number in range(1_500)))
    assert len({key.key_id for key in keys}) == 1_500


async def test_a_store_that_failed_is_asked_again(keyring: Keyring, store: FileKeyStore) -> None:
    store._file._sqlite.execute("PRAGMA query_only = ON")
    for _ in range(2):
        with pytest.raises(KeyStoreUnavailable):
            await keyring.new(TENANT, "C-1")
    store._file._sqlite.execute("PRAGMA query_only = OFF")
    assert (await keyring.new(TENANT, "C-1")).customer_ref == "C-1"


async def test_the_cache_is_bounded(pool: asyncpg.Pool, keyring: Keyring, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keyring_module, "_CACHED_MAX", 3)
    keys = [await known(pool, keyring, f"C-{number}") for number in range(5)]
    assert [keyring.cached(TENANT, key.customer_ref) is None for key in keys] == [True, True, False, False, False]
    assert opens(await keyring.of_customer(TENANT, "C-0"), keys[0])


async def test_an_erased_key_is_found_by_nobody(pool: asyncpg.Pool, store: FileKeyStore, keyring: Keyring) -> None:
    key, other = await known(pool, keyring), await known(pool, keyring, "C-2")
    await erase(pool, key)
    # The store has it still: what the database says is enough.
    assert await store.holds([key.key_id]) == {key.key_id}
    assert (await keyring.by_id([key.key_id, other.key_id])).keys() == {other.key_id}
    assert await Keyring(pool, store).of_customer(TENANT, "C-1") is None


async def test_an_erased_key_leaves_the_memory_of_every_process_and_the_store(
    pool: asyncpg.Pool, store: FileKeyStore, keyring: Keyring
) -> None:
    reading = Keyring(pool, store)
    key, other = await known(pool, keyring), await known(pool, keyring, "C-2")
    await reading.by_id([key.key_id, other.key_id])
    in_intake, in_workflow = ErasedKeys(pool, keyring, store), ErasedKeys(pool, reading)
    for each in (in_intake, in_workflow):
        await each.look()
    await erase(pool, key)
    await in_workflow.look()
    assert await store.holds([key.key_id]) == {key.key_id}
    await in_intake.look()
    assert await store.holds([key.key_id, other.key_id]) == {other.key_id}
    for ring in (keyring, reading):
        assert ring.cached(TENANT, "C-1") is None
        assert ring.cached(TENANT, "C-2") is not None


async def test_who_put_an_erased_key_by_a_moment_too_late_forgets_it_all_the_same(
    pool: asyncpg.Pool, store: FileKeyStore, keyring: Keyring
) -> None:
    key = await known(pool, keyring)
    erased = ErasedKeys(pool, keyring)
    await erase(pool, key)
    await erased.look()
    keyring.keep(key)
    await erased.look()
    assert keyring.cached(TENANT, "C-1") is None


async def test_an_erasure_that_was_cut_off_is_finished(
    pool: asyncpg.Pool, store: FileKeyStore, keyring: Keyring
) -> None:
    keys = [await known(pool, keyring, f"C-{number}") for number in range(3)]
    await erase(pool, keys[0])
    await erase(pool, keys[1])
    for _ in range(2):
        await ErasedKeys(pool, keyring, store).look()
        assert await store.holds(key.key_id for key in keys) == {keys[2].key_id}


async def test_a_copy_of_the_key_store_that_is_restored_forgets_what_was_erased_since(
    pool: asyncpg.Pool, store: FileKeyStore, keyring: Keyring, tmp_path: Path
) -> None:
    key, other = await known(pool, keyring), await known(pool, keyring, "C-2")
    (tmp_path / "restored").mkdir()
    (tmp_path / "restored" / "master.key").write_bytes((tmp_path / "master.key").read_bytes())
    store._file.copy_to(tmp_path / "restored" / "customers.db")
    await erase(pool, key)
    await store.destroy([key.key_id])
    restored = key_store_in(tmp_path / "restored")
    assert await restored.holds([key.key_id, other.key_id]) == {key.key_id, other.key_id}
    # As intake does when it starts.
    await ErasedKeys(pool, Keyring(pool, restored), restored).look()
    assert await restored.holds([key.key_id, other.key_id]) == {other.key_id}
    await restored.aclose()


async def test_a_key_store_without_the_newest_key_is_not_the_right_one(
    pool: asyncpg.Pool, store: FileKeyStore, keyring: Keyring, tmp_path: Path
) -> None:
    await check_key_store(pool, store, TENANT)
    key = await known(pool, keyring)
    await check_key_store(pool, store, TENANT)
    other = key_store_in(tmp_path / "other")
    with pytest.raises(KeyMissing, match="older copy"):
        await check_key_store(pool, other, TENANT)
    for ask in (Keyring(pool, other).of_customer(TENANT, "C-1"), Keyring(pool, other).by_id([key.key_id])):
        with pytest.raises(KeyMissing, match="is it the right one"):
            await ask
    await erase(pool, key)
    await check_key_store(pool, other, TENANT)
    await other.aclose()


async def test_keys_that_were_in_the_database_are_moved_and_may_be_moved_again(
    pool: asyncpg.Pool, store: FileKeyStore, keyring: Keyring, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("amends_platform.keystore.moving._AT_ONCE", 4)
    master_key = bytes.fromhex((tmp_path / "master.key").read_text())
    master, keys = MasterKey(master_key), await kept_in_the_database(pool, master_key, 10)
    assert await count_unmoved(pool, TENANT) == 10
    # One was moved by somebody who was cut off before clearing it.
    first = next(iter(keys))
    await store.add({first: keys[first]})
    told: list[int] = []
    assert await move_keys(pool, store, TENANT, lambda: master, on_progress=told.append) == 10
    assert told == [4, 8, 10]
    assert await store.get(keys) == keys
    assert await count_unmoved(pool, TENANT) == 0
    assert await move_keys(pool, store, TENANT, lambda: master) == 0
    assert await keyring.of_customer(TENANT, "C-7") is not None


async def test_a_database_restored_from_before_the_move_brings_no_key_back(
    pool: asyncpg.Pool, store: FileKeyStore, tmp_path: Path
) -> None:
    # Wrapped by a master key that was replaced since.
    kept, gone = keys = await kept_in_the_database(pool, bytes(32), 2)
    await store.add(keys)
    await store.destroy([gone])
    assert await move_keys(pool, store, TENANT, lambda: MasterKey.load(tmp_path / "master.key")) == 2
    assert await store.holds([kept, gone]) == {kept}
    # It knows nothing of the erasure, and the store is the right one all the same.
    await check_key_store(pool, store, TENANT)


async def test_keys_that_another_master_key_wrapped_stay_in_the_database(
    pool: asyncpg.Pool, store: FileKeyStore
) -> None:
    await kept_in_the_database(pool, bytes(32), 3)
    with pytest.raises(CannotUnseal):
        await move_keys(pool, store, TENANT, lambda: MasterKey(bytes([1]) * 32))
    assert await count_unmoved(pool, TENANT) == 3
