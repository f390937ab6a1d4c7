"""`amends demo`, from nothing to its summary: what it shows arrived from NATS, and nothing of it is left behind.

What the month before the story is made of is told in tests/integration/demo.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path

import pytest

from amends_platform.demo.premises import take
from amends_platform.failures import Failure
from tests.support.ups import environment

# Servers, services and fifteen seconds of the story, on a machine that other tests keep busy.
WAIT_SECONDS_MAX = 150.0
STORY_SECONDS = 15


async def test_the_demo_plays_its_story_shows_alerts_and_cleans_up(tmp_path: Path) -> None:
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    somebodys = tmp_path / "somebodys"
    somebodys.mkdir()
    # What is named is somebody's: the demo must not touch it.
    elsewhere = {
        "AMENDS_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/amends",
        "AMENDS_KEY_STORE": str(somebodys / "customers.db"),
        "AMENDS_MASTER_KEY_FILE": str(somebodys / "master.key"),
        "AMENDS_CHECKPOINT_DIR": str(somebodys / "checkpoints"),
        "AMENDS_TENANT": "somebody",
    }
    told = tmp_path / "told"
    with told.open("wb") as file:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "amends_platform.cli", "demo", "--cases", "12", "--seconds", str(STORY_SECONDS)),
            stdout=file,
            stderr=asyncio.subprocess.STDOUT,
            env=environment(tmp_path, TMPDIR=str(temporary), PYTHONFAULTHANDLER="1", **elsewhere),
        )
    try:
        async with asyncio.timeout(WAIT_SECONDS_MAX):
            status = await process.wait()
    except TimeoutError:
        # It says where it stands as it ends.
        process.send_signal(signal.SIGABRT)
        await process.wait()
        raise AssertionError(told.read_text()) from None
    except BaseException:
        process.kill()
        await process.wait()
        raise
    said = told.read_text()
    assert status == 0, said
    for expected in (
        "A month at a bank, and more. ",
        "sign in   amends_",
        "amends report ",
        "agent apologises to Ms. Chen",
        "NATS reminder apology",
        "NATS breach apology",
        "NATS escalation service_admin",
        "promises Ms. Chen her card",
        "the promise is kept",
        "owns it from now on",
        "cases after",
        "alerts, ",
    ):
        assert expected in said, expected
    assert "Traceback" not in said
    assert list(temporary.iterdir()) == []
    assert list(somebodys.iterdir()) == []


def test_a_directory_that_no_demo_made_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "postgres").mkdir()
    with pytest.raises(Failure, match="no demo made it"):
        take(tmp_path)
    assert [each.name for each in tmp_path.iterdir()] == ["postgres"]


def test_a_directory_is_taken_again_by_the_next_demo(tmp_path: Path) -> None:
    take(tmp_path / "new")
    (tmp_path / "new" / "postgres").mkdir()
    take(tmp_path / "new")
    assert (tmp_path / "new" / "postgres").is_dir()
