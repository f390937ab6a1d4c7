"""Logs: one line of JSON each, whoever wrote it, and never a secret."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from amends_platform.logs import configure_logging, without_secrets
from amends_platform.settings import Settings

KEY = "amends_" + "k" * 43


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


def test_an_exception_is_logged_without_the_values_of_its_variables(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(Settings.load(log_format="json"), program="intake")
    narrative = "the machine kept my card"
    try:
        raise ValueError(len(narrative))
    except ValueError:
        structlog.get_logger().exception("failed")
    (line,) = logged(capsys)
    assert "ValueError: 24" in str(line["exception"])
    assert narrative not in str(line["exception"])


def test_debug_is_left_out_unless_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(Settings.load(log_format="json", log_level="warning"), program="intake")
    structlog.get_logger().info("detail")
    assert logged(capsys) == []


def test_secrets_are_taken_out_of_any_text() -> None:
    assert without_secrets(f"{KEY} nats://u:p@h") == "amends_**** nats://u:****@h"
    assert without_secrets(f"of amends_session_{'s' * 43}.") == "of amends_****."
