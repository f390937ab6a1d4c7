"""What the command line of the notifier refuses before it begins anything."""

from __future__ import annotations

import os

import pytest

from amends_notifier.__main__ import main


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("AMENDS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setattr("sys.argv", ["amends_notifier"])


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        ({"AMENDS_DATABASE_URL": "postgresql://postgres@localhost/amends"}, "AMENDS_NATS_URL"),
        ({"AMENDS_NATS_URL": "nats://127.0.0.1:1"}, "AMENDS_DATABASE_URL"),
    ],
)
def test_without_a_database_or_a_broker_to_go_to_it_says_which_setting_is_missing(
    given: dict[str, str], missing: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    assert main() == 2
    assert capsys.readouterr().err.startswith(f"{missing}: ")


def test_a_setting_that_cannot_be_used_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AMENDS_NATS_REPLICAS", "none")
    assert main() == 2
    assert capsys.readouterr().err.startswith("AMENDS_NATS_REPLICAS: ")


@pytest.mark.parametrize("position", ["0", "-1", "first"])
def test_what_is_no_position_is_wrong_usage(position: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["amends_notifier", f"--republish={position}"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
