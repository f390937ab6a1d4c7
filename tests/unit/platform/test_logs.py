"""Logs: one line of JSON each, whoever wrote it, and never a secret."""

from __future__ import annotations

import ast
import errno
import json
import logging
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest
import structlog

from amends_platform.logs import FIELDS, configure_logging, without_secrets
from amends_platform.reasons import reason
from amends_platform.settings import Settings, SettingsError
from amends_store.errors import AppendRefused

KEY = "amends_" + "k" * 43
NARRATIVE = "the machine kept my card"
LEVELS = ("debug", "info", "warning", "error", "exception", "critical")


@pytest.fixture(autouse=True)
def as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def logged(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_a_line_says_when_who_how_bad_and_what(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(Settings.load(log_format="json"), program="intake")
    structlog.get_logger().info("complaint recorded", position=7)
    (line,) = logged(capsys)
    assert {**line, "at": None} == {
        "at": None,
        "program": "intake",
        "level": "info",
        "event": "complaint recorded",
        "position": 7,
    }
    assert str(line["at"]).endswith("Z")


def test_libraries_log_the_same_way(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(Settings.load(log_format="json"), program="intake")
    logging.getLogger("uvicorn.error").warning("shutting down %s", "now")
    (line,) = logged(capsys)
    assert (line["event"], line["level"], line["program"]) == ("shutting down now", "warning", "intake")


def test_requests_are_not_logged_one_by_one(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(Settings.load(log_format="json"), program="intake")
    logging.getLogger("uvicorn.access").info("GET /v1/cases?q=Chen")
    assert logged(capsys) == []


@pytest.mark.parametrize("form", ["json", "console"])
def test_neither_keys_nor_bodies_nor_passwords_are_logged(capsys: pytest.CaptureFixture[str], form: str) -> None:
    configure_logging(Settings.load(log_format=form), program="intake")
    structlog.get_logger().warning(
        f"refused {KEY}",
        authorization=f"Bearer {KEY}",
        body=b"narrative",
        database="postgresql://u:secret@h/d",
        headers={"authorization": KEY, "other": [KEY]},
    )
    said = capsys.readouterr().err
    assert "refused" in said
    assert not any(secret in said for secret in (KEY, "narrative", "secret"))


def test_an_exception_is_logged_by_its_kind_and_its_places_not_by_what_it_says(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure_logging(Settings.load(log_format="json"), program="intake")
    try:
        try:
            int(NARRATIVE)
        except ValueError as error:
            raise KeyError(NARRATIVE) from error
    except KeyError:
        structlog.get_logger().exception("failed")
    (line,) = logged(capsys)
    assert NARRATIVE not in str(line)
    told = str(line["exception"]).splitlines()
    assert told[1:3] == ["KeyError", "after:"]
    assert told[-1] == "ValueError"
    assert "test_logs.py:" in told[0]


@pytest.mark.parametrize("form", ["json", "console"])
def test_a_field_that_nobody_thought_of_is_hidden(capsys: pytest.CaptureFixture[str], form: str) -> None:
    configure_logging(Settings.load(log_format=form), program="intake")
    structlog.get_logger().warning("look", customer=NARRATIVE, reason=ValueError(NARRATIVE))
    said = capsys.readouterr().err
    assert NARRATIVE not in said
    assert "(not logged)" in said


def test_what_others_log_is_cut_where_it_may_tell_of_a_customer(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(Settings.load(log_format="json", log_level="debug"), program="intake")
    logging.getLogger("asyncio").error(f"Task exception was never retrieved\nfuture: {NARRATIVE!r}")
    logging.getLogger("httpx").warning("HTTP Request: %s", f"GET /v1/cases?q={NARRATIVE}")
    logging.getLogger("amends_store.follow").warning("it waits: %s", ValueError(NARRATIVE))
    assert [line["event"] for line in logged(capsys)] == [
        "asyncio: Task exception was never retrieved",
        "httpx: HTTP Request",
        "it waits: ValueError",
    ]


def test_every_field_that_is_logged_may_be_logged() -> None:
    found = {
        field.arg: f"{path.name}:{call.lineno}"
        for path in (*Path("services").rglob("*.py"), *Path("shared").rglob("*.py"))
        if "structlog" in (text := path.read_text())
        for call in ast.walk(ast.parse(text))
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and _is_log(call.func)
        for field in call.keywords
        if field.arg not in (None, "exc_info", "extra")
    }
    assert len(found) > 20
    assert {name: where for name, where in found.items() if name not in FIELDS} == {}


def test_the_reason_of_an_error_is_told_without_its_data() -> None:
    duplicate = asyncpg.UniqueViolationError(f"DETAIL: Key (name)=({NARRATIVE}) already exists.")
    duplicate.constraint_name = "events_pkey"
    assert reason(duplicate) == "UniqueViolationError 23505 on events_pkey"
    refused = AppendRefused(str(duplicate))
    refused.__cause__ = duplicate
    assert reason(refused) == "AppendRefused: UniqueViolationError 23505 on events_pkey"
    assert reason(ConnectionRefusedError(errno.ECONNREFUSED, NARRATIVE)) == "ConnectionRefusedError: Connection refused"
    assert reason(ValueError(NARRATIVE)) == "ValueError"
    assert reason(SettingsError("AMENDS_POLICY: is no policy")) == "SettingsError: AMENDS_POLICY: is no policy"


def _is_log(function: ast.Attribute) -> bool:
    said_to = function.value
    return function.attr in LEVELS and isinstance(said_to, ast.Name) and said_to.id in ("log", "_log", "logger")


def test_debug_is_left_out_unless_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(Settings.load(log_format="json", log_level="warning"), program="intake")
    structlog.get_logger().info("detail")
    assert logged(capsys) == []


def test_a_line_for_the_journal_has_its_level_in_front(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with (tmp_path / "journal").open("w") as journal, (tmp_path / "file").open("w") as file:
        status = os.fstat(journal.fileno())
        monkeypatch.setenv("JOURNAL_STREAM", f"{status.st_dev}:{status.st_ino}")
        for stream in (journal, file):
            monkeypatch.setattr(sys, "stderr", stream)
            configure_logging(Settings.load(log_format="json"), program="intake")
            structlog.get_logger().warning("broker lost")
            logging.getLogger("uvicorn.error").info("Shutting down")
    beginnings = [line[:4] for line in (tmp_path / "journal").read_text().splitlines()]
    assert beginnings == ["<4>{", "<6>{"]
    assert [line[0] for line in (tmp_path / "file").read_text().splitlines()] == ["{", "{"]


def test_secrets_are_taken_out_of_any_text() -> None:
    assert without_secrets(f"{KEY} nats://u:p@h") == "amends_**** nats://u:****@h"
    assert without_secrets(f"of amends_session_{'s' * 43}.") == "of amends_****."
