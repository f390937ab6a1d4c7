"""The key store in a file: what it holds is there after a crash, and what it destroyed is nowhere."""

from __future__ import annotations

import asyncio
import sqlite3
import stat
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from uuid import UUID, uuid4

import pytest
import pytest_asyncio

from amends_platform.keystore import key_file
from amends_platform.keystore.file_store import FileKeyStore
from amends_platform.keystore.key_file import KeyFile
from amends_platform.keystore.master_keys import MasterKeys
from amends_platform.keystore.protocol import KeyStoreUnavailable
from amends_platform.sealing import KEY_BYTES, CannotUnseal, MasterKey, MasterKeyError, ensure_master_key


@pytest.fixture
def master_key(tmp_path: Path) -> Path:
    path = tmp_path / "master.key"
    ensure_master_key(path)
    return path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "keys" / "customers.db"


@pytest_asyncio.fixture(loop_scope="session")
async def store(path: Path, master_key: Path) -> AsyncIterator[FileKeyStore]:
    opened = FileKeyStore(path, master_key)
    yield opened
    await opened.aclose()


def wrapped_keys(path: Path) -> dict[UUID, bytes]:
    """Every key as the file holds it."""
    with closing(sqlite3.connect(path)) as reading:
        rows = reading.execute("SELECT key_id, wrapped FROM data_keys").fetchall()
    return {UUID(bytes=key_id): wrapped for key_id, wrapped in rows}


def all_bytes(path: Path) -> bytes:
    """What stands in the file and in those that SQLite keeps beside it."""
    return b"".join(each.read_bytes() for each in sorted(path.parent.glob(f"{path.name}*")))


async def test_reserved_keys_are_there_for_every_process(store: FileKeyStore, path: Path, master_key: Path) -> None:
    keys = await store.reserve(3)
    assert [len(key) for key in keys.values()] == [KEY_BYTES] * 3
    assert len(set(keys.values())) == 3
    other = FileKeyStore(path, master_key)
    assert await other.get(keys) == keys
    assert await other.holds([*keys, uuid4()]) == set(keys)
    await other.aclose()


async def test_a_key_is_wrapped_and_is_its_owners_alone(store: FileKeyStore, path: Path) -> None:
    keys = await store.reserve(50)
    assert not any(key in all_bytes(path) for key in keys.values())
    for file in path.parent.glob(f"{path.name}*"):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file


async def test_a_destroyed_key_is_in_no_file_any_more(store: FileKeyStore, path: Path, master_key: Path) -> None:
    keys = [*await store.reserve(2_000)]
    wrapped = wrapped_keys(path)
    # Another process has the file open, as the workflow has.
    other = FileKeyStore(path, master_key)
    assert await other.get(keys[:1])
    gone, kept = keys[::7], set(keys) - set(keys[::7])
    await store.destroy(gone)
    found = all_bytes(path)
    assert [key_id for key_id in gone if wrapped[key_id] in found] == []
    assert await other.get(gone) == {}
    assert await other.holds(keys) == kept
    assert [key_id for key_id in kept if wrapped[key_id] not in found] == []
    await other.aclose()


async def test_what_is_destroyed_stays_so(store: FileKeyStore) -> None:
    (key_id,) = keys = await store.reserve(1)
    await store.destroy([key_id, uuid4()])
    await store.destroy([key_id])
    await store.add(keys)
    assert await store.holds([key_id]) == set()


async def test_what_was_destroyed_is_remembered_by_its_id(store: FileKeyStore) -> None:
    one, other = await store.reserve(2)
    assert await store.destroyed() == set()
    await store.destroy([one, uuid4()])
    assert await store.destroyed() == {one}
    assert await store.holds([other]) == {other}


