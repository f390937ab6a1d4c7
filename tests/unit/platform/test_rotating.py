"""A new master key: killed at any step, no key is lost, services go on, and doing it again finishes it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest

from amends_platform.failures import Failure
from amends_platform.keystore.key_file import KeyFile
from amends_platform.keystore.master_keys import MasterKeys
from amends_platform.keystore.protocol import KeyStoreUnavailable
from amends_platform.keystore.rotating import rotate_master
from amends_platform.sealing import CannotUnseal, MasterKey, ensure_master_key

KEYS = 30
# Dies before or after one step, or when so many keys are done.
DYING = """
import os, signal, sys
from pathlib import Path
from amends_platform.keystore import key_file, rotating

key_file._REWRAPPED_AT_ONCE = 10
owner, method, when, path, master_key_file = sys.argv[1:]

def die():
    os.kill(os.getpid(), signal.SIGKILL)

def progress(done, total):
    if method == "progress" and done == int(when):
        die()

if method != "progress":
    cls = getattr(rotating, owner)
    step = getattr(cls, method)

    def dying(self, *args):
        if when == "before":
            die()
        step(self, *args)
        die()

    setattr(cls, method, dying)
rotating.rotate_master(Path(path), Path(master_key_file), on_progress=progress)
"""
STEPS = [
    ("MasterKeys", "make_replacement", "before"),
    ("MasterKeys", "make_replacement", "after"),
    ("KeyFile", "wrap_from_now_on_by", "after"),
    ("", "progress", "10"),
    ("", "progress", "30"),
    ("MasterKeys", "replace", "before"),
    ("MasterKeys", "replace", "after"),
]


def silently(done: int, total: int) -> None:
    """Nobody looks."""


class Place:
    """A key store with some keys, and its master key."""

    def __init__(self, directory: Path) -> None:
        self.master_key = directory / "master.key"
        ensure_master_key(self.master_key)
        self.path = directory / "customers.db"
        self._files: list[KeyFile] = []
        # As a service has it open all the while.
        self.service = self.opened()
        self.keys = self.service.reserve(KEYS)

    def opened(self, master_key: Path | None = None) -> KeyFile:
        self._files.append(KeyFile(self.path, MasterKeys(master_key or self.master_key)))
        return self._files[-1]

    def close(self) -> None:
        for file in self._files:
            file.close()

    def rotate(self) -> int:
        return rotate_master(self.path, self.master_key, on_progress=silently)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    made = Place(tmp_path)
    yield made
    made.close()


def test_all_keys_are_wrapped_anew_while_a_service_runs(place: Place) -> None:
    old = MasterKey.load(place.master_key)
    gone = next(iter(place.keys))
    place.service.destroy([gone])
    assert place.rotate() == KEYS - 1
    new = MasterKey.load(place.master_key)
    assert new.id != old.id
    assert place.service.master().id == new.id
    kept = {key_id: key for key_id, key in place.keys.items() if key_id != gone}
    assert place.service.get(place.keys) == kept
    made = place.service.reserve(2)
    assert place.opened().get([*place.keys, *made]) == kept | made
    assert place.opened().count_wrapped_by_others(new) == 0
    assert place.service.holds([gone]) == set()
    assert sorted(file.name for file in place.path.parent.glob("master.key*")) == ["master.key"]


def test_what_the_old_master_key_wrapped_is_nowhere_any_more(place: Place) -> None:
    rows = place.service._sqlite.execute("SELECT wrapped FROM data_keys").fetchall()
    place.rotate()
    found = b"".join(file.read_bytes() for file in place.path.parent.glob("customers.db*"))
    assert [wrapped for (wrapped,) in rows if wrapped in found] == []


@pytest.mark.parametrize("step", STEPS, ids=" ".join)
def test_killed_at_any_step_no_key_is_lost_and_doing_it_again_finishes_it(place: Place, step: tuple[str, ...]) -> None:
    killed = subprocess.run(
        [sys.executable, "-c", DYING, *step, str(place.path), str(place.master_key)],
        env=dict(os.environ),
        check=False,
        timeout=60,
    )
    assert killed.returncode == -signal.SIGKILL
    more: dict[UUID, bytes] = {}
    # The one that ran all the time, and one that starts now.
    for service in (place.service, place.opened()):
        assert service.get(place.keys) == place.keys
        more |= service.reserve(3)
    place.rotate()
    everything = place.keys | more
    for service in (place.service, place.opened()):
        assert service.get(everything) == everything
        assert service.master().id == MasterKey.load(place.master_key).id
    assert sorted(file.name for file in place.path.parent.glob("master.key*")) == ["master.key"]


def test_two_cannot_replace_the_master_key_at_once(place: Place) -> None:
    first = MasterKey.load(place.master_key)

    def meanwhile(done: int, total: int) -> None:
        with pytest.raises(Failure, match="somebody else"):
            place.rotate()

    assert rotate_master(place.path, place.master_key, on_progress=meanwhile) == KEYS
    assert MasterKey.load(place.master_key).id != first.id


def test_with_the_wrong_master_key_nothing_is_changed(place: Place, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere" / "master.key"
    ensure_master_key(elsewhere)
    with pytest.raises(KeyStoreUnavailable, match="another master key"):
        rotate_master(place.path, elsewhere, on_progress=silently)
    assert list(elsewhere.parent.iterdir()) == [elsewhere]
    assert place.service.get(place.keys) == place.keys


def test_a_service_that_cannot_see_the_new_master_key_says_so(place: Place, tmp_path: Path) -> None:
    copy = tmp_path / "copy" / "master.key"
    copy.parent.mkdir()
    copy.write_bytes(place.master_key.read_bytes())
    blind = place.opened(copy)
    place.rotate()
    with pytest.raises(CannotUnseal, match="another master key"):
        blind.get(place.keys)
    with pytest.raises(KeyStoreUnavailable, match="another master key"):
        blind.reserve(1)


def test_where_the_new_master_key_cannot_be_put_nothing_is_changed(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Root may write everywhere: so it is not tried, but said.
    monkeypatch.setattr(os, "access", lambda _path, _mode: False)
    with pytest.raises(Failure, match="cannot be written"):
        place.rotate()
    assert place.service.get(place.keys) == place.keys


def test_where_there_is_no_key_store_none_is_made(tmp_path: Path) -> None:
    ensure_master_key(tmp_path / "master.key")
    with pytest.raises(Failure, match="no key store"):
        rotate_master(tmp_path / "customers.db", tmp_path / "master.key", on_progress=silently)
    assert [file.name for file in tmp_path.iterdir()] == ["master.key"]
