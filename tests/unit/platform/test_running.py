"""Finding the running `amends up`: the right one, and never one that has gone."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from amends_platform.cli.settings import of_this_machine
from amends_platform.settings import Settings
from amends_platform.supervising.running import Running, SeveralRunning, find_running, publish, withdraw


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    monkeypatch.delenv("AMENDS_DATA_DIR", raising=False)


def system(data_dir: Path) -> Running:
    """One whose supervisor is this very process."""
    data_dir.mkdir(exist_ok=True)
    return Running(
        intake_url="http://127.0.0.1:8081",
        workflow_url="http://127.0.0.1:8082",
        nats_url="nats://127.0.0.1:4222",
        database_url="postgresql://postgres@/amends?host=/run/amends",
        keys={"agent": "amends_1"},
        pids={"intake": 1, "postgres": None},
        data_dir=data_dir,
        supervisor_pid=os.getpid(),
        supervisor_started_at=psutil.Process().create_time(),
    )


def test_without_a_running_one_none_is_found(tmp_path: Path) -> None:
    assert find_running() is None
    assert find_running(tmp_path) is None


def test_the_only_one_is_found_wherever_its_data_is(tmp_path: Path) -> None:
    published = system(tmp_path / "somewhere")
    publish(published)
    assert find_running() == published
    assert find_running(tmp_path / "somewhere") == published
    assert find_running(tmp_path / "elsewhere") is None


def test_its_keys_are_for_its_own_database_and_no_other(tmp_path: Path) -> None:
    published = system(tmp_path / "data")
    publish(published)
    for url, files in (
        (None, published.data_dir),
        (published.database_url, published.data_dir),
        ("postgresql://postgres@production/amends", Settings.load().data_dir),
    ):
        assert of_this_machine(Settings.load(database_url=url)).data_dir == files


def test_its_files_are_for_its_owner_only(tmp_path: Path) -> None:
    publish(system(tmp_path / "data"))
    assert stat.S_IMODE((tmp_path / "data" / "running.json").stat().st_mode) == 0o600


def test_one_that_was_withdrawn_is_not_found(tmp_path: Path) -> None:
    publish(system(tmp_path / "data"))
    withdraw(tmp_path / "data")
    assert find_running() is None
    assert find_running(tmp_path / "data") is None


def test_one_that_was_killed_is_not_found_though_its_pid_is_used_again(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        pass
    publish(replace(system(tmp_path / "killed"), supervisor_pid=ended.pid))
    publish(replace(system(tmp_path / "reused"), supervisor_started_at=psutil.Process().create_time() - 3_600))
    assert find_running() is None


def test_of_several_one_must_be_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = system(tmp_path / "first"), system(tmp_path / "second")
    publish(first)
    publish(second)
    with pytest.raises(SeveralRunning, match="AMENDS_DATA_DIR"):
        find_running()
    monkeypatch.setenv("AMENDS_DATA_DIR", str(tmp_path / "second"))
    assert find_running() == second


def test_a_file_that_is_not_whole_is_no_running_system(tmp_path: Path) -> None:
    for content in ("", "{}", "[]", json.dumps({"data_dir": str(tmp_path), "other": 1})):
        (tmp_path / "running.json").write_text(content)
        assert find_running(tmp_path) is None


def test_the_ready_file_says_what_its_readers_expect_and_no_more(tmp_path: Path) -> None:
    document = json.loads(system(tmp_path / "data").ready_file())
    assert list(document) == ["intake_url", "workflow_url", "nats_url", "database_url", "keys", "pids"]
    assert document["pids"] == {"intake": 1, "postgres": None}
