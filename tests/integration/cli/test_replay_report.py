"""The report of a replay: the same log makes the same report, and every difference stands in it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Any

from amends_platform.auditing import auditor_connection
from amends_platform.replaying.differences import Difference
from amends_platform.replaying.messages import MessagesCompared
from amends_platform.replaying.replays import replay_and_compare
from amends_platform.replaying.report import Report, checkpoint_of_replay, document_of, events_told, policies_used
from amends_platform.replaying.report_html import html_of
from tests.integration.cli.telling import Told, change

MADE_AT = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
MESSAGES = MessagesCompared(68, 68, 2, 70, 3, 0, 1, ())


async def reported(told: Told, messages: MessagesCompared | str = MESSAGES, made_at: datetime = MADE_AT) -> Report:
    async with auditor_connection(told.database.url) as conn, auditor_connection(told.database.url) as reader:
        replayed = await replay_and_compare(conn, reader, lambda _stage, _done, _total: None)
        return Report(
            subject="the whole log",
            replayed=replayed,
            compared=True,
            messages=messages,
            policies=await policies_used(conn, replayed.position, None),
            events=await events_told(conn, replayed.differences),
            checkpoint=await checkpoint_of_replay(conn, replayed.position),
            made_at=made_at,
            made_by="amends 9.9",
        )


def words(page: bytes) -> str:
    """What a person reads."""
    found: list[str] = []

    class Reader(HTMLParser):
        def handle_data(self, data: str) -> None:
            found.append(data.strip())

    Reader().feed(page.decode())
    return " ".join(filter(None, found))


async def test_a_report_tells_what_was_compared_and_by_which_policies(told: Told) -> None:
    report = await reported(told)
    document = document_of(report)
    assert document["identical"] is True
    assert document["differences"] == []
    (policy,) = document["policies"]
    assert (policy["name"], policy["version"], policy["first_position"]) == ("hours", 1, 1)
    assert policy["events"] == document["events"] == report.replayed.position
    fired = "SELECT count(*) FROM events WHERE type IN ('reminder-issued', 'deadline-breached', 'reclassified')"
    assert document["compared"]["cases"] == document["cases"] == 9
    assert document["compared"]["alerts"] >= await told.database.fetchval(fired)
    assert document["compared"]["deadlines"] == await told.database.fetchval("SELECT count(*) FROM deadlines")
    read = words(html_of(report))
    assert "Nothing differs." in read
    assert policy["hash"] in read
    assert "70 that the stream holds" in read
    assert "3 of them are repeats" in read
    assert "none was signed yet" in read


async def test_two_reports_of_one_log_differ_in_the_line_that_says_when(told: Told) -> None:
    one, other = await reported(told), await reported(told, made_at=MADE_AT.replace(hour=9))
    different = [line for line in zip(_lines(one), _lines(other), strict=True) if line[0] != line[1]]
    assert different == [('  "made_at": "2026-11-22T08:00:00+00:00",', '  "made_at": "2026-11-22T09:00:00+00:00",')]
    assert html_of(one) == html_of(other).replace(b"at 09:00:00", b"at 08:00:00")


def _lines(report: Report) -> list[str]:
    return json.dumps(document_of(report), indent=2).splitlines()


async def test_every_difference_stands_in_the_report_and_cannot_become_markup(told: Told) -> None:
    await change(told.database, "UPDATE cases SET owner = '<script>' WHERE customer_ref = 'kept'")
    report = await reported(told, messages="the broker cannot be reached")
    case_id = told.cases["kept"]
    report.replayed.differences.append(Difference("", case_id, 7, "a message"))
    document = document_of(report)
    assert document["identical"] is False
    assert document["messages"] == {"compared": False, "reason": "the broker cannot be reached"}
    owner, message = document["differences"]
    assert (owner["case_id"], message["case_id"]) == (str(case_id), str(case_id))
    assert owner["event"]["type"] == await told.database.fetchval(
        "SELECT type FROM events WHERE position = $1", owner["position"]
    )
    page = html_of(report)
    read: Any = words(page)
    assert "2 differences: see below." in read
    assert "owner is <script>, and the log makes it a-department_head" in read
    assert b"<script" not in page
    assert "not compared: the broker cannot be reached" in read
