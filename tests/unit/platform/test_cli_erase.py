"""`amends erase` before it reaches anything: what it needs at hand."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from amends_platform import cli
from amends_platform.evidence.signing_key import ensure_signing_key
from amends_platform.failures import CannotReach, Failure
from amends_platform.keystore.key_file import KeyFile
from amends_platform.keystore.master_keys import MasterKeys
from amends_platform.sealing import ensure_master_key

ERASE = ["erase", "C-1", "--reason", "asked for by the customer", "--yes"]


@pytest.fixture
def keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the settings look for the key store, the master key and the signing key."""
    for name, file in (("KEY_STORE", "customers.db"), ("MASTER_KEY_FILE", "master.key"), ("SIGNING_KEY_FILE", "s.key")):
        monkeypatch.setenv(f"AMENDS_{name}", str(tmp_path / file))
    monkeypatch.setenv("AMENDS_DATABASE_URL", f"postgresql://nobody@/none?host={tmp_path}&port=1")
    return tmp_path


def make_key_store(directory: Path) -> None:
    ensure_master_key(directory / "master.key")
    KeyFile(directory / "customers.db", MasterKeys(directory / "master.key")).close()


def fails(kind: type[Failure], *, with_: str) -> None:
    error = CliRunner().invoke(cli.app, ERASE).exception
    assert type(error) is kind, error
    assert with_ in str(error)


def test_a_reason_is_asked_for() -> None:
    assert CliRunner().invoke(cli.app, ["erase", "C-1", "--yes"]).exit_code == 2


def test_no_key_store_is_made_where_there_is_none(keys: Path) -> None:
    fails(Failure, with_="There is no key store")
    assert list(keys.iterdir()) == []


def test_nothing_is_erased_that_could_not_be_certified(keys: Path) -> None:
    make_key_store(keys)
    fails(Failure, with_="signing key")


def test_without_a_database_it_says_so(keys: Path) -> None:
    make_key_store(keys)
    ensure_signing_key(keys / "s.key", "amends/default")
    fails(CannotReach, with_="not available")
