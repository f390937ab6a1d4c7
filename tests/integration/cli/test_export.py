"""The log as files for other programs: read back by others than ourselves, and held against the log."""

from __future__ import annotations

import asyncio
import io
import json
import os
import sys
import tracemalloc
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import asyncpg
import duckdb
import pytest
import pytest_asyncio
import r4pm

from amends_domain.commands import AddNote, ChangeFlags, HandOver, Link
from amends_domain.reference import reference_of
from amends_platform.auditing import auditor_connection
from amends_platform.exporting import extract
from amends_platform.exporting.exports import Exported, Format, export_to, export_to_file
from amends_platform.exporting.extract import Extract, FindKeys, Scope, scope_of_times
from amends_platform.failures import Failure
from amends_platform.keyring import Keyring
from tests.integration.cli.telling import Told, change, connected
from tests.integration.workflow.conftest import open_log
from tests.support.keys import key_store_in
from tests.support.ocel import ByR4pm, mistakes
from tests.support.postgres import Database, PostgresServer, new_database

# Whatever of these stands in an export has leaked.
SECRETS = ("Rosalind Achterberg", "swallowed my card", "keeps calling back")

XES = "{http://www.xes-standard.org/}"


@dataclass(frozen=True)
class Exports:
    """A log, its events as the database has them, and what was exported of it."""

    database: Database
    events: list[asyncpg.Record]
    files: Mapping[Format, Path]
    said: Mapping[Format, Exported]

    @property
    def ocel(self) -> Any:
        return json.loads(self.files[Format.OCEL].read_bytes())


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def exported(
    postgres: PostgresServer, history: Told, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Exports]:
    """Everything exported once. Tests only look."""
    directory = tmp_path_factory.mktemp("exports")
    async with new_database(postgres, history.database.name) as database:
        await go_on(database, history)
        async with connected(database) as connection:
            events = await connection.fetch("SELECT * FROM events ORDER BY position")
        files = {Format.OCEL: directory / "log.json", Format.XES: directory / "log.xes"}
        files |= {format_: directory / f"log.{format_}" for format_ in (Format.NDJSON, Format.PARQUET)}
        said = {format_: await export_file(path, format_, database) for format_, path in files.items()}
        yield Exports(database, events, files, said)


async def go_on(database: Database, history: Told) -> None:
    """More of what has to do with other cases and people, and a character that XML cannot hold."""
    async with open_log(database, history.directory) as log:
        await log.use_policy(history.directory / "policy.yaml")
        name, narrative, remark = SECRETS
        spoken = await log.receive(
            narrative=f"The machine {narrative}.", customer={"name": name}, external_ref="a\x08b"
        )
        await log.give(spoken, AddNote(f"She {remark}."))
        await log.give(spoken, HandOver(to_department="cards"))
        await log.give(spoken, Link(history.cases["kept"], "related"))
        await log.give(spoken, ChangeFlags(add=("urgent",)))
        await log.give(spoken, ChangeFlags(remove=("urgent",)))
        again = await log.receive(customer={"name": name})
        await log.merge(again, spoken)
        flagged = await log.receive()
        # In one moment, as timers of a case fire.
        await database.stop_clock(await log.now())
        for flag in ("urgent", "vulnerable"):
            await log.give(flagged, ChangeFlags(add=(flag,)))


async def export_file(
    path: Path, format_: Format, database: Database, scope: Scope | None = None, keys: FindKeys | None = None
) -> Exported:
    async with auditor_connection(database.url) as conn, conn.transaction(isolation="repeatable_read", readonly=True):
        scope = scope or await scope_of_times(conn, since=None, before=None, until=None)
        return await export_to_file(path, format_, Extract(conn, "default", scope, keys), _heard)


def _heard(stage: str, done: int, total: int) -> None:
    assert 0 < done <= total, stage


