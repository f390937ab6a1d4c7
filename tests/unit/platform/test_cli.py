"""The command line: quick to answer, clear in its exit statuses."""

from __future__ import annotations

import errno
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from amends_platform import cli
from amends_platform.cli.listing import ADMINISTER, ASK, PROVE, RUN
from amends_platform.failures import CannotReach, Failure, WrongUsage
from tests.support.ups import environment

# What takes long to import, or would drag in what does.
HEAVY = {
    "alembic", "asyncpg", "cryptography", "fastapi", "holidays", "httpx", "nats", "orjson", "pydantic",
    "pydantic_settings", "rich", "sqlalchemy", "structlog", "uvicorn",
}  # fmt: skip


def test_help_imports_nothing_heavy() -> None:
    """Counted, not timed: `amends --help` has 0.3 s of CPU, and each of these takes a good part of it."""
    script = (
        "import sys\nsys.argv = ['amends', '--help']\nfrom amends_platform.cli import main\n"
        "try:\n    main()\nexcept SystemExit:\n"
        # A module that is ruled out stands there as None.
        "    print(*(name for name, module in sys.modules.items() if module), sep=chr(10), file=sys.stderr)\n"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert "up" in run.stdout
    loaded = {module.partition(".")[0] for module in run.stderr.split()}
    assert loaded & HEAVY == set()


def test_it_says_which_release_it_is() -> None:
    answer = CliRunner().invoke(cli.app, ["--version"])
    assert (answer.exit_code, answer.output) == (0, f"amends {version('amends')}\n")


def test_every_command_has_help_in_whole_sentences() -> None:
    runner = CliRunner()
    group = typer.main.get_command(cli.app)
    for name, command in group.commands.items():  # type: ignore[attr-defined]
        answer = runner.invoke(cli.app, [name, "--help"])
        if name not in ("intake", "workflow", "notifier"):
            assert answer.exit_code == 0, name
        assert (command.get_short_help_str(500) or "").rstrip().endswith("."), name
        assert command.rich_help_panel in (RUN, ASK, PROVE, ADMINISTER), name


@pytest.mark.parametrize("arguments", [[], ["keys"], ["checkpoints"], ["policy"], ["webhooks"]])
def test_a_list_of_commands_says_of_each_what_it_does_to_the_end(arguments: list[str]) -> None:
    answer = CliRunner().invoke(cli.app, [*arguments, "--help"])
    assert answer.exit_code == 0
    usage, _, rest = answer.output.partition("\n")
    assert usage.startswith("Usage:")
    assert "..." not in rest


@pytest.mark.parametrize(("failure", "status"), [(Failure, 1), (WrongUsage, 2), (CannotReach, 3)])
def test_a_failure_is_one_line_and_its_exit_status(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], failure: type[Failure], status: int
) -> None:
    def fails() -> None:
        raise failure("It went wrong.")

    monkeypatch.setattr(cli, "app", fails)
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == status
    assert capsys.readouterr().err == "amends: It went wrong.\n"


def test_a_disk_that_is_full_is_one_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def fails() -> None:
        raise OSError(errno.ENOSPC, "No space left on device", "/backup/evidence.zip")

    monkeypatch.setattr(cli, "app", fails)
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 1
    assert capsys.readouterr().err == "amends: /backup/evidence.zip: No space left on device.\n"


def test_a_wrong_address_is_told_by_the_option_it_was_given_with() -> None:
    error = CliRunner().invoke(cli.app, ["show", "5MAY-X6NW", "--url", "nonsense"]).exception
    assert type(error) is WrongUsage
    assert str(error).startswith("--url: must look like")


@pytest.mark.parametrize("expires", ["tomorrow", "2001-01-01", "0d", ""])
def test_a_key_does_not_expire_before_it_is_made(expires: str) -> None:
    error = CliRunner().invoke(cli.app, ["keys", "create", "--role", "agent", "--expires", expires]).exception
    assert str(error).startswith("--expires: ")


def test_an_unknown_option_is_wrong_usage() -> None:
    assert CliRunner().invoke(cli.app, ["up", "--no-such-option"]).exit_code == 2


def test_shells_can_complete_commands(tmp_path: Path) -> None:
    asked = {"_AMENDS_COMPLETE": "complete_bash", "COMP_WORDS": "amends do", "COMP_CWORD": "1"}
    script = "from amends_platform.cli import app; app(prog_name='amends')"
    run = subprocess.run(
        [sys.executable, "-c", script], env=environment(tmp_path) | asked, capture_output=True, text=True, check=False
    )
    assert run.stdout.split() == ["doctor"]


def test_a_service_without_settings_says_what_it_needs(tmp_path: Path) -> None:
    """`amends intake` becomes the service, which then answers for itself."""
    run = subprocess.run(
        [sys.executable, "-m", "amends_platform.cli", "notifier", "--no-such-option"],
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 2
    assert "amends notifier" in run.stderr
