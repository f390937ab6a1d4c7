"""`amends`, as its users give it to a running system: what it prints, what it changes, and its exit status."""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio

from tests.support.commands import WAIT_SECONDS_MAX
from tests.support.intake import complaint
from tests.support.ocel import mistakes
from tests.support.system import System

SAMPLES = Path(__file__).parents[2] / "samples" / "complaints.ndjson"
GOOD, BAD, WRONG_USAGE, UNREACHABLE = 0, 1, 2, 3


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def imports(system: System) -> list[dict[str, Any]]:
    """The samples, imported twice: what each import said."""
    said = []
    for _ in range(2):
        ended = await system.run("import", str(SAMPLES), "--json")
        assert ended.status == GOOD, ended
        said.append(ended.document)
    await system.quiet()
    return said


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def case(system: System) -> dict[str, Any]:
    """A case of this module's, apologised for."""
    agent = system.caller("agent")
    received = await agent.receive(branch="riverside", external_ref=f"crm-{uuid4().hex}")
    apologized = await agent.give(received, "apology", {"by_channel": "phone", "text": "We are truly sorry."})
    await system.case(apologized.json())
    return received


def test_an_import_records_every_row_and_a_second_one_none(imports: list[dict[str, Any]]) -> None:
    rows = len(SAMPLES.read_text().splitlines())
    first, second = ({name: said[name] for name in ("rows", "recorded", "already_recorded")} for said in imports)
    assert first == {"rows": rows, "recorded": rows, "already_recorded": 0}
    assert second == {"rows": rows, "recorded": 0, "already_recorded": rows}


async def test_what_was_imported_is_there_once(system: System, imports: list[dict[str, Any]]) -> None:
    ended = await system.run("cases", "--q", "sample:", "--all", "--json")
    assert ended.status == GOOD
    recorded = [item["external_ref"] for item in ended.document["items"]]
    assert sorted(recorded) == sorted(json.loads(line)["external_ref"] for line in SAMPLES.read_text().splitlines())
    assert ended.document["more"] is False


async def test_a_bad_row_is_reported_and_kept_for_mending_and_the_others_are_recorded(
    system: System, tmp_path: Path
) -> None:
    file = tmp_path / "complaints.ndjson"
    good = complaint(external_ref=f"crm-{uuid4().hex}")
    rows = [json.dumps(good), "{not json", json.dumps(complaint(external_ref="crm-bad", channel=7))]
    file.write_text("\n".join(rows) + "\n")
    ended = await system.run("import", str(file), "--json")
    assert ended.status == BAD
    assert (ended.document["recorded"], ended.document["rejected"]) == (1, 2)
    assert "line 2" in ended.error
    assert "line 3" in ended.error
    assert good["external_ref"] not in contents(ended.document["rejected_file"])


async def test_the_queue_is_a_table_for_people_and_json_for_programs(system: System, case: dict[str, Any]) -> None:
    table, document = await asyncio.gather(
        system.run("cases", "--branch", "riverside"), system.run("cases", "--branch", "riverside", "--json")
    )
    assert table.status == document.status == GOOD
    assert case["reference"] in table.output
    assert "apologized" in table.output
    assert [item["id"] for item in document.document["items"]] == [case["id"]]


async def test_a_case_is_shown_with_its_clocks_its_timeline_and_its_words(system: System, case: dict[str, Any]) -> None:
    shown, document = await asyncio.gather(
        system.run("show", case["reference"]), system.run("show", case["id"], "--json")
    )
    assert shown.status == document.status == GOOD
    for said in (case["reference"], "apologized", "callback", "We are truly sorry.", "Allowed now"):
        assert said in shown.output
    events = document.document["events"]
    assert [event["version"] for event in events] == list(range(1, len(events) + 1))
    before = await system.run("show", case["id"], "--json", "--as-of", events[0]["recorded_at"])
    assert before.document["case"]["state"] == "received"
    assert len(before.document["events"]) == 1
    of_case = ("audit", "readings", "--case", case["reference"])
    read, latest, refused = await asyncio.gather(
        system.run(*of_case),
        system.run(*of_case, "--limit", "1", "--json"),
        system.run("audit", "refusals", "--case", case["reference"]),
    )
    assert read.status == latest.status == refused.status == GOOD, (read, latest, refused)
    heads, *rows, count = read.output.splitlines()
    assert heads.split("  ")[0] == "WHEN"
    assert count == f"{len(rows)} readings"
    assert all(case["reference"] in row for row in rows)
    (item,) = latest.document["items"]
    assert (item["reference"], item["purpose"], latest.document["more"]) == (case["reference"], "audit", True)
    assert refused.output == "Nobody was refused.\n"


