"""A verification that was interrupted goes on where it was, and trusts nothing that has changed since."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from amends_platform.failures import WrongUsage
from amends_platform.verifying.log import Request, verify_log
from tests.support.whole_logs import SIGNER, WholeLog, seal_log, superuser, verified, write_log


class _Interrupted(Exception):
    """Somebody pressed Ctrl-C."""


async def interrupted(asked: Request, at: int) -> None:
    """Verify up to this position at least, and no further than the range it is in."""

    def on_progress(done: int, _total: int) -> None:
        if done >= at:
            raise _Interrupted

    with pytest.raises(_Interrupted):
        await verify_log(asked, on_progress)


async def test_what_was_read_before_an_interruption_is_not_read_again(whole: WholeLog, tmp_path: Path) -> None:
    asked = replace(whole.request(exported=True), resume=tmp_path / "notes")
    await interrupted(asked, 500)
    reached: list[int] = []
    found = replace(await verify_log(asked, lambda done, _total: reached.append(done)), seconds=0.0)
    assert reached[0] == 512 + 256
    assert found.resumed is not None
    assert found.resumed.position == 512
    assert replace(found, resumed=None) == await verified(whole.request(exported=True))
    # It is done with: the next one begins at the beginning.
    assert not (tmp_path / "notes").exists()


async def test_what_was_found_before_an_interruption_is_not_forgotten(changed: WholeLog, tmp_path: Path) -> None:
    async with superuser(changed.database) as conn:
        await conn.execute("UPDATE events SET actor = 'x' WHERE position = 125")
        await conn.execute("UPDATE events SET version = 9999 WHERE position = 1000")
    asked = replace(changed.request(), resume=tmp_path / "notes")
    await interrupted(asked, 500)
    found = await verified(asked)
    assert found.resumed is not None
    assert replace(found, resumed=None) == await verified(changed.request())
    assert {fault.position for fault in found.faults} == {125, 1_000, 1_130}


async def test_a_log_that_grew_during_an_interruption_is_read_to_its_new_end(changed: WholeLog, tmp_path: Path) -> None:
    asked = replace(changed.request(), resume=tmp_path / "notes")
    await interrupted(asked, 1_500)
    async with superuser(changed.database) as conn:
        await write_log(conn, changed.head, changed.head + 500)
        await seal_log(conn, [changed.head + 450], SIGNER, tmp_path)
    found = await verified(asked)
    assert (found.faults, found.head, found.vouched) == ((), changed.head + 500, changed.head + 450)


async def test_a_log_that_was_cut_off_during_an_interruption_is_found(changed: WholeLog, tmp_path: Path) -> None:
    asked = replace(changed.request(), resume=tmp_path / "notes")
    await interrupted(asked, 1_500)
    async with superuser(changed.database) as conn:
        await conn.execute("DELETE FROM events WHERE position > 1520")
        await conn.execute("DELETE FROM merkle_tiles")
        await conn.execute("DELETE FROM signed_checkpoints")
    (fault,) = (await verified(asked)).faults
    assert fault == (1_521, "the log ends at 1,520, but 1,536 events were read before the interruption", 1_536)


async def test_an_event_that_was_replaced_during_an_interruption_is_found(changed: WholeLog, tmp_path: Path) -> None:
    asked = replace(changed.request(), resume=tmp_path / "notes")
    await interrupted(asked, 1_500)
    async with superuser(changed.database) as conn:
        await conn.execute("UPDATE events SET leaf_hash = sha256('x') WHERE position = 1536")
    (fault,) = (await verified(asked)).faults
    assert fault.position == 1_536
    assert "and the last of them is another now" in fault.what


async def test_notes_made_with_other_checkpoints_are_not_gone_on_from(whole: WholeLog, tmp_path: Path) -> None:
    notes = tmp_path / "notes"
    await interrupted(replace(whole.request(), resume=notes), 500)
    found = await verified(replace(whole.request(exported=True), resume=notes))
    assert found.resumed is None
    assert replace(found, resumed=None) == await verified(whole.request(exported=True))


async def test_a_file_of_somebody_else_is_left_alone(whole: WholeLog, tmp_path: Path) -> None:
    (tmp_path / "diary").write_text("Dear diary")
    with closing(sqlite3.connect(tmp_path / "store")) as store:
        store.execute("CREATE TABLE streams (id, version)")
    for path in (tmp_path / "diary", tmp_path / "store"):
        before = path.read_bytes()
        with pytest.raises(WrongUsage, match="cannot be used to go on from"):
            await verified(replace(whole.request(), resume=path))
        assert path.read_bytes() == before
