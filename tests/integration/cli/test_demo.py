"""`amends demo`, from nothing to its summary: what it shows arrived from NATS, and nothing of it is left behind."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from tests.support.ups import environment

# Servers, services and fifteen seconds of the story, on a machine that other tests keep busy.
WAIT_SECONDS_MAX = 150.0
STORY_SECONDS = 15


async def test_the_demo_plays_its_story_shows_alerts_and_cleans_up(tmp_path: Path) -> None:
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    # A database that is named is somebody's: the demo must not touch it.
    elsewhere = "postgresql://nobody@127.0.0.1:1/amends"
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "amends_platform.cli", "demo", "--seconds", str(STORY_SECONDS)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=environment(tmp_path, AMENDS_DATABASE_URL=elsewhere, TMPDIR=str(temporary)),
    )
    try:
        async with asyncio.timeout(WAIT_SECONDS_MAX):
            output, error = await process.communicate()
    except BaseException:
        process.kill()
        await process.wait()
        raise
    said = output.decode()
    assert process.returncode == 0, said + error.decode()
    for expected in (
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
    assert "Traceback" not in said + error.decode()
    assert list(temporary.iterdir()) == []