async def test_a_case_and_the_queue_are_shown_as_they_were(system: System, case: dict[str, Any]) -> None:
    events = (await system.run("show", case["id"], "--json")).document["events"]
    began = events[0]["recorded_at"]
    hindsight, told, queue, table = await asyncio.gather(
        system.run("show", case["id"], "--json", "--valid-at", began),
        system.run("show", case["id"], "--as-of", began, "--valid-at", began),
        system.run("cases", "--branch", "riverside", "--json", "--as-of", began),
        system.run("cases", "--branch", "riverside", "--valid-at", began),
    )
    assert (hindsight.document["case"]["state"], len(hindsight.document["events"])) == ("received", 1)
    # Its clocks run on, and more may have happened since it was read.
    assert hindsight.document["case"]["not_yet"][: len(events) - 1] == [event["version"] for event in events[1:]]
    for said in ("as it was known on ", "what had happened by ", "in hindsight", "Allowed then"):
        assert said in told.output
    assert [item["state"] for item in queue.document["items"]] == ["received"]
    assert table.status == GOOD
    assert "received" in table.output


async def test_a_case_is_taken_away_as_evidence_and_checked_elsewhere(
    system: System, case: dict[str, Any], tmp_path: Path
) -> None:
    bundle, bare = str(tmp_path / "evidence.zip"), str(tmp_path / "bare.zip")
    taken = await system.run("evidence", case["reference"], "-o", bundle, "--json")
    assert taken.status == GOOD, taken
    assert (taken.document["reference"], taken.document["state"]) == (case["reference"], "apologized")
    assert (tmp_path / "evidence.zip").stat().st_mode & 0o077 == 0
    checked, unsaid = await asyncio.gather(
        system.run("verify-bundle", bundle, "--key", taken.document["key"]),
        system.run("evidence", case["id"], "-o", bare, "--without-personal"),
    )
    assert (checked.status, unsaid.status) == (GOOD, GOOD), (checked, unsaid)
    assert f"{case['reference']} is good" in checked.output
    words = b"We are truly sorry."
    assert (words in (tmp_path / "evidence.zip").read_bytes(), words in (tmp_path / "bare.zip").read_bytes()) == (
        True,
        False,
    )


async def test_alerts_are_watched_as_they_come(system: System) -> None:
    case = await system.caller("agent").receive()
    # Since before it: on a busy machine the breach may be there before whoever watches is.
    watching = await system.begin("watch", "--json", "--since", "1h")
    assert watching.stdout is not None
    try:
        async with asyncio.timeout(WAIT_SECONDS_MAX):
            lines: list[str] = []
            while not any(case["id"] in line and "breach" in line for line in lines):
                lines.append((await watching.stdout.readline()).decode())
                assert lines[-1], "it ended by itself"
            watching.send_signal(signal.SIGINT)
            assert await watching.wait() == GOOD
    finally:
        if watching.returncode is None:
            watching.kill()
            await watching.wait()
    assert all(isinstance(json.loads(line), dict) for line in lines)


async def test_live_and_replayed_state_are_identical_and_the_log_is_sound(
    system: System, imports: list[dict[str, Any]], tmp_path: Path
) -> None:
    await system.quiet()
    report = tmp_path / "replay.json"
    replayed, verified = await asyncio.gather(
        system.run("replay", "--json", "--report", str(report)), system.run("verify", "--json")
    )
    assert (replayed.status, verified.status) == (GOOD, GOOD)
    assert replayed.document["identical"] is json.loads(report.read_bytes())["identical"] is True
    assert replayed.document["messages"]["compared"] is True
    assert replayed.document["messages"]["events"] >= replayed.document["events"]
    assert replayed.document["events"] == verified.document["events"] == await system.head()
    # It found the key of the running system by itself.
    assert verified.document["checkpoints"]["key"].startswith("amends/default+")


async def test_the_stream_of_the_running_system_is_filled_again(system: System, case: dict[str, Any]) -> None:
    await system.quiet()
    filled = await system.run("notifier", "--republish", str(await system.head()))
    assert (filled.status, '"messages":1,' in filled.error) == (GOOD, True), filled


async def test_the_log_is_exported_to_a_file_or_to_whoever_reads_it(
    system: System, imports: list[dict[str, Any]], tmp_path: Path
) -> None:
    await system.quiet()
    head = await system.head()
    file = tmp_path / "log.json"
    ended = await system.run("export", "--format", "ocel", "-o", str(file), "--json-summary")
    assert (ended.status, ended.document["events"], ended.document["personal"]) == (GOOD, head, False)
    assert list(mistakes(json.loads(file.read_bytes()))) == []
    told = await system.run("export", "--format", "ndjson", "--until-position", "5")
    assert [json.loads(line)["position"] for line in told.output.splitlines()] == [1, 2, 3, 4, 5]
    narratives = [json.loads(line)["narrative"] for line in SAMPLES.read_text().splitlines()]
    personal = await system.run("export", "--format", "ndjson", "--personal")
    sealed = [json.loads(line)["personal"] for line in personal.output.splitlines()]
    assert {each["narrative"] for each in sealed if each and "narrative" in each} >= set(narratives)
    assert "holds personal data" in personal.error
    assert not any(narrative in told.output for narrative in narratives)
    assert (await system.run("export", "--format", "csv")).status == WRONG_USAGE
    assert (await system.run("export", "--format", "parquet")).status == WRONG_USAGE


