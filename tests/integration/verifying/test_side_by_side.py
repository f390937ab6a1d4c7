"""A log long enough for a row above those of the leaves, read by several processes."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from dataclasses import replace

import psutil
import pytest
import pytest_asyncio

from amends_platform.verifying.log import Request, verify_log
from tests.support.postgres import Database, PostgresServer
from tests.support.whole_logs import HASHED, WholeLog, rewrite, superuser, verified, whole_log


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def whole(postgres: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[WholeLog]:
    """A level above the leaves is full at 65,536. To be read only, and to be copied."""
    directory = tmp_path_factory.mktemp("exported")
    checkpoints = (1, 256, 40_000, 65_536, 65_900)
    async with whole_log(postgres, directory, 66_000, checkpoints, range_events=4_096) as made:
        yield made


async def test_processes_side_by_side_find_what_one_finds(changed: WholeLog) -> None:
    async with superuser(changed.database) as conn:
        await conn.execute("UPDATE events SET actor = 'x' WHERE position IN (1, 4096, 4097, 50000, 66000)")
        await conn.execute("DELETE FROM events WHERE position = 12288")
        await conn.execute("UPDATE events SET recorded_at = recorded_at - interval '1 h' WHERE position = 16385")
    asked = changed.request(exported=True)
    alone = await verified(asked)
    named = [fault.position for fault in alone.faults]
    # The deleted one's case misses it, and the early one stands at the beginning of a range.
    assert named == [1, 4_096, 4_097, 12_288, 12_288 + 130, 16_385, 16_385, 50_000, 66_000]
    assert await verified(replace(asked, jobs=2)) == alone


STANDING_STILL = """
import asyncio, sys
from amends_platform.verifying.log import Request, verify_log

def stand_still(*_):
    print("reading", flush=True)
    sys.stdin.read()

asyncio.run(verify_log(Request(sys.argv[1], jobs=2, range_events=4_096), stand_still))
"""


async def test_a_verification_that_is_killed_leaves_no_process_behind(whole: WholeLog) -> None:
    pipe = asyncio.subprocess.PIPE
    command = (sys.executable, "-c", STANDING_STILL, whole.database.url)
    process = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe)
    assert process.stdout is not None
    async with asyncio.timeout(60):
        assert await process.stdout.readline() == b"reading\n"
    readers = psutil.Process(process.pid).children(recursive=True)
    assert len(readers) >= 2
    process.kill()
    await process.wait()
    _, alive = await asyncio.to_thread(psutil.wait_procs, readers, timeout=60)
    assert alive == []


async def test_a_row_above_the_leaves_tells_which_row_of_them_was_changed(changed: WholeLog) -> None:
    async with superuser(changed.database) as conn:
        await conn.execute("UPDATE events SET actor = 'x' WHERE position = 40001")
        await conn.execute(f"UPDATE events SET leaf_hash = {HASHED} WHERE position = 40001")
        await conn.execute("CREATE TABLE above AS SELECT * FROM merkle_tiles WHERE level = 1")
        await rewrite(conn, "DELETE FROM merkle_tiles")
        await conn.execute(
            "UPDATE merkle_tiles SET hashes = above.hashes, root = above.root FROM above WHERE merkle_tiles.level = 1"
        )
    first, second = (await verified(changed.request())).faults
    # Row 156 of the leaves is of the events 39,937 to 40,192, and 40,000 of them are known to be as they were.
    assert (first.position, first.until) == (39_937, 40_192)
    assert "row 0 of the tree's level 1 has another hash for the events 39937 to 40192" in first.what
    assert (second.position, second.until) == (40_001, 65_536)


async def test_a_missing_row_above_the_leaves_is_named(changed: WholeLog) -> None:
    async with superuser(changed.database) as conn:
        await conn.execute("DELETE FROM merkle_tiles WHERE level = 1")
    (fault,) = (await verified(changed.request())).faults
    assert fault == (1, "row 0 of the tree's level 1 is missing", 65_536)


async def test_a_log_that_is_bad_everywhere_is_not_read_to_its_end(changed: WholeLog) -> None:
    async with superuser(changed.database) as conn:
        await conn.execute("UPDATE events SET actor = 'x' WHERE position < 10000")
    reached = []
    found = await verify_log(changed.request(), lambda done, _total: reached.append(done))
    assert [fault.position for fault in found.faults] == list(range(1, 101))
    assert reached == [4_096]


async def test_a_log_that_nobody_touched_is_sound(whole: WholeLog) -> None:
    found = await verified(whole.request(exported=True))
    assert (found.faults, found.head, found.streams) == ((), whole.head, 130)
    assert (found.checkpoints, found.refuted, found.vouched) == (2 * len(whole.checkpoints), 0, whole.checkpoints[-1])


async def test_an_empty_log_is_sound(database: Database) -> None:
    found = await verified(Request(database.url, jobs=2))
    assert (found.faults, found.head, found.streams, found.checkpoints) == ((), 0, 0, 0)
