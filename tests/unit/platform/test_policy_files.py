"""Policy files: how they are read and kept, and what `amends policy` says of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner

from amends_platform.cli import app
from amends_platform.failures import Failure, WrongUsage
from amends_platform.policy.files import (
    PolicyFileError,
    built_in_policies,
    load_policy,
    restore_policy,
)
from tests.support.policy_documents import GOOD_FILE, changed

Write = Callable[[str | bytes], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write(content: str | bytes) -> Path:
        file = tmp_path / "policy.yaml"
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        return file

    return write


def refused(file: Path) -> PolicyFileError:
    with pytest.raises(PolicyFileError) as error:
        load_policy(file)
    return error.value


def test_every_mistake_is_told_at_once_in_the_order_of_the_file(write: Write) -> None:
    file = write(GOOD_FILE.replace("version: 1", "version: x").replace("CN", "XX").replace("24h", "soon"))
    error = refused(file)
    assert [mistake.line for mistake in error.mistakes] == [3, 6, 13]
    assert str(error).splitlines()[0] == (f"{file}:3:10: version: expected a version: a whole number from 1, not 'x'")


@pytest.mark.parametrize("name", ["bank-de", "no/such/file.yaml", "/"])
def test_a_file_that_is_not_there_is_refused_and_the_built_in_names_are_told(name: str) -> None:
    names = "au-rg271, bank-cn, demo, eu-psd2, telecom-cn, uk-disp, us-cfpb, us-reg-e"
    with pytest.raises(PolicyFileError, match=rf"expected a policy file, or the name of a built-in policy \({names}\)"):
        load_policy(name)


def test_yaml_keeps_words_and_times_as_they_are_written(write: Write) -> None:
    file = write(changed("{channel: [media]}", "{channel: [no, off, 12:30:45, 'true']}"))
    [rule] = load_policy(file).policy.grades
    assert rule.when.conditions == (("channel", frozenset({"no", "off", "12:30:45", "true"})),)


def test_a_byte_order_mark_and_windows_lines_do_no_harm(write: Write) -> None:
    plain = load_policy(write(GOOD_FILE)).policy
    assert load_policy(write(b"\xef\xbb\xbf" + GOOD_FILE.replace("\n", "\r\n").encode())).policy == plain


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

    plain = hash_of(GOOD_FILE)
    assert hash_of("# Explained better.\n\n" + GOOD_FILE.replace("{grade: major", "{ 'grade':  major")) == plain
    assert hash_of(changed("due: 24h", "due: 25h")) != plain


# The commands


def amends(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["policy", *arguments])
    if isinstance(result.exception, Failure):
        return result.exception.exit_code, str(result.exception)
    return result.exit_code, result.stdout


def test_check_answers_for_a_good_policy_and_fails_for_a_bad_one(write: Write) -> None:
    code, said = amends("check", str(write(GOOD_FILE)))
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


def test_check_names_the_packs_and_where_each_clock_comes_from(write: Write) -> None:
    file = str(write(GOOD_FILE + "include: [us-reg-e]\n"))
    assert "includes  us-reg-e: reg_e_correction, reg_e_investigation, reg_e_result" in amends("check", file)[1]
    answer = json.loads(amends("check", file, "--json")[1])
    assert answer["packs"] == {"us-reg-e": ["reg_e_correction", "reg_e_investigation", "reg_e_result"]}
    assert answer["sources"]["reg_e_investigation"].startswith("Regulation E, 12 CFR 1005.11(c)")
    assert answer["sources"]["apology"] is None


def test_due_counts_the_clock_of_a_pack_by_the_packs_calendar_and_says_who_is_told(write: Write) -> None:
    file = str(write(GOOD_FILE + "include: [us-reg-e]\nladder: [{after: 1bd, to: boss, when: {grade: major}}]\n"))
    asked = ("due", "reg_e_correction", "--from", "2026-11-25T15:00-05:00", "--policy", file)
    answer = json.loads(amends(*asked, "--json")[1])
    assert (answer["due_at"], answer["pack"]) == ("2026-11-27T17:00:00-05:00", "us-reg-e")
    assert answer["skipped"] == [{"date": "2026-11-26", "reason": "Thanksgiving Day"}]
    assert answer["ladder"] == [
        {"label": "1bd after", "to": "boss", "grades": ["major"], "at": "2026-11-30T17:00:00-05:00"}
    ]
    said = amends(*asked)[1]
    assert "source   Regulation E, 12 CFR 1005.11(c)(1)" in said
    assert "(pack us-reg-e)" in said
    assert "tell     2026-11-30T17:00:00-05:00  boss (major cases)" in said


def test_due_says_that_a_promise_is_due_when_it_was_promised() -> None:
    said = amends("due", "promise", "--from", "2026-03-02", "--policy", "bank-cn")[1]
    assert "promise is due at the time that was promised" in said
