"""Commands that write a file: one that cannot be written is told before the work."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from typer.testing import CliRunner

from amends_platform import cli
from amends_platform.failures import WrongUsage

WRITING = [
    ["evidence", "5MAY-X6NW", "-o"],
    ["subject-access", "C-1", "-o"],
    ["erase", "C-1", "--reason", "asked by letter", "--yes", "-o"],
    ["export", "--format", "ndjson", "-o"],
    ["replay", "--report"],
]


@pytest.mark.parametrize("command", WRITING, ids=lambda command: command[0])
def test_where_no_file_can_be_written_nothing_is_begun(command: list[str], tmp_path: Path) -> None:
    (tmp_path / "there.html").mkdir()
    os.mkfifo(tmp_path / "pipe.html")
    for name, said in (
        ("there.html", "is a directory"),
        ("pipe.html", "is no ordinary file"),
        ("none/x.html", "there is no directory"),
    ):
        error = CliRunner().invoke(cli.app, [*command, str(tmp_path / name)]).exception
        assert type(error) is WrongUsage, error
        assert said in str(error)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["pipe.html", "there.html"]
