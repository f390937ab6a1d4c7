"""The digest against a real database and a real server: one mail a reader and day, whatever goes away meanwhile."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
import pytest_asyncio
from prometheus_client import CollectorRegistry
from typer.testing import CliRunner, Result

from amends_notifier.digest.metrics import DigestMetrics
from amends_notifier.digest.outbox import CLAIM_SECONDS, Outbox
from amends_notifier.digest.service import Digest
from amends_notifier.digest.smtp import Server
from amends_platform import cli
from amends_platform.digest.checking import check_digest
from amends_platform.policy.files import load_policy
from amends_platform.policy.publishing import publish
from amends_platform.settings import Settings
from amends_platform.supervising.ports import free_port
from amends_platform.words import words
from tests.support.notifying import until
from tests.support.postgres import Database
from tests.support.smtp import a_mailbox, plain

EIGHT = datetime(2026, 3, 3, 0, 0, tzinfo=UTC)
"""Eight in the morning of a Tuesday in Shanghai."""
CLAIM = timedelta(seconds=CLAIM_SECONDS)
AGAIN = timedelta(seconds=31)


class Desk:
    """Cases in the read model, and digests of them at the speed of tests."""

    def __init__(self, database: Database, directory: Path) -> None:
        self.database = database
        self.path = directory / "digest.yaml"
        self.registry = CollectorRegistry()
        self._metrics = DigestMetrics(self.registry)

    def write(self, **members: Any) -> None:
        document = {
            "sender": "Amends <amends@example.com>",
            "hour": "08:00",
            "staff": {"a-1": "anna@example.com", "a-2": "bo@example.com"},
        }
        self.path.write_text(json.dumps(document | members))

    async def case(self, reference: str, owner: str, *, branch: str = "north-street") -> Any:
        case_id = uuid4()
        await self.database.fetchval(
            "INSERT INTO cases SELECT * FROM json_populate_record(CAST(NULL AS cases), CAST($1 AS json))",
            json.dumps(
                {
                    **(await self._blank("cases")),
                    "id": str(case_id),
                    "tenant": "default",
                    "reference": reference,
                    "branch": branch,
                    "owner": owner,
                    "grade": "ordinary",
                    "state": "received",
                    "customer_ref": "C-10482",
                }
            ),
        )
        return case_id

    async def deadline(self, case_id: Any, clock: str, due_at: datetime, **fields: Any) -> None:
        await self.database.fetchval(
            "INSERT INTO deadlines SELECT * FROM json_populate_record(CAST(NULL AS deadlines), CAST($1 AS json))",
            json.dumps(
                {
                    **(await self._blank("deadlines")),
                    "case_id": str(case_id),
                    "tenant": "default",
                    "clock": clock,
                    "status": "pending",
                    "due_at": due_at.isoformat(),
                    **fields,
                }
            ),
        )

    async def breached(self, case_id: Any, clock: str, due_at: datetime, ended_at: datetime | None = None) -> None:
        ended = None if ended_at is None else ended_at.isoformat()
        await self.deadline(case_id, clock, due_at, status="breached", breached_at=due_at.isoformat(), ended_at=ended)

    async def reminded(self, case_id: Any, clock: str, at: datetime) -> None:
        await self.database.fetchval(
            "INSERT INTO alerts SELECT * FROM json_populate_record(CAST(NULL AS alerts), CAST($1 AS json))",
            json.dumps(
                {
                    **(await self._blank("alerts")),
                    "position": uuid4().int % 2**62,
                    "case_id": str(case_id),
                    "tenant": "default",
                    "kind": "reminder",
                    "clock": clock,
                    "recorded_at": at.isoformat(),
                }
            ),
        )

    async def _blank(self, table: str) -> dict[str, Any]:
        """Something for every column that must have it."""
        defaults = {"text": "", "int4": 1, "int8": 1, "bool": False, "_text": [], "timestamptz": "2026-03-01"}
        conn = await asyncpg.connect(self.database.url)
        try:
            rows = await conn.fetch(
                "SELECT a.attname, t.typname FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid"
                " WHERE a.attrelid = CAST($1 AS regclass) AND a.attnum > 0 AND NOT a.attisdropped AND a.attnotnull",
                table,
            )
        finally:
            await conn.close()
        return {name: defaults.get(type_, "\\x00" if type_ == "bytea" else str(uuid4())) for name, type_ in rows}

    @asynccontextmanager
    async def telling(self, url: str) -> AsyncIterator[Digest]:
        pool = await self.database.pool("amends_notifier", max_size=1)
        digest = Digest(self.path, pool, Server.of(url), tenant="default", metrics=self._metrics, look_seconds=0.02)
        digest.start()
        try:
            yield digest
        finally:
            await digest.stop(10.0)

    async def sent(self, count: int) -> None:
        """Wait until so many mails are remembered as sent."""

        async def remembered() -> bool:
            sent = "SELECT count(*) FROM digests WHERE reader <> '' AND sent_at IS NOT NULL"
            return bool(await self.database.fetchval(sent) == count)

        await until(remembered, f"{count} mails were not sent")

    async def counted(self, name: str, count: int) -> None:
        async def is_so() -> bool:
            return (self.registry.get_sample_value(f"amends_digest_{name}_total") or 0) >= count

        await until(is_so, f"{name} did not come to {count}")


@pytest_asyncio.fixture(loop_scope="session")
async def desk(database: Database, tmp_path: Path) -> Desk:
    conn = await asyncpg.connect(database.url)
    try:
        await publish(conn, "default", load_policy("bank-cn"), "a-test")
    finally:
        await conn.close()
    await database.stop_clock(EIGHT)
    made = Desk(database, tmp_path)
    made.write()
    return made


async def an_owner_with_something_due(desk: Desk, owner: str = "a-1") -> None:
    await desk.deadline(await desk.case("5MAY-X6NW", owner), "apology", EIGHT + timedelta(hours=2))


async def test_each_owner_gets_what_is_theirs_once_though_two_notifiers_and_a_restart_send(desk: Desk) -> None:
    one, other = await desk.case("1AAA-AAAA", "a-1"), await desk.case("2BBB-BBBB", "a-2")
    stranger = await desk.case("3CCC-CCCC", "a-3")
    await desk.deadline(one, "apology", EIGHT + timedelta(hours=2))
    await desk.deadline(one, "statutory", EIGHT + timedelta(days=9))
    await desk.deadline(one, "promise", EIGHT + timedelta(days=2))
    for clock, at in (("statutory", EIGHT - timedelta(hours=1)), ("apology", EIGHT - timedelta(hours=1))):
        await desk.reminded(one, clock, at)
    await desk.deadline(one, "corrective_action", EIGHT + timedelta(days=2), generation=2)
    await desk.deadline(other, "statutory", EIGHT + timedelta(days=9))
    await desk.reminded(other, "statutory", EIGHT - timedelta(hours=25))
    # The customer's own time: of that only a reminder is told.
    await desk.deadline(other, "retained_card", EIGHT + timedelta(hours=1))
    await desk.reminded(other, "retained_card", EIGHT - timedelta(hours=1))
    await desk.breached(one, "callback", EIGHT - timedelta(hours=3))
    await desk.breached(one, "hand_off", EIGHT - timedelta(hours=20), ended_at=EIGHT - timedelta(hours=19))
    await desk.breached(one, "follow_up", EIGHT - timedelta(days=3))
    await desk.breached(one, "cash_jam", EIGHT - timedelta(days=3), ended_at=EIGHT - timedelta(days=2))
    await desk.breached(one, "retained_card", EIGHT - timedelta(hours=3))
    await desk.deadline(other, "apology", EIGHT - timedelta(seconds=1))
    await desk.deadline(stranger, "apology", EIGHT)
    async with a_mailbox() as mailbox:
        async with desk.telling(mailbox.url), desk.telling(mailbox.url):
            await desk.sent(2)
        async with desk.telling(mailbox.url):
            await desk.database.stop_clock(EIGHT + timedelta(hours=9))
            await desk.deadline(one, "refund_call", EIGHT + timedelta(hours=10))
        assert sorted(mailbox.to) == ["anna@example.com", "bo@example.com"]
    annas, bos = sorted(mailbox.got, key=lambda mail: str(mail["To"]))
    assert told_in(annas) == [
        "Breached since yesterday (2)",
        "1AAA-AAAA  hand-off",
        "1AAA-AAAA  callback",
        "Overdue (1)",
        "1AAA-AAAA  follow-up",
        "Due today (1)",
        "1AAA-AAAA  apology",
        "Reminded of since yesterday (1)",
        "1AAA-AAAA  statutory decision",
        "Promised for later (2)",
        "1AAA-AAAA  corrective action",
        "1AAA-AAAA  promise",
    ]
    assert told_in(bos) == [
        "Overdue (1)",
        "2BBB-BBBB  apology",
        "Reminded of since yesterday (1)",
        "2BBB-BBBB  retained card",
    ]
    assert "C-10482" not in annas.as_string() + bos.as_string()


def told_in(mail: EmailMessage) -> list[str]:
    """Headings and, of each item, its case and clock."""
    return [line.strip().partition(": due")[0] for line in plain(mail).splitlines() if line][1:-1]


async def test_nothing_is_sent_before_the_hour_nor_to_who_has_nothing_to_do(desk: Desk) -> None:
    await an_owner_with_something_due(desk)
    await desk.database.stop_clock(EIGHT - timedelta(seconds=1))
    async with a_mailbox() as mailbox, desk.telling(mailbox.url):
        await desk.database.stop_clock(EIGHT)
        await desk.sent(1)
    (mail,) = mailbox.got
    assert "as of 3 Mar 2026, 08:00" in plain(mail)


async def test_while_the_server_is_away_it_is_tried_again_within_the_day(desk: Desk) -> None:
    await an_owner_with_something_due(desk)
    port = free_port("127.0.0.1")
    async with desk.telling(f"smtp://127.0.0.1:{port}"):
        await desk.counted("failed", 1)
        async with a_mailbox(port) as mailbox:
            await desk.database.stop_clock(EIGHT + AGAIN)
            await desk.sent(1)
    assert mailbox.to == ["anna@example.com"]


async def test_what_was_not_sent_within_its_day_is_said_and_the_next_day_is_a_new_one(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    await an_owner_with_something_due(desk)
    port = free_port("127.0.0.1")
    settings = Settings(digest=desk.path, smtp_url=f"smtp://127.0.0.1:{port}")
    async with desk.telling(f"smtp://127.0.0.1:{port}"):
        await desk.counted("failed", 1)
        assert [found.status for found in await check_digest(settings, desk.database.url)] == ["note"]
        await desk.database.stop_clock(EIGHT + timedelta(hours=17))
        await desk.counted("given_up", 1)
        assert [found.status for found in await check_digest(settings, desk.database.url)] == ["bad"]
        async with a_mailbox(port) as mailbox:
            await desk.database.stop_clock(EIGHT + timedelta(days=1))
            await desk.sent(1)
    (mail,) = mailbox.got
    assert "as of 4 Mar 2026" in plain(mail)
    assert "a digest was not sent within its day" in capsys.readouterr().out
    assert [found.status for found in await check_digest(settings, desk.database.url)] == ["good"]


async def test_who_is_refused_for_good_holds_up_nobody_and_is_not_tried_again(desk: Desk) -> None:
    await an_owner_with_something_due(desk, "a-1")
    await an_owner_with_something_due(desk, "a-2")
    async with a_mailbox() as mailbox:
        mailbox.refused["anna@example.com"] = "550 nobody of that name"
        async with desk.telling(mailbox.url):
            await desk.sent(1)
            await desk.counted("given_up", 1)
            await desk.database.stop_clock(EIGHT + timedelta(hours=1))
        assert mailbox.to == ["bo@example.com"]
    assert await desk.database.fetchval("SELECT failed FROM digests WHERE reader = 'staff/a-1'") == (
        "550 nobody of that name"
    )


async def test_who_is_refused_for_now_holds_up_nobody_and_is_tried_again(desk: Desk) -> None:
    await an_owner_with_something_due(desk, "a-1")
    await an_owner_with_something_due(desk, "a-2")
    async with a_mailbox() as mailbox:
        mailbox.refused["anna@example.com"] = "450 come again"
        async with desk.telling(mailbox.url):
            await desk.sent(1)
            assert mailbox.to == ["bo@example.com"]
            mailbox.refused.clear()
            await desk.database.stop_clock(EIGHT + AGAIN)
            await desk.sent(2)
        assert mailbox.to == ["bo@example.com", "anna@example.com"]


async def test_a_mail_whose_fate_nobody_knows_is_sent_once_more_under_the_same_id(desk: Desk) -> None:
    await an_owner_with_something_due(desk)
    async with a_mailbox() as mailbox:
        mailbox.cut_after_data = 1
        async with desk.telling(mailbox.url):
            await desk.counted("failed", 1)
            await desk.database.stop_clock(EIGHT + AGAIN)
            await desk.sent(1)
    first, second = mailbox.got
    assert first["Message-ID"] == second["Message-ID"]


async def test_a_notifier_that_died_while_sending_is_waited_for_and_then_replaced(desk: Desk) -> None:
    await an_owner_with_something_due(desk)
    dead = Outbox(await desk.database.pool("amends_notifier"), "default")
    await dead.begin(EIGHT.date(), ["staff/a-1"])
    assert await dead.claim(EIGHT.date()) is not None
    assert await dead.claim(EIGHT.date()) is None
    async with a_mailbox() as mailbox, desk.telling(mailbox.url):
        await desk.database.stop_clock(EIGHT + CLAIM)
        await desk.sent(1)
    assert mailbox.to == ["anna@example.com"]


async def test_a_branch_gets_the_mail_of_those_who_have_no_address_in_its_language(desk: Desk) -> None:
    desk.write(staff={}, branches={"north-street": {"to": "north@example.com", "language": "zh"}})
    await an_owner_with_something_due(desk, "a-1")
    await an_owner_with_something_due(desk, "a-2")
    async with a_mailbox() as mailbox, desk.telling(mailbox.url):
        await desk.sent(1)
    (mail,) = mailbox.got
    assert str(mail["To"]) == "north@example.com"
    assert words("zh").plural("{count} due today", "{count} due today", 2) in str(mail["Subject"])
    assert "a-1" in plain(mail)
    assert "a-2" in plain(mail)


async def test_a_preview_shows_what_would_be_sent_and_sends_nothing(desk: Desk) -> None:
    desk.write(staff={"a-1": "anna@example.com"})
    await an_owner_with_something_due(desk, "a-1")
    await an_owner_with_something_due(desk, "a-2")

    async def amends(*arguments: str) -> Result:
        environment = {"AMENDS_DIGEST": str(desk.path), "AMENDS_DATABASE_URL": desk.database.url}
        return await asyncio.to_thread(lambda: CliRunner().invoke(cli.app, ["digest", *arguments], env=environment))

    shown = await amends("--preview")
    assert shown.exit_code == 0, shown.exception
    assert "To: anna@example.com\nSubject: Complaints, 3 March 2026: 1 due today" in shown.output
    assert "Mails that would be sent: 1." in shown.output
    assert "without a mail: a-2" in shown.stderr
    (said,) = json.loads((await amends("--preview", "--owner", "a-1", "--json")).stdout)
    assert (said["reader"], said["language"]) == ("staff/a-1", "en")
    assert "a-2 would get no mail" in (await amends("--preview", "--owner", "a-2")).output
    assert (await amends()).exit_code != 0
    assert await desk.database.fetchval("SELECT count(*) FROM digests") == 0


async def test_the_notifier_cannot_read_who_the_customer_is(database: Database) -> None:
    pool = await database.pool("amends_notifier")
    await pool.fetch("SELECT reference, owner FROM cases")
    for column in ("customer_ref", "external_ref"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await pool.fetch(f"SELECT {column} FROM cases")
