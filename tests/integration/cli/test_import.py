"""Importing into a real intake: every row recorded once, whoever sends it again, and the count always right."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from amends_platform.clients import Address
from amends_platform.importing.formats import Format
from amends_platform.importing.imports import Import, Tally
from amends_platform.importing.rows import Timing
from tests.integration.cli.conftest import Served
from tests.integration.cli.telling import connected
from tests.support.postgres import Database

HEADER = (
    "Date received,Product,Sub-product,Issue,Sub-issue,Consumer complaint narrative,Company public response,Company,"
    "State,ZIP code,Tags,Consumer consent provided?,Submitted via,Date sent to company,Company response to consumer,"
    "Timely response?,Consumer disputed?,Complaint ID"
)


def published(number: int, *, received: str = "12/23/11", narrative: str = "") -> str:
    """A record as the bureau publishes it, in words of our own."""
    quoted = narrative.replace('"', '""')
    return (
        f'{received},Credit card,,Billing disputes,None,"{quoted}",None,"Harbour Bank, N.A.",OR,970XX,Servicemember,'
        f"N/A,Web,{received},Closed,Yes,N/A,{number}"
    )


def table(*records: str) -> str:
    return "\n".join((HEADER, *records)) + "\n"


def written(directory: Path, content: str, name: str = "published.csv") -> Path:
    file = directory / name
    file.write_text(content)
    return file


async def imported(file: Path, where: Address, written_as: Format = Format.CFPB, timing: Timing | None = None) -> Tally:
    """Import as the command does; the count must always be right."""
    work = Import(file, written_as, "utf-8", timing or written_as.timing)
    told: list[int] = []
    tally = await work.run(where, lambda so_far, _: told.append(so_far.rows))
    assert told == list(range(1, tally.rows + 1))
    if not (tally.interrupted or tally.failure):
        assert tally.rows == work.count()
    assert tally.rows == tally.recorded + tally.already_recorded + tally.rejected
    return tally


async def received(database: Database) -> list[dict[str, Any]]:
    """The clear data of every complaint in the log."""
    async with connected(database) as connection:
        rows = await connection.fetch("SELECT data, occurred_at FROM events ORDER BY position")
    return [json.loads(row["data"]) | {"occurred_at": row["occurred_at"].isoformat()} for row in rows]


def outcome(tally: Tally) -> tuple[int, int, int]:
    return tally.recorded, tally.already_recorded, tally.rejected


async def test_published_complaints_are_recorded_as_history_which_starts_no_clocks(
    served: Served, tmp_path: Path
) -> None:
    file = written(
        tmp_path,
        table(
            published(1, received="12/23/11", narrative='Two lines,\n"quoted", and a comma.'),
            published(2, received="12/23/2011"),
            published(3, received="2011-12-23"),
        ),
    )
    assert outcome(await imported(file, await served.address())) == (3, 0, 0)
    events = await received(served.database)
    assert sorted(event["external_ref"] for event in events) == ["cfpb:1", "cfpb:2", "cfpb:3"]
    assert {(event["occurred_at"], event["historical"], event["branch"]) for event in events} == {
        ("2011-12-23T12:00:00+00:00", True, "Harbour Bank, N.A.")
    }


async def test_live_complaints_are_received_now(served: Served, tmp_path: Path) -> None:
    file = written(tmp_path, table(published(1)))
    before = await served.database.fetchval("SELECT log_now()")
    assert outcome(await imported(file, await served.address(), timing=Timing.LIVE)) == (1, 0, 0)
    (event,) = await received(served.database)
    assert event["historical"] is False
    assert event["occurred_at"] >= before.isoformat()


async def test_a_second_import_records_nothing_whoever_sends_it_and_however(served: Served, tmp_path: Path) -> None:
    file = written(tmp_path, table(*(published(number) for number in range(50))))
    sender = await served.address()
    assert outcome(await imported(file, sender)) == (50, 0, 0)
    assert outcome(await imported(file, sender)) == (0, 50, 0)
    assert outcome(await imported(file, await served.address("agent"))) == (0, 50, 0)
    assert outcome(await imported(file, sender, timing=Timing.LIVE)) == (0, 50, 0)
    assert len(await received(served.database)) == 50


async def test_rows_without_a_name_are_recognised_by_their_content(served: Served, tmp_path: Path) -> None:
    def row(narrative: str) -> str:
        return json.dumps({"channel": "web", "branch": "b", "customer": {"ref": "C-1"}, "narrative": narrative})

    file = written(tmp_path, "\n".join([row("Lost."), row("Found."), row("Lost.")]), "complaints.ndjson")
    assert outcome(await imported(file, await served.address(), Format.NDJSON)) == (2, 1, 0)
    assert outcome(await imported(file, await served.address("agent"), Format.NDJSON)) == (0, 3, 0)


async def test_an_interrupted_import_is_resumed_by_giving_it_again(served: Served, tmp_path: Path) -> None:
    file = written(tmp_path, table(*(published(number) for number in range(200))))
    work = Import(file, Format.CFPB, "utf-8", Timing.HISTORY)

    def heard(tally: Tally, _: str | None) -> None:
        if tally.rows == 60:
            assert work.stop()

    sender = await served.address()
    first = await work.run(sender, heard)
    assert first.interrupted
    assert 60 <= first.rows < 200
    # What was in flight was waited for: nothing is recorded that was not counted.
    assert len(await received(served.database)) == first.recorded == first.rows
    assert not work.stop()
    second = await imported(file, sender)
    assert outcome(second) == (200 - first.rows, first.rows, 0)


async def test_bad_rows_are_written_aside_and_once_mended_they_are_recorded(served: Served, tmp_path: Path) -> None:
    too_long = "x" * 100_001
    file = written(
        tmp_path,
        table(
            published(1),
            published(2, received="23/12/11", narrative="Over\nthree\nlines."),
            published(3),
            published(4, narrative=too_long),
            "nothing,that,fits",
        ),
    )
    sender = await served.address()
    work = Import(file, Format.CFPB, "utf-8", Timing.HISTORY)
    reasons: list[str] = []
    tally = await work.run(sender, lambda _, told: reasons.append(told) if told is not None else None)
    assert outcome(tally) == (2, 0, 3)
    assert [reason.partition(":")[0] for reason in reasons] == ["line 3", "line 7", "line 8"]
    assert ["Date received" in reasons[0], "/narrative" in reasons[1], "3 columns" in reasons[2]] == [True] * 3
    assert tally.rejected_file is not None
    rejected = tally.rejected_file.read_text()
    mended = rejected.replace("23/12/11", "12/23/11").replace(too_long, "Too long.")
    tally.rejected_file.write_text(mended)
    # The one that was not mended stays rejected; importing the whole file again changes nothing.
    assert outcome(await imported(tally.rejected_file, sender)) == (2, 0, 1)
    assert outcome(await imported(file, sender)) == (0, 2, 3)
    assert len(await received(served.database)) == 4


async def test_a_key_for_one_branch_imports_that_branch(served: Served, tmp_path: Path) -> None:
    def row(branch: str) -> str:
        return f"phone,{branch},C-1,Lost at {branch}."

    content = "\n".join(["channel,branch,customer_ref,narrative", row("north"), row("south"), row("north-east")])
    file = written(tmp_path, content, "complaints.csv")
    tally = await imported(file, await served.address("agent", branch="south"), Format.CSV)
    assert outcome(tally) == (1, 0, 2)
    assert [event["branch"] for event in await received(served.database)] == ["south"]


async def test_personal_data_of_a_row_is_sealed(served: Served, tmp_path: Path) -> None:
    secret = "Quillfeather"
    content = f"channel,branch,customer_ref,customer_name,narrative\nphone,b,C-1,{secret},{secret} waited.\n"
    await imported(written(tmp_path, content, "complaints.csv"), await served.address(), Format.CSV)
    (event,) = await received(served.database)
    assert secret not in json.dumps(event)