async def test_a_wrong_row_of_the_read_model_is_named_and_a_rebuild_mends_it(
    system: System, case: dict[str, Any]
) -> None:
    await system.quiet()
    async with system.database() as connection:
        await connection.execute("UPDATE cases SET owner = 'nobody' WHERE id = $1", case["id"])
    replayed = await system.run("replay")
    assert replayed.status == BAD
    assert "nobody" in replayed.output
    assert (await system.run("rebuild")).status == GOOD
    assert (await system.run("replay")).status == GOOD
    # Who follows the log goes on where the rebuild stood.
    received = await system.caller("agent").receive()
    assert (await system.case(received))["state"] == "received"


async def test_a_changed_event_is_found_at_its_position(system: System, case: dict[str, Any]) -> None:
    async with tampered(system, case["position"]):
        verified = await system.run("verify", "--json")
    assert verified.status == BAD
    assert verified.document["first_bad_position"] == case["position"]
    assert (await system.run("verify")).status == GOOD


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (("show", "K7M2-P9QX"), BAD, "no such case"),
        (("show",), WRONG_USAGE, "CASE"),
        (("cases", "--due-before", "soonish"), WRONG_USAGE, "--due-before"),
        (("cases", "--key", "amends_unknown"), WRONG_USAGE, "key"),
        (("cases", "--url", "http://127.0.0.1:1", "--key", "amends_any"), UNREACHABLE, "Nothing answers"),
        (("import", "nowhere.ndjson"), WRONG_USAGE, "nowhere.ndjson"),
    ],
)
async def test_the_exit_status_tells_what_went_wrong(
    system: System, arguments: tuple[str, ...], status: int, said: str
) -> None:
    ended = await system.run(*arguments)
    assert ended.status == status, ended
    assert said.lower() in (ended.output + ended.error).lower()
    assert "Traceback" not in ended.error


async def test_where_nothing_runs_a_command_says_so(system: System, tmp_path: Path) -> None:
    given = (system.run(command, AMENDS_DATA_DIR=str(tmp_path)) for command in ("cases", "replay", "watch"))
    for ended in await asyncio.gather(*given):
        assert ended.status == UNREACHABLE, ended
        assert "amends up" in ended.error


def contents(file: str) -> str:
    return Path(file).read_text()


@asynccontextmanager
async def tampered(system: System, position: int) -> AsyncIterator[None]:
    """An event changed by an owner who took the trigger away for it; then put right."""
    async with system.database() as connection:
        before = await connection.fetchval("SELECT data FROM events WHERE position = $1", position)

        async def write(data: str) -> None:
            async with connection.transaction():
                await connection.execute("ALTER TABLE events DISABLE TRIGGER events_row_unchanged")
                await connection.execute("UPDATE events SET data = $2 WHERE position = $1", position, data)
                await connection.execute("ALTER TABLE events ENABLE ALWAYS TRIGGER events_row_unchanged")

        await write(before.replace("phone", "email"))
        try:
            yield
        finally:
            await write(before)


async def test_the_present_month_is_shown_to_date_and_written_as_a_page(
    system: System, case: dict[str, Any], tmp_path: Path
) -> None:
    measured = await system.run("report", "--json")
    assert measured.status == GOOD, measured
    assert (measured.document["is_over"], measured.document["reconciles"]) == (False, True)
    assert measured.document["position"] >= case["position"]
    page = tmp_path / "report.html"
    written = await system.run("report", "-o", str(page), "--branch", "riverside", "--language", "zh")
    assert written.status == GOOD, written
    assert page.read_text("utf-8").startswith("<!DOCTYPE html>")
    summary = await system.run("report", "--language", "en")
    assert summary.status == GOOD
    assert "Every total reconciles" in summary.output


async def test_a_month_that_cannot_be_reported_is_bad_and_paper_goes_to_a_file(system: System) -> None:
    early = await system.run("report", "2020-01")
    assert (early.status, "The log begins in" in early.error) == (BAD, True)
    paper = await system.run("report", "--format", "pdf")
    assert (paper.status, "say --output" in paper.error) == (WRONG_USAGE, True)