def lines(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def test_every_event_is_a_line_with_all_that_the_log_has_of_it(exported: Exports) -> None:
    told = lines(exported.files[Format.NDJSON])
    assert [line["position"] for line in told] == [event["position"] for event in exported.events]
    first = {event["stream_id"]: event for event in reversed(exported.events)}
    for line, event in zip(told, exported.events, strict=True):
        assert line["data"] == json.loads(event["data"])
        assert line["reference"] == reference_of(first[event["stream_id"]]["position"])
        assert (line["id"], line["type"], line["actor"]) == (str(event["id"]), event["type"], event["actor"])
        assert line["branch"] == json.loads(first[event["stream_id"]]["data"])["branch"]
        assert "personal" not in line


def test_ocel_keeps_the_rules_and_r4pm_reads_all_of_it(exported: Exports) -> None:
    document = exported.ocel
    assert list(mistakes(document)) == []
    read = ByR4pm(exported.files[Format.OCEL])
    assert read.events == len(document["events"]) == len(exported.events) == exported.said[Format.OCEL].counted.events
    assert read.objects == len(document["objects"]) == exported.said[Format.OCEL].counted.objects


async def test_objects_are_those_of_the_log_and_have_its_events(exported: Exports) -> None:
    read = ByR4pm(exported.files[Format.OCEL])
    lives: dict[str, list[str]] = defaultdict(list)
    for event in exported.events:
        lives[str(event["stream_id"])].append(event["type"])
    incidents = {case for case, types in lives.items() if types[0] == "incident-opened"}
    assert read.objects_of_type("incident") == incidents
    assert read.objects_of_type("case") == lives.keys() - incidents
    for case, types in lives.items():
        assert set(types) <= set(read.activities_of(case)), "others may name it too"
    data = [json.loads(event["data"]) for event in exported.events]
    refs = {f"customer:{each['customer_ref']}" for each in data if "customer_ref" in each}
    assert read.objects_of_type("customer") == refs
    staff = {each for event in exported.events if not (each := event["actor"]).startswith("system:")}
    assert read.objects_of_type("staff") >= {f"staff:{person}" for person in staff}
    hashes = {event["policy_hash"].hex() for event in exported.events if event["policy_hash"]}
    assert read.objects_of_type("policy") == {f"policy:{policy_hash}" for policy_hash in hashes}


async def test_what_a_case_is_at_last_is_what_the_read_model_says(told: Told, tmp_path: Path) -> None:
    await export_file(tmp_path / "log.json", Format.OCEL, told.database)
    read = ByR4pm(tmp_path / "log.json")
    async with connected(told.database) as connection:
        rows = await connection.fetch("SELECT * FROM cases")
    assert len(rows) == 9
    for row in rows:
        for attribute in ("state", "owner", "grade", "kind", "hand_offs", "escalations", "cycle", "reference"):
            assert read.changes_of(str(row["id"]), attribute)[-1] == row[attribute], attribute
    reopened = str(told.cases["closed"])
    assert read.changes_of(reopened, "state") == ["received", "withdrawn", "received"]


def test_an_attribute_that_is_taken_away_is_empty_from_then_on(exported: Exports) -> None:
    cases = {each["id"]: each for each in exported.ocel["objects"] if each["type"] == "case"}
    flags = [[a["value"] for a in case["attributes"] if a["name"] == "flags"] for case in cases.values()]
    assert ["urgent", ""] in flags


def test_of_two_values_in_one_moment_the_last_is_the_one_that_counts(exported: Exports) -> None:
    cases = [case for case in exported.ocel["objects"] if case["type"] == "case"]
    flags = [[a["value"] for a in case["attributes"] if a["name"] == "flags"] for case in cases]
    assert ["urgent, vulnerable"] in flags


def test_relations_say_who_did_what_to_which_case(exported: Exports) -> None:
    related: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for event in exported.ocel["events"]:
        related[event["type"]] |= {(r["qualifier"], r["objectId"].partition(":")[0]) for r in event["relationships"]}
    usual = {"customer", "branch", "judged by", "entered by"}
    assert {q for q, _ in related["complaint-received"]} == {*usual, "case", "owner"}
    assert ("owner", "staff") in related["complaint-received"]
    assert {q for q, _ in related["hand-off-offered"]} == {*usual, "case", "offered by"}
    # The other case of a merge has two roles in one event: its own, and what the field says.
    assert {"case", "into"} <= {q for q, _ in related["merged-into"]}
    assert "entered by" not in {q for q, _ in related["deadline-breached"]}, "nobody entered what the system wrote"


def test_xes_is_read_by_r4pm_which_writes_the_same_again(exported: Exports, tmp_path: Path) -> None:
    again = tmp_path / "again.xes"
    r4pm.export_item(r4pm.import_item("EventLog", str(exported.files[Format.XES])), str(again))
    assert traces(again) == traces(exported.files[Format.XES])


def traces(path: Path) -> list[list[list[tuple[str, str, str]]]]:
    """Of every trace its own attributes, then those of each event, as any parser of XML sees them."""
    log = ElementTree.parse(path).getroot()
    return [
        [[(each.tag, each.attrib["key"], plainly(each)) for each in part if "key" in each.attrib] for part in parts]
        for parts in ((trace, *trace.iter(f"{XES}event")) for trace in log.iter(f"{XES}trace"))
    ]


def plainly(attribute: ElementTree.Element) -> str:
    """Its value; a time as everybody writes it, for r4pm leaves out the last three digits where they are zeros."""
    value = attribute.attrib["value"]
    return datetime.fromisoformat(value).isoformat() if attribute.tag == f"{XES}date" else value


def test_a_trace_is_a_case_with_its_events_in_order(exported: Exports) -> None:
    lives: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for event in exported.events:
        lives[str(event["stream_id"])].append((event["type"], event["position"]))
    told = {}
    for case, *events in traces(exported.files[Format.XES]):
        for attributes in (case, *events):
            keys = [key for _, key, _ in attributes]
            assert len(keys) == len(set(keys))
        known = [{key: value for _, key, value in event} for event in events]
        assert all(event.keys() >= {"time:timestamp", "lifecycle:transition", "org:resource"} for event in known)
        told[{key: value for _, key, value in case}["case_id"]] = [
            (event["concept:name"], int(event["log_position"])) for event in known
        ]
    assert told == lives


def test_what_xml_cannot_hold_is_replaced(exported: Exports) -> None:
    known_as = {
        value for case, *_ in traces(exported.files[Format.XES]) for _, key, value in case if key == "external_ref"
    }
    assert "a\ufffdb" in known_as


def test_parquet_has_the_lines_as_a_table(exported: Exports) -> None:
    rows = table(exported, "position, case_id, type, epoch_us(occurred_at), data")
    told = [
        (position, str(case_id), type_, at, json.loads(data)) for position, case_id, type_, at, data in rows.fetchall()
    ]
    assert told == [
        (
            e["position"],
            str(e["stream_id"]),
            e["type"],
            round(e["occurred_at"].timestamp() * 1e6),
            json.loads(e["data"]),
        )
        for e in exported.events
    ]


def table(exported: Exports, columns: str) -> duckdb.DuckDBPyRelation:
    rows = duckdb.sql(f"SELECT {columns} FROM '{exported.files[Format.PARQUET]}'")
    assert rows is not None
    return rows


def test_no_export_holds_personal_data_or_is_for_anybody_to_read(exported: Exports) -> None:
    unpacked = table(exported, "COLUMNS(*)::text").fetchall()
    for format_, path in exported.files.items():
        text = str(unpacked) if format_ is Format.PARQUET else path.read_text("utf-8")
        assert "complaint-received" in text
        for secret in SECRETS:
            assert secret not in text, format_
        assert path.stat().st_mode & 0o777 == 0o600
    left = set(exported.files[Format.XES].parent.iterdir())
    assert left == set(exported.files.values())


async def test_personal_data_is_there_for_whoever_has_the_keys_and_null_where_they_are_gone(
    told: Told, tmp_path: Path
) -> None:
    async with connected(told.database) as connection:
        gone, kept = await connection.fetch(
            "SELECT key_id, stream_id FROM events WHERE version = 1 AND stream_id = ANY($1) ORDER BY stream_id",
            [told.cases["kept"], told.cases["past"]],
        )
    await change(told.database, f"UPDATE data_keys SET erased_at = now() WHERE key_id = '{gone['key_id']}'")
    store = key_store_in(told.directory)
    try:
        async with auditor_connection(told.database.url) as conn:
            for format_ in (Format.NDJSON, Format.OCEL, Format.XES):
                path = tmp_path / format_
                said = await export_file(path, format_, told.database, keys=Keyring(conn, store).by_id)
                assert said.personal
                text = path.read_text()
                # The customer's words on the cases whose keys are there: on all but one.
                assert text.count("The machine kept my card.") == 7
        told_of = {line["case_id"]: line for line in lines(tmp_path / "ndjson") if line["version"] == 1}
        assert told_of[str(gone["stream_id"])]["personal"] is None
        assert told_of[str(kept["stream_id"])]["personal"]["customer"] == {"name": "Ms. Chen"}
        assert list(mistakes(json.loads((tmp_path / "ocel").read_bytes()))) == []
    finally:
        await store.aclose()


@pytest.mark.parametrize("share", [(0.3, 1), (0, 0.5), (0.4, 0.8), (0.5, 0.5)])
async def test_a_part_of_the_log_has_the_events_of_that_part_and_the_objects_that_they_are_about(
    exported: Exports, tmp_path: Path, share: tuple[float, float]
) -> None:
    after, until = (int(part * len(exported.events)) for part in share)
    scope = Scope(after, until)
    expected = [str(event["id"]) for event in exported.events[after:until]]
    await export_file(tmp_path / "part.ndjson", Format.NDJSON, exported.database, scope)
    assert [line["id"] for line in lines(tmp_path / "part.ndjson")] == expected
    await export_file(tmp_path / "part.json", Format.OCEL, exported.database, scope)
    document = json.loads((tmp_path / "part.json").read_bytes())
    assert list(mistakes(document)) == []
    assert [event["id"] for event in document["events"]] == expected
    cases = {str(event["stream_id"]) for event in exported.events[after:until]}
    assert {each["id"] for each in document["objects"] if each["type"] in ("case", "incident")} == cases
    await export_file(tmp_path / "part.xes", Format.XES, exported.database, scope)
    told = [event for _, *events in traces(tmp_path / "part.xes") for event in events]
    assert sorted(value for event in told for _, key, value in event if key == "event_id") == sorted(expected)


async def test_a_part_may_be_named_by_times_of_recording(exported: Exports) -> None:
    times = [event["recorded_at"] for event in exported.events]
    async with auditor_connection(exported.database.url) as conn:
        since, before = times[10], times[40]
        scope = await scope_of_times(conn, since=since, before=before, until=None)
        assert scope == Scope(sum(at < since for at in times), sum(at < before for at in times))
        assert await scope_of_times(conn, since=since, before=None, until=20) == Scope(scope.after, 20)
        assert (await scope_of_times(conn, since=before, before=since, until=None)).events_max == 0


async def test_the_log_that_grows_meanwhile_is_exported_as_it_was(told: Told) -> None:
    out = io.BytesIO()
    async with (
        auditor_connection(told.database.url) as conn,
        conn.transaction(isolation="repeatable_read", readonly=True),
        open_log(told.database, told.directory) as log,
    ):
        scope = await scope_of_times(conn, since=None, before=None, until=None)
        await log.receive()
        await export_to(out, Format.OCEL, Extract(conn, "default", scope, None), _heard)
    document = json.loads(out.getvalue())
    assert list(mistakes(document)) == []
    assert len(document["events"]) == scope.until


async def test_another_tenants_cases_are_not_exported(told: Told, tmp_path: Path) -> None:
    await change(told.database, f"UPDATE events SET tenant = 'else' WHERE stream_id = '{told.cases['past']}'")
    for format_ in (Format.NDJSON, Format.OCEL, Format.XES):
        await export_file(tmp_path / "log", format_, told.database)
        assert str(told.cases["past"]) not in (tmp_path / "log").read_text()


async def test_a_log_that_cannot_be_told_leaves_no_file_and_the_old_one_as_it_was(told: Told, tmp_path: Path) -> None:
    (tmp_path / "log").write_text("yesterday's")
    await change(told.database, "UPDATE events SET type = 'complaint-lost' WHERE position = 5")
    for format_ in (Format.OCEL, Format.XES):
        with pytest.raises(Failure, match="complaint-lost, which this release does not know"):
            await export_file(tmp_path / "log", format_, told.database)
    assert os.listdir(tmp_path) == ["log"]
    assert (tmp_path / "log").read_text() == "yesterday's"


async def test_a_file_that_cannot_be_written_is_named(exported: Exports, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path in (tmp_path, tmp_path / "file" / "log"):
        for format_ in (Format.XES, Format.PARQUET):
            with pytest.raises(Failure, match="cannot be written"):
                await export_file(path, format_, exported.database)


async def test_whoever_has_seen_enough_ends_the_export_and_no_traceback_is_shown(exported: Exports) -> None:
    export = f"{sys.executable} -m amends_platform.cli export --format ocel"
    process = await asyncio.create_subprocess_exec(
        *("bash", "-o", "pipefail", "-c", f"{export} | head -c 100"),
        env=os.environ | {"AMENDS_DATABASE_URL": exported.database.url},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    seen, complaint = await process.communicate()
    assert (process.returncode, len(seen), complaint) == (1, 100, b"")


async def test_without_duckdb_it_is_said_what_to_install(
    exported: Exports, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "duckdb", None)
    with pytest.raises(Failure, match=r"pip install amends\[analytics\]"):
        await export_file(tmp_path / "log.parquet", Format.PARQUET, exported.database)
    assert os.listdir(tmp_path) == []


_CASES_OF_TEN_EVENTS = """
INSERT INTO events
SELECT
    10 * (c - 1) + v, ('00000000-0000-7000-8000-' || lpad(to_hex(c), 12, '0'))::uuid, v, gen_random_uuid(),
    CASE v WHEN 1 THEN 'complaint-received' ELSE 'owner-assigned' END, 1, now(), now(), 'default', 'a-' || c % 20,
    gen_random_uuid(), NULL, NULL,
    CASE v
        WHEN 1 THEN
            json_build_object('channel', 'phone', 'branch', 'b-' || c % 20, 'customer_ref', 'C-' || c, 'owner', 'a')
        ELSE json_build_object('owner', 'a-' || v, 'previous_owner', 'a')
    END,
    NULL, NULL, sha256('')
FROM generate_series({}, {}) AS c, generate_series(1, 10) AS v
"""


async def test_a_longer_log_takes_no_more_memory(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(extract, "_SLICE_EVENTS", 50)
    peaks: dict[Format, list[int]] = defaultdict(list)
    for first, last in ((1, 50), (51, 300)):
        await database.execute(_CASES_OF_TEN_EVENTS.format(first, last))
        for format_ in (Format.NDJSON, Format.OCEL, Format.XES):
            tracemalloc.start()
            said = await export_file(tmp_path / "log", format_, database)
            peaks[format_].append(tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()
            assert said.counted.events == 10 * last
    for short, long in peaks.values():
        assert long < 1.2 * short + 50_000
