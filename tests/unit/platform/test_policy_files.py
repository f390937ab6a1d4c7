"""Policy files: the built-in ones, mistakes with their lines, and holidays that never change under a policy."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from amends_domain.policy import Given
from amends_platform.cli import app
from amends_platform.failures import Failure, WrongUsage
from amends_platform.holiday_snapshot import holiday_snapshot
from amends_platform.policy_files import (
    PolicyFileError,
    built_in_policies,
    load_policy,
    restore_policy,
)

GOOD = """\
# A policy to break.
policy: north
version: 1
effective_from: 2026-01-01
timezone: Asia/Shanghai
calendar: {country: CN, business_hours: "09:00-17:30", workdays: [mon, tue, wed, thu, fri]}
grades:
  - {grade: major, when: {channel: [media]}}
clocks:
  apology:
    from: complaint-received
    stop: [apology-given]
    due: 24h
    warn: [75%]
  callback: {from: complaint-received, stop: [callback-made], due: agreed, at_most: 7d}
authority:
  supervisor: 500
"""

Write = Callable[[str | bytes], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write(content: str | bytes) -> Path:
        file = tmp_path / "policy.yaml"
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        return file

    return write


def changed(old: str, new: str) -> str:
    assert GOOD.count(old) == 1, old
    return GOOD.replace(old, new)


def refused(file: Path) -> PolicyFileError:
    with pytest.raises(PolicyFileError) as error:
        load_policy(file)
    return error.value


@pytest.mark.parametrize(
    ("content", "line", "column", "path", "message"),
    [
        (changed("warn:", "warm:"), 14, 5, "clocks.apology.warm", "unknown key 'warm': did you mean 'warn'?"),
        (GOOD + "clock: {}\n", 18, 1, "clock", "unknown key 'clock': did you mean 'clocks'?"),
        (GOOD + "version: 2\n", 18, 1, "version", "the key 'version' is given twice, first in line 3"),
        (
            changed("due: 24h", "due: 24h\n    due: 25h"),
            14,
            5,
            "clocks.apology.due",
            "the key 'due' is given twice, first in line 13",
        ),
        (
            changed("version: 1", "version: one"),
            3,
            10,
            "version",
            "expected a version: a whole number from 1, not 'one'",
        ),
        (changed("due: 24h", "due: 24 hours"), 13, 10, "clocks.apology.due", "expected a duration such as 30s, 15m"),
        (changed("due: 24h", "due: -24h"), 13, 10, "clocks.apology.due", "a duration is never negative: '-24h'"),
        (changed("due: 24h", "due:"), 10, 3, "clocks.apology", "'due' is missing"),
        (changed("Asia/Shanghai", "Asia/Beijing"), 5, 11, "timezone", "unknown time zone 'Asia/Beijing'"),
        (
            changed("country: CN", "country: CHN"),
            6,
            21,
            "calendar.country",
            "unknown country 'CHN': expected a two-letter",
        ),
        (changed("country: CN", "country: cn"), 6, 21, "calendar.country", "unknown country 'cn': did you mean 'CN'?"),
        (changed("    stop: [apology-given]\n", ""), 10, 3, "clocks.apology", "'stop' is missing"),
        (
            changed("[apology-given]", "[apologised]"),
            12,
            12,
            "clocks.apology.stop[0]",
            "unknown event type 'apologised'",
        ),
        (
            changed("from: complaint-received\n", "from: complaint-recieved\n"),
            11,
            11,
            "clocks.apology.from",
            "unknown event type 'complaint-recieved': did you mean 'complaint-received'?",
        ),
        (
            changed("due: 24h", "due: 24h\n    at_most: 7d"),
            14,
            5,
            "clocks.apology.at_most",
            "at_most goes with `due: agreed` only",
        ),
        (
            changed("supervisor: 500", "supervisor: some"),
            17,
            15,
            "authority.supervisor",
            "expected an amount, or unlimited",
        ),
        (changed("timezone: Asia/Shanghai\n", ""), 2, 1, "the document", "'timezone' is missing"),
        (changed("2026-01-01", "2026-02-30"), 4, 17, "effective_from", "there is no such day as 2026-02-30"),
        (changed("2026-01-01", "2026-01-01T00:00:00Z"), 4, 17, "effective_from", "expected a date such as 2026-01-01"),
        (changed("500", "0x1F4"), 17, 15, "authority.supervisor", "expected a number in plain digits such as 500"),
        (
            changed("500", "1e999999999"),
            17,
            15,
            "authority.supervisor",
            "expected a number in plain digits such as 500",
        ),
        (changed("apology:", "1:"), 10, 3, "clocks", "expected a text as key: put '1' in quotes"),
        (changed("due: 24h", "due: &day 24h"), 13, 10, "clocks.apology.due", "anchors and aliases are not used here"),
        (changed("due: 24h", "due: !long 24h"), 13, 10, "clocks.apology.due", "tags are not used here: '!long'"),
        (changed("due: 24h", "due: [24h"), 14, 9, "the document", "not YAML: while parsing a flow sequence"),
        (changed("    due: 24h", "\tdue: 24h"), 13, 1, "the document", "not YAML: "),
        (GOOD + "---\npolicy: other\n", 18, 1, "the document", "expected a single document"),
        (GOOD + "ladder: \x00\n", 18, 1, "the document", "not YAML: special characters are not allowed"),
        (
            "",
            1,
            1,
            "the document",
            "expected a policy: a mapping with policy, version, effective_from, timezone",
        ),
        ("# nothing yet\n", 1, 1, "the document", "expected a policy: a mapping"),
        ("- policy\n- version\n", 1, 1, "the document", "and clocks, not a list"),
        ("bank-cn", 1, 1, "the document", "not 'bank-cn'"),
        ("[" * 3000, 1, 1, "the document", "nested too deeply"),
        ("a: &a [*a]", 1, 4, "a", "anchors and aliases are not used here"),
        ("#" * 200_001, 1, 1, "the document", "expected at most 200000 characters"),
        (GOOD.replace("north", "nörth").encode("latin-1"), 2, 10, "the document", "expected UTF-8, not the byte 0xf6"),
    ],
)
def test_a_bad_policy_file_is_refused_with_its_line_and_what_was_expected(
    write: Write, content: str | bytes, line: int, column: int, path: str, message: str
) -> None:
    [mistake] = refused(write(content)).mistakes
    assert (mistake.line, mistake.column, mistake.path) == (line, column, path)
    assert message in mistake.message


def test_every_mistake_is_told_at_once_in_the_order_of_the_file(write: Write) -> None:
    file = write(GOOD.replace("version: 1", "version: x").replace("CN", "XX").replace("24h", "soon"))
    error = refused(file)
    assert [mistake.line for mistake in error.mistakes] == [3, 6, 13]
    assert str(error).splitlines()[0] == (f"{file}:3:10: version: expected a version: a whole number from 1, not 'x'")


@pytest.mark.parametrize("name", ["bank-de", "no/such/file.yaml", "/"])
def test_a_file_that_is_not_there_is_refused_and_the_built_in_names_are_told(name: str) -> None:
    with pytest.raises(
        PolicyFileError, match=r"expected a policy file, or the name of a built-in policy \(bank-cn, demo\)"
    ):
        load_policy(name)


def test_yaml_keeps_words_and_times_as_they_are_written(write: Write) -> None:
    file = write(changed("{channel: [media]}", "{channel: [no, off, 12:30:45, 'true']}"))
    [rule] = load_policy(file).policy.grades
    assert rule.when.conditions == (("channel", frozenset({"no", "off", "12:30:45", "true"})),)


def test_a_byte_order_mark_and_windows_lines_do_no_harm(write: Write) -> None:
    plain = load_policy(write(GOOD)).policy
    assert load_policy(write(b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode())).policy == plain


# What is built in


@pytest.mark.parametrize("name", built_in_policies())
def test_every_built_in_policy_is_good_and_carries_its_name(name: str) -> None:
    loaded = load_policy(name)
    assert loaded.policy.name == name
    assert "must be checked" in loaded.document or "CHECK CURRENT LAW" in loaded.document
    assert "source" in loaded.document.lower()


def test_the_demo_differs_from_the_default_only_in_its_times() -> None:
    demo, bank = load_policy("demo").policy, load_policy("bank-cn").policy
    assert (demo.grades, demo.authority) == (bank.grades, bank.authority)
    for quick in demo.clocks:
        slow = bank.clock(quick.name)
        assert slow is not None
        assert (quick.from_event, quick.stop, quick.when) == (slow.from_event, slow.stop, slow.when)
        assert len(quick.warnings) == len(slow.warnings)
        limit = quick.at_most if isinstance(quick.due, Given) else quick.due
        assert limit is None or limit.unit == "s"


# Holidays

# General Office of the State Council, notices 国办发明电〔2024〕12号 and 〔2025〕7号, typed from their text.
OFF = [
    ("2025-01-01", "2025-01-01"),
    ("2025-01-28", "2025-02-04"),
    ("2025-04-04", "2025-04-06"),
    ("2025-05-01", "2025-05-05"),
    ("2025-05-31", "2025-06-02"),
    ("2025-10-01", "2025-10-08"),
    ("2026-01-01", "2026-01-03"),
    ("2026-02-15", "2026-02-23"),
    ("2026-04-04", "2026-04-06"),
    ("2026-05-01", "2026-05-05"),
    ("2026-06-19", "2026-06-21"),
    ("2026-09-25", "2026-09-27"),
    ("2026-10-01", "2026-10-07"),
]
WORKED_2025 = ["2025-01-26", "2025-02-08", "2025-04-27", "2025-09-28", "2025-10-11"]
WORKED_2026 = ["2026-01-04", "2026-02-14", "2026-02-28", "2026-05-09", "2026-09-20", "2026-10-10"]


def test_every_day_of_2025_and_2026_is_worked_or_not_as_the_notices_say() -> None:
    calendar = load_policy("bank-cn").policy.calendar
    day = date(2025, 1, 1)
    while day.year < 2027:
        off = any(first <= day.isoformat() <= last for first, last in OFF)
        worked = day.isoformat() in (*WORKED_2025, *WORKED_2026) or (day.weekday() < 5 and not off)
        assert calendar.is_business_day(day) == worked, day
        day += timedelta(days=1)


def test_a_make_up_day_decreed_with_next_years_holidays_is_known_this_year() -> None:
    # Saturday 31 December 2011 was worked for the New Year of 2012.
    assert "2011-12-31" in holiday_snapshot("CN", date(2006, 1, 1))["working_days"]


def test_china_is_known_through_the_last_notice_and_later_answers_are_provisional() -> None:
    policy = load_policy("bank-cn").policy
    known_through = policy.calendar.known_through
    assert known_through >= date(2026, 12, 31)
    assert (known_through.month, known_through.day) == (12, 31)
    rule = policy.clock("follow_up")
    assert rule is not None
    new_year = datetime(known_through.year, 12, 29, 9, tzinfo=policy.calendar.timezone)
    due = rule.due_after(new_year, (), policy.calendar)
    assert due is not None
    assert due.provisional


def test_a_country_without_decrees_is_known_as_far_as_it_was_read() -> None:
    snapshot = holiday_snapshot("NL", date(2026, 1, 1))
    assert (snapshot["known_from"], snapshot["known_through"]) == ("2025-01-01", "2031-12-31")
    assert snapshot["holidays"]["2026-04-27"] == "King's Day"
    assert snapshot["working_days"] == {}


def test_a_policy_without_a_country_has_no_holidays_and_is_never_provisional(write: Write) -> None:
    policy = load_policy(write(changed("country: CN, ", ""))).policy
    assert policy.calendar.is_business_day(date(2026, 10, 1))
    assert policy.calendar.is_known(date(2090, 1, 1))


def test_the_names_of_holidays_do_not_depend_on_the_machines_language() -> None:
    program = "from amends_platform.policy_files import load_policy; print(load_policy('bank-cn').policy.hash)"
    answers = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={"LANG": language, "LANGUAGE": language, "LC_ALL": language},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for language in ("C.UTF-8", "zh_CN")
    }
    assert answers == {load_policy("bank-cn").policy.hash}


# Back from the database


@pytest.mark.parametrize("name", built_in_policies())
def test_a_policy_is_restored_from_its_text_and_its_days_exactly(name: str) -> None:
    loaded = load_policy(name)
    through_the_database = json.loads(json.dumps(loaded.calendar))
    assert restore_policy(loaded.document, through_the_database) == loaded.policy


def test_a_restored_policy_keeps_its_days_when_the_holiday_data_has_changed_since() -> None:
    loaded = load_policy("bank-cn")
    then = {**loaded.calendar, "holidays": {**loaded.calendar["holidays"], "2026-03-03": "a day since corrected"}}
    restored = restore_policy(loaded.document, then)
    assert not restored.calendar.is_business_day(date(2026, 3, 3))
    assert restored.hash != loaded.policy.hash


def test_comments_and_layout_do_not_make_another_policy(write: Write) -> None:
    def hash_of(text: str) -> str:
        return load_policy(write(text)).policy.hash

    plain = hash_of(GOOD)
    assert hash_of("# Explained better.\n\n" + GOOD.replace("{grade: major", "{ 'grade':  major")) == plain
    assert hash_of(changed("due: 24h", "due: 25h")) != plain


# The commands


def amends(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["policy", *arguments])
    if isinstance(result.exception, Failure):
        return result.exception.exit_code, str(result.exception)
    return result.exit_code, result.stdout


def test_check_answers_for_a_good_policy_and_fails_for_a_bad_one(write: Write) -> None:
    code, said = amends("check", str(write(GOOD)))
    assert (code, "north version 1" in said) == (0, True)
    code, said = amends("check", str(write(changed("24h", "soon"))))
    assert (code, "policy.yaml:13:10: clocks.apology.due: expected a duration" in said) == (1, True)


def test_due_says_when_and_why() -> None:
    code, said = amends("due", "follow_up", "--from", "2026-02-13T09:00", "--policy", "bank-cn", "--json")
    assert code == 0
    answer = json.loads(said)
    assert answer["due_at"] == "2026-02-25T17:30:00+08:00"
    assert answer["warnings"] == [{"label": "1bd before", "at": "2026-02-24T17:30:00+08:00"}]
    assert answer["counted"] == ["2026-02-14", "2026-02-24", "2026-02-25"]
    assert {"date": "2026-02-16", "reason": "Chinese New Year's Eve"} in answer["skipped"]
    assert answer["provisional"] is False


def test_due_reads_a_time_without_an_offset_in_the_policys_zone() -> None:
    with_offset, without = (
        amends("due", "apology", "--from", start, "--policy", "bank-cn", "--json")[1]
        for start in ("2026-03-02T01:00Z", "2026-03-02T09:00")
    )
    assert json.loads(with_offset) == json.loads(without)


def test_due_takes_flags_that_make_a_clock_urgent(write: Write) -> None:
    file = write(changed("due: 24h", "due: 24h\n    urgent: 2h"))
    asked = ("due", "apology", "--from", "2026-03-02T09:00", "--policy", str(file), "--json")
    assert json.loads(amends(*asked, "--flag", "urgent")[1])["due_at"] == "2026-03-02T11:00:00+08:00"
    assert json.loads(amends(*asked)[1])["due_at"] == "2026-03-03T09:00:00+08:00"


@pytest.mark.parametrize(
    ("clock", "start"), [("apolgy", "2026-03-02T09:00"), ("apology", "yesterday"), ("apology", "9999-01-01")]
)
def test_due_refuses_an_unknown_clock_or_time_as_wrong_usage(clock: str, start: str) -> None:
    assert amends("due", clock, "--from", start, "--policy", "bank-cn")[0] == WrongUsage.exit_code


def test_an_agreed_clock_without_a_limit_has_no_due_time_of_its_own(write: Write) -> None:
    file = write(changed(", at_most: 7d", ""))
    said = amends("due", "callback", "--from", "2026-03-02", "--policy", str(file))[1]
    assert "at the time agreed with the customer" in said
