"""Sealing: what opens, what does not, and a master key file that is made once."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import uuid4

import pytest

from amends_platform.sealing import WRAPPED_BYTES, CannotUnseal, MasterKey, MasterKeyError, ensure_master_key
from tests.support.keys import a_key

MASTER = MasterKey(bytes(range(32)))
EVENT = uuid4()


def test_what_was_sealed_opens_again() -> None:
    key = a_key()
    assert key.unseal(EVENT, key.seal(EVENT, b"Ms. Chen")) == b"Ms. Chen"


def test_a_sealed_part_opens_only_on_its_own_event() -> None:
    key = a_key()
    with pytest.raises(CannotUnseal):
        key.unseal(uuid4(), key.seal(EVENT, b"Ms. Chen"))


def test_a_sealed_part_that_was_altered_does_not_open() -> None:
    key = a_key()
    sealed = bytearray(key.seal(EVENT, b"Ms. Chen"))
    sealed[-1] ^= 1
    with pytest.raises(CannotUnseal):
        key.unseal(EVENT, bytes(sealed))


def test_the_same_words_are_never_sealed_to_the_same_bytes() -> None:
    key = a_key()
    assert key.seal(EVENT, b"Ms. Chen") != key.seal(EVENT, b"Ms. Chen")


def test_a_wrapped_key_opens_under_its_own_id_and_master_key_only() -> None:
    key_id, key = uuid4(), bytes(range(32))
    wrapped = MASTER.wrap({key_id: key})[key_id]
    assert len(wrapped) == WRAPPED_BYTES
    assert MASTER.unwrap(key_id, wrapped) == key
    for master, as_id in [(MASTER, uuid4()), (MasterKey(bytes(32)), key_id)]:
        with pytest.raises(CannotUnseal):
            master.unwrap(as_id, wrapped)


def test_the_master_key_file_is_made_once_and_is_its_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "master.key"
    ensure_master_key(path)
    first = path.read_text()
    ensure_master_key(path)
    assert path.read_text() == first
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert MasterKey.load(path)


def test_of_many_who_make_the_key_at_once_one_makes_it(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "master.key"

    def make(_: int) -> str:
        ensure_master_key(path)
        return path.read_text()

    with ThreadPoolExecutor(8) as makers:
        assert len(set(makers.map(make, range(16)))) == 1
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("content", ["", "abc", "zz" * 32, "00" * 31])
def test_a_file_that_is_no_master_key_is_told(tmp_path: Path, content: str) -> None:
    path = tmp_path / "master.key"
    path.write_text(content)
    with pytest.raises(MasterKeyError):
        MasterKey.load(path)


def test_a_missing_master_key_is_told(tmp_path: Path) -> None:
    with pytest.raises(MasterKeyError, match="cannot be read"):
        MasterKey.load(tmp_path / "none.key")