async def test_destroying_again_finishes_what_a_crash_left_in_the_write_ahead_log(
    store: FileKeyStore, path: Path, master_key: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (key_id,) = await store.reserve(1)
    wrapped = wrapped_keys(path)[key_id]
    with monkeypatch.context() as crashing:
        crashing.setattr(KeyFile, "empty_write_ahead_log", lambda _: None)
        await store.destroy([key_id])
    assert wrapped in all_bytes(path)
    other = FileKeyStore(path, master_key)
    await other.destroy([key_id])
    assert wrapped not in all_bytes(path)
    await other.aclose()


# What SQLite locks of the file beside while it empties the write-ahead log: its WAL_CKPT_LOCK.
CHECKPOINTING = """
import fcntl, sys
with open(sys.argv[1], "r+b") as shared:
    fcntl.lockf(shared, fcntl.LOCK_EX, 1, 121)
    print("begun", flush=True)
    sys.stdin.read()
"""


async def test_who_destroys_waits_for_another_process_that_does(
    store: FileKeyStore, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = await store.reserve(2)
    wrapped = wrapped_keys(path)
    command = [sys.executable, "-c", CHECKPOINTING, f"{path}-shm"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"begun\n"
        with monkeypatch.context() as waiting:
            waiting.setattr(time, "sleep", lambda _: other.communicate())
            await store.destroy(keys)
        assert other.returncode == 0, "it was waited for"
    assert [key_id for key_id in keys if wrapped[key_id] in all_bytes(path)] == []


async def test_a_copy_holds_what_was_there_and_replaces_nothing(
    store: FileKeyStore, tmp_path: Path, master_key: Path
) -> None:
    keys = await store.reserve(3)
    copy = tmp_path / "copy.db"
    store._file.copy_to(copy)
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert sorted(copy.parent.glob("copy.db*")) == [copy]
    restored = FileKeyStore(copy, master_key)
    assert await restored.get(keys) == keys
    await restored.aclose()
    with pytest.raises(KeyStoreUnavailable, match="File exists"):
        store._file.copy_to(copy)


async def test_keys_made_elsewhere_are_taken_over_once(store: FileKeyStore) -> None:
    keys = {uuid4(): bytes([n]) * KEY_BYTES for n in range(3)}
    await store.add(keys)
    await store.add(dict.fromkeys(keys, bytes(KEY_BYTES)))
    assert await store.get(keys) == keys


def test_several_processes_may_make_the_file_and_its_keys_at_once(path: Path, master_key: Path) -> None:
    def make(_: int) -> set[UUID]:
        file = KeyFile(path, MasterKeys(master_key))
        made = {key_id for _ in range(5) for key_id in file.reserve(10)}
        file.close()
        return made

    with ThreadPoolExecutor(8) as makers:
        made = list(makers.map(make, range(8)))
    assert wrapped_keys(path).keys() == set().union(*made)


async def test_a_key_moved_to_another_id_does_not_open(store: FileKeyStore, path: Path) -> None:
    one, other = await store.reserve(2)
    with closing(sqlite3.connect(path, isolation_level=None)) as altering:
        altering.execute(
            "UPDATE data_keys SET wrapped = (SELECT wrapped FROM data_keys WHERE key_id = ?) WHERE key_id = ?",
            (one.bytes, other.bytes),
        )
    with pytest.raises(CannotUnseal):
        await store.get([other])


async def test_with_another_master_key_nothing_opens_and_nothing_is_made(
    store: FileKeyStore, path: Path, tmp_path: Path
) -> None:
    keys = await store.reserve(1)
    elsewhere = tmp_path / "elsewhere" / "master.key"
    ensure_master_key(elsewhere)
    other = FileKeyStore(path, elsewhere)
    with pytest.raises(CannotUnseal, match="another master key"):
        await other.get(keys)
    with pytest.raises(KeyStoreUnavailable, match="another master key"):
        await other.reserve(1)
    await other.aclose()


def test_without_its_master_key_no_key_store_is_made(path: Path, tmp_path: Path) -> None:
    with pytest.raises(MasterKeyError):
        FileKeyStore(path, tmp_path / "none.key")
    assert not path.exists()


def test_a_file_that_is_no_key_store_is_told(path: Path, master_key: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"something else entirely" * 100)
    with pytest.raises(KeyStoreUnavailable, match="not a database"):
        FileKeyStore(path, master_key)


async def test_a_locked_key_store_is_unavailable(store: FileKeyStore, path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as holder:
        holder.execute("BEGIN IMMEDIATE")
        store._file._sqlite.execute("PRAGMA busy_timeout = 1")
        with pytest.raises(KeyStoreUnavailable, match="locked"):
            await store.reserve(1)
        assert await store.holds([uuid4()]) == set()
        holder.execute("ROLLBACK")
    assert len(await store.reserve(1)) == 1


async def test_while_a_reader_keeps_it_in_the_write_ahead_log_a_key_is_not_called_destroyed(
    store: FileKeyStore, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(key_file, "_BUSY_SECONDS_MAX", 0.05)
    (key_id,) = await store.reserve(1)
    wrapped = wrapped_keys(path)[key_id]
    store._file._sqlite.execute("PRAGMA busy_timeout = 1")
    with closing(sqlite3.connect(path, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM data_keys").fetchone()
        with pytest.raises(KeyStoreUnavailable, match="in use"):
            await store.destroy([key_id])
    await store.destroy([key_id])
    assert wrapped not in all_bytes(path)


async def test_many_calls_at_once_are_all_answered(store: FileKeyStore) -> None:
    reserved = await asyncio.gather(*(store.reserve(2) for _ in range(20)))
    assert len({key_id for keys in reserved for key_id in keys}) == 40


def test_a_master_key_is_named_without_being_told() -> None:
    one, other = MasterKey(bytes(32)), MasterKey(bytes([1]) * 32)
    assert one.id == MasterKey(bytes(32)).id != other.id
