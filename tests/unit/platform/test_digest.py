"""The digest: who reads it, and what it says, in two languages and with nothing in it that is not ours to say."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import pytest

from amends_notifier.digest.smtp import Server
from amends_platform.digest.queue import Item, Today
from amends_platform.digest.readers import Reader, load_readers
from amends_platform.digest.writing import LINES_MAX, written
from amends_platform.settings import Settings, SettingsError
from amends_platform.words import words
from amends_platform.yaml_files import YamlFileError
from tests.support.lives import MONDAY, default_policy
from tests.support.smtp import html, plain

FILE = """\
sender: Amends <amends@example.com>
hour: "08:30"
console: https://amends.example.com/
branches:
  north-street: {to: north@example.com, language: zh}
  south-street: {language: zh}
staff:
  a-1: anna@example.com
"""
TODAY = Today(MONDAY, default_policy())


def item(section: str = "today", *, owner: str = "a-1", branch: str = "east-street", **fields: object) -> Item:
    said: dict[str, object] = {
        "section": section,
        "clock": "callback",
        "due_at": MONDAY + timedelta(hours=3),
        "reference": "5MAY-X6NW",
        "branch": branch,
        "owner": owner,
        "grade": "ordinary",
        "state": "received",
    }
    return Item(**(said | fields))  # type: ignore[arg-type]


def file(directory: Path, text: str = FILE) -> Path:
    path = directory / "digest.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_an_owner_gets_what_is_theirs_and_a_branch_what_is_of_those_without_an_address(tmp_path: Path) -> None:
    readers = load_readers(file(tmp_path))
    mine, theirs, nobodys = item(), item(owner="a-2", branch="north-street"), item(owner="a-3")
    also_mine = item("overdue", branch="north-street")
    mails, unreachable = readers.mails([mine, also_mine, theirs, nobodys])
    assert mails == {
        Reader("staff/a-1", "anna@example.com", "en"): [mine, also_mine],
        Reader("branch/north-street", "north@example.com", "zh"): [theirs],
    }
    assert unreachable == {"a-3"}
    assert readers.hour == time(8, 30)


def test_staff_read_the_language_of_the_branch_that_most_of_their_cases_are_of(tmp_path: Path) -> None:
    readers = load_readers(file(tmp_path))
    mails, _ = readers.mails([item(), item(branch="south-street"), item(branch="south-street")])
    assert [reader.language for reader in mails] == ["zh"]


def test_a_mail_tells_of_each_kind_under_its_heading_the_worst_first(tmp_path: Path) -> None:
    readers = load_readers(file(tmp_path))
    reader = Reader("staff/a-1", "anna@example.com", "en")
    items = [item("promised", clock="promise"), item(), item("breached", grade="major"), item("overdue")]
    mail = written(readers, reader, items, TODAY)
    assert str(mail["From"]) == "Amends <amends@example.com>"
    assert str(mail["To"]) == "anna@example.com"
    assert str(mail["Subject"]) == "Complaints, 2 March 2026: 2 overdue, 1 due today"
    assert plain(mail).splitlines() == [
        "What you have to do, as of 2 Mar 2026, 10:00.",
        "",
        "Breached since yesterday (1)",
        "  5MAY-X6NW  callback: due 2 Mar 2026, 13:00 (in 3 hours), received, major",
        "    https://amends.example.com/cases/5MAY-X6NW",
        "",
        "Overdue (1)",
        "  5MAY-X6NW  callback: due 2 Mar 2026, 13:00 (in 3 hours), received",
        "    https://amends.example.com/cases/5MAY-X6NW",
        "",
        "Due today (1)",
        "  5MAY-X6NW  callback: due 2 Mar 2026, 13:00 (in 3 hours), received",
        "    https://amends.example.com/cases/5MAY-X6NW",
        "",
        "Promised for later (1)",
        "  5MAY-X6NW  promise: due 2 Mar 2026, 13:00 (in 3 hours), received",
        "    https://amends.example.com/cases/5MAY-X6NW",
        "",
        "No personal data is in this mail. https://amends.example.com",
    ]
    assert '<a href="https://amends.example.com/cases/5MAY-X6NW">5MAY-X6NW</a>' in html(mail)


def test_a_branch_in_china_reads_chinese_and_who_owns_what(tmp_path: Path) -> None:
    readers = load_readers(file(tmp_path, FILE.replace("console: https://amends.example.com/\n", "")))
    reader = Reader("branch/north-street", "north@example.com", "zh")
    mail = written(readers, reader, [item("overdue", owner="a-2")], TODAY)
    said = words("zh")
    assert said.plural("{count} overdue", "{count} overdue", 1) in str(mail["Subject"])
    heading = said.text("{heading} ({count})", heading=said.text("Overdue"), count=1)
    due = said.text("{clock}: due {at} ({left})", clock="回电", at="2026年3月2日 13:00", left="还有3小时")
    assert plain(mail).splitlines()[2:4] == [heading, f"  5MAY-X6NW  {due}，已受理，a-2"]
    assert '<html lang="zh">' in html(mail)
    assert "http" not in plain(mail)
    # However it travels, no line is longer than mail allows.
    assert max(map(len, mail.as_bytes().splitlines())) <= 998


def test_what_a_policy_or_a_person_is_called_is_text_and_nothing_else(tmp_path: Path) -> None:
    readers = load_readers(file(tmp_path))
    reader = Reader("branch/<b>north\r\nBcc: all@example.com", "north@example.com", "en")
    hostile = '<script>alert("1")</script>'
    mail = written(readers, reader, [item(owner=hostile, clock=hostile)], TODAY)
    assert "<script>" not in html(mail)
    assert "<b>north" not in html(mail)
    assert set(mail.keys()) == {
        "From",
        "To",
        "Subject",
        "Date",
        "Message-ID",
        "Auto-Submitted",
        "Content-Language",
        "MIME-Version",
        "Content-Type",
    }


def test_a_long_list_ends_with_how_many_are_left_out(tmp_path: Path) -> None:
    readers = load_readers(file(tmp_path))
    reader = Reader("staff/a-1", "anna@example.com", "en")
    mail = written(readers, reader, [item()] * (LINES_MAX + 1_234), TODAY)
    assert plain(mail).count("5MAY-X6NW  ") == LINES_MAX
    assert "  and 1,234 more" in plain(mail)
    assert "<li>and 1,234 more</li>" in html(mail)


def test_the_same_mail_has_the_same_id_and_another_days_another(tmp_path: Path) -> None:
    readers = load_readers(file(tmp_path))
    reader = Reader("staff/a-1", "anna@example.com", "en")
    later = Today(TODAY.now + timedelta(hours=4), TODAY.policy)
    tomorrow = Today(TODAY.now + timedelta(days=1), TODAY.policy)
    ids = [str(written(readers, reader, [item()], today)["Message-ID"]) for today in (TODAY, later, tomorrow)]
    assert ids[0] == ids[1] != ids[2]
    assert ids[0].startswith("<digest.20260302.")


def test_a_day_is_the_policys_own() -> None:
    late = Today(datetime(2026, 3, 2, 17, 0, tzinfo=UTC), default_policy())
    assert str(late.local.date()) == "2026-03-03"
    assert late.ends_at == datetime(2026, 3, 3, 16, 0, tzinfo=UTC)
    assert late.since(time(8)) == datetime(2026, 3, 2, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("sender: nobody", "1:9: sender: expected a sender"),
        ('sender: "A\\r\\nBcc: b@example.com <a@example.com>"', "1:9: sender: expected a sender"),
        ("hour: 8", "2:7: hour: expected a time of day"),
        ('hour: "24:00"', "2:7: hour: expected a time of day"),
        ("console: javascript:alert(1)", "3:10: console: expected the console's address"),
        ("language: fr", "unknown language 'fr'"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_with_its_line(tmp_path: Path, line: str, said: str) -> None:
    key = line.partition(":")[0]
    kept = [given for given in FILE.splitlines() if not given.startswith(f"{key}:")]
    kept.insert({"sender": 0, "hour": 1, "console": 2}.get(key, 0), line)
    with pytest.raises(YamlFileError) as refused:
        load_readers(file(tmp_path, "\n".join(kept)))
    assert said in str(refused.value)


def test_an_address_is_a_plain_one_and_there_is_one_at_least(tmp_path: Path) -> None:
    for text, said in (
        (FILE.replace("anna@example.com", '"anna@example.com, b@example.com"'), "staff.a-1: expected an address"),
        (FILE.replace("north@example.com", "北@example.com"), "branches.north-street.to: expected an address"),
        ('sender: a@example.com\nhour: "8:00"\n', "expected an address: under staff"),
    ):
        with pytest.raises(YamlFileError, match=said):
            load_readers(file(tmp_path, text))


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("smtp://mail.example.com", Server("mail.example.com", 25, None, None, False, None)),
        ("smtp://a:b%40c@mail.example.com", Server("mail.example.com", 587, "a", "b@c", False, True)),
        ("smtps://a:b@mail.example.com", Server("mail.example.com", 465, "a", "b", True, False)),
        ("smtp://a:b@127.0.0.1:2525", Server("127.0.0.1", 2525, "a", "b", False, False)),
    ],
)
def test_a_password_goes_over_tls_only_except_on_this_machine(url: str, server: Server) -> None:
    assert Server.of(url) == server


@pytest.mark.parametrize("url", ["mail.example.com", "http://mail", "smtp://", "smtp://a@mail", "smtp://mail/path"])
def test_an_address_that_is_no_servers_is_refused_and_its_password_not_repeated(url: str) -> None:
    with pytest.raises(SettingsError, match=r"(?i)smtp.url") as refused:
        Settings.load(smtp_url=url.replace("a@", "hunter2@"))
    assert "hunter2" not in str(refused.value)
