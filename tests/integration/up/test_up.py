"""`amends up`: everything answers before it says so, what dies comes back, and nothing is left behind."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import stat
import sys
import urllib.request
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import nats
import psutil
import pytest

from amends_platform.sealing import ensure_master_key
from amends_platform.supervising.running import find_running
from tests.support.postgres import Database
from tests.support.programs import gone
from tests.support.ups import Up

ROLES = ["agent", "handler", "supervisor", "department_head", "executive", "auditor", "admin", "integration"]


@asynccontextmanager
async def running(up: Up) -> AsyncIterator[Up]:
    """Up and ready; ended at the end, whatever happened."""
    try:
        await up.until_ready()
        yield up
    finally:
        await up.end()


async def answers(address: str) -> bool:
    def ask() -> bool:
        with urllib.request.urlopen(f"{address}/readyz", timeout=10) as answer:
            return bool(answer.status == 200)

    return await asyncio.to_thread(ask)


def listening(up: Up) -> dict[str, set[str]]:
    """Where each program, or one that it started, really listens."""
    found: dict[str, set[str]] = {}
    for name, pid in up.ready()["pids"].items():
        processes = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
        sockets = [socket for process in processes for socket in process.net_connections("inet")]
        found[name] = {socket.laddr.ip for socket in sockets if socket.status == psutil.CONN_LISTEN}
    return found


async def keys_known(up: Up) -> int:
    connection = await asyncpg.connect(up.ready()["database_url"])
    try:
        return int(await connection.fetchval("SELECT count(*) FROM api_keys"))
    finally:
        await connection.close()


async def test_when_it_says_so_everything_answers_and_what_dies_comes_back(tmp_path: Path) -> None:
    async with running(Up(tmp_path / "data")) as up:
        ready = up.ready()
        assert stat.S_IMODE(up.ready_file.stat().st_mode) == 0o600
        assert list(ready) == ["intake_url", "workflow_url", "nats_url", "database_url", "keys", "pids"]
        assert list(ready["keys"]) == ROLES
        assert len(set(ready["keys"].values())) == 8
        assert await answers(ready["intake_url"])
        assert await answers(ready["workflow_url"])
        # For the console.
        assert psutil.Process(ready["pids"]["workflow"]).environ()["AMENDS_INTAKE_URL"] == ready["intake_url"]
        assert await keys_known(up) == 8
        here = {"127.0.0.1"}
        # PostgreSQL has a socket in a directory of its own, and the notifier none at all.
        assert listening(up) == {"intake": here, "workflow": here, "notifier": set(), "postgres": set(), "nats": here}
        for name in ("intake", "workflow", "notifier", "nats", "postgres"):
            os.kill(ready["pids"][name], signal.SIGKILL)
            await up.hear(f"{name:<9}ready again")
            after = up.ready()
            assert after["pids"][name] != ready["pids"][name]
            assert psutil.pid_exists(after["pids"][name])
        assert {**after, "pids": None} == {**ready, "pids": None}
        assert await answers(after["intake_url"])
        assert await keys_known(up) == 8
        client = await nats.connect(after["nats_url"])
        await client.jetstream().account_info()
        await client.close()


async def test_a_second_one_on_the_same_directory_is_refused_and_told_by_whom(tmp_path: Path) -> None:
    async with running(Up(tmp_path / "data")) as first:
        pids = first.ready()["pids"]
        second = Up(tmp_path / "data")
        await second.start()
        assert await second.ended() == 1
        assert f"Another `amends up` (pid {first.process.pid}) uses {tmp_path / 'data'}" in second.output
        assert first.ready()["pids"] == pids


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the next start stops what is left")
async def test_neither_a_stop_nor_a_kill_leaves_a_process_and_keys_and_data_stay(tmp_path: Path) -> None:
    up = Up(tmp_path / "data")
    ready = await up.until_ready()
    running_now = find_running(up.data_dir)
    assert running_now is not None
    assert running_now.keys == ready["keys"]
    assert await up.end(signal.SIGINT) == 0
    assert not any(psutil.pid_exists(pid) for pid in ready["pids"].values())
    assert not up.ready_file.exists()
    assert find_running(up.data_dir) is None
    stopped = [line.split()[1] for line in up.lines if line.endswith("stopped")]
    assert set(stopped[:2]) == {"intake", "workflow"}
    assert stopped[2:] == ["notifier", "nats", "postgres"]

    again = await up.until_ready()
    assert (again["keys"], again["nats_url"]) == (ready["keys"], ready["nats_url"])
    await up.end(signal.SIGKILL)
    assert await gone(*again["pids"].values())
    assert find_running(up.data_dir) is None

    async with running(Up(tmp_path / "data")) as after_kill:
        assert after_kill.ready()["keys"] == ready["keys"]
        assert await keys_known(after_kill) == 8


async def test_a_kill_at_any_moment_of_the_first_start_needs_no_repair(tmp_path: Path) -> None:
    up = Up(tmp_path / "data")
    for moment in ("making a new PostgreSQL cluster", "postgres ready", "schema up to date", "nats     ready"):
        await up.start()
        await up.hear(moment)
        await up.end(signal.SIGKILL)
    async with running(Up(tmp_path / "data")) as at_last:
        assert await keys_known(at_last) == 8


async def test_ctrl_c_during_the_start_stops_what_was_started(tmp_path: Path) -> None:
    up = Up(tmp_path / "data")
    up.ready_file.write_text("{}")
    await up.start()
    await up.hear("postgres ready")
    # One of an earlier run, which nobody must take for ours.
    assert not up.ready_file.exists()
    assert await up.end(signal.SIGINT) == 0
    assert "postgres stopped" in up.output
    assert not up.ready_file.exists()


async def test_servers_that_the_settings_name_are_used_and_let_run(
    tmp_path: Path, database: Database, nats_url: str
) -> None:
    up = Up(tmp_path / "data", AMENDS_DATABASE_URL=database.url, AMENDS_NATS_URL=nats_url)
    async with running(up):
        ready = up.ready()
        assert (ready["database_url"], ready["nats_url"]) == (database.url, nats_url)
        assert (ready["pids"]["postgres"], ready["pids"]["nats"]) == (None, None)
        assert await keys_known(up) == 8
    assert await database.fetchval("SELECT count(*) FROM api_keys") == 8


@pytest.mark.parametrize(
    ("key", "row"),
    [
        (
            "master.key",
            "data_keys (key_id, tenant, customer_ref, wrapped, created_at)"
            " VALUES (gen_random_uuid(), 'default', 'C-1', '\\x00', now())",
        ),
        ("signing.key", "signed_checkpoints (tree_size, root_hash, note) VALUES (1, sha256(''), '')"),
    ],
)
async def test_it_makes_no_new_key_in_the_place_of_one_that_was_used(
    tmp_path: Path, database: Database, nats_url: str, key: str, row: str
) -> None:
    await database.execute(f"INSERT INTO {row}")
    up = Up(tmp_path / "data", AMENDS_DATABASE_URL=database.url, AMENDS_NATS_URL=nats_url)
    await up.start()
    assert await up.ended() == 1
    assert f"{key} is missing" in up.output
    assert not (tmp_path / "data" / "keys" / key).exists()


async def test_it_does_not_go_on_with_a_key_store_that_lacks_the_customers_keys(
    tmp_path: Path, database: Database, nats_url: str
) -> None:
    await database.execute(
        "INSERT INTO data_keys (key_id, tenant, customer_ref, created_at)"
        " VALUES (gen_random_uuid(), 'default', 'C-1', now())"
    )
    ensure_master_key(tmp_path / "data" / "keys" / "master.key")
    up = Up(tmp_path / "data", AMENDS_DATABASE_URL=database.url, AMENDS_NATS_URL=nats_url)
    await up.start()
    assert await up.ended() == 1
    assert "it is empty, another one, or an older copy" in up.output
    assert "AMENDS_KEY_STORE" in up.output


async def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        up = Up(tmp_path / "data", "--intake-port", str(taken.getsockname()[1]))
        await up.start()
        assert await up.ended() == 1
    assert "is taken. Choose another with --intake-port" in up.output


async def test_a_policy_that_cannot_be_used_stops_it_before_anything_is_made(tmp_path: Path) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_text("clocks: no\n")
    up = Up(tmp_path / "data", "--policy", str(policy))
    await up.start()
    assert await up.ended() == 2
    assert f"{policy}:1:" in up.output
    assert not (tmp_path / "data").exists()


async def test_a_wrong_setting_is_wrong_usage(tmp_path: Path) -> None:
    up = Up(tmp_path / "data", AMENDS_RATE_LIMIT="fast")
    await up.start()
    assert await up.ended() == 2
    assert "AMENDS_RATE_LIMIT: must be off, or a number of requests per second" in up.output


async def test_a_database_out_of_reach_is_told_apart_from_a_mistake(tmp_path: Path) -> None:
    url = "postgresql://amends:secret@127.0.0.1:1/amends"
    up = Up(tmp_path / "data", AMENDS_DATABASE_URL=url)
    await up.start()
    assert await up.ended() == 3
    assert "cannot be reached" in up.output
    assert "secret" not in up.output
