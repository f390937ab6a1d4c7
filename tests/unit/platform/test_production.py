"""What production refuses: keys of development, a broker that asks nobody, a provider without https."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from amends_platform.checkup.access import check_mode
from amends_platform.production import check_start, is_loopback, unsafe_settings
from amends_platform.settings import Settings, SettingsError


def production(**given: Any) -> Settings:
    return Settings.load(mode="production", **given)


def unsafe(settings: Settings, program: str | None = None) -> list[str]:
    return [each.variable for each in unsafe_settings(settings, None, program)]


def test_whoever_says_nothing_runs_in_production(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AMENDS_MODE")
    assert Settings.load().mode == "production"


def test_keys_that_lie_beside_development_keys_are_of_development(tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    keys.mkdir()
    assert unsafe(production(data_dir=tmp_path)) == []
    (keys / "development.json").write_text("{}")
    settings = production(data_dir=tmp_path)
    assert unsafe(settings) == ["AMENDS_MASTER_KEY_FILE", "AMENDS_KEY_STORE", "AMENDS_SIGNING_KEY_FILE"]
    # Each service is asked for what it needs.
    assert unsafe(settings, "intake") == ["AMENDS_MASTER_KEY_FILE", "AMENDS_KEY_STORE"]
    assert unsafe(settings, "notifier") == []
    # By another name they are the same.
    (tmp_path / "elsewhere").symlink_to(keys)
    elsewhere = tmp_path / "elsewhere"
    named = production(master_key_file=elsewhere / "master.key", key_store=tmp_path / "customers.db")
    assert unsafe(named, "intake") == ["AMENDS_MASTER_KEY_FILE"]


@pytest.mark.parametrize(
    ("url", "refused"),
    [
        ("nats://127.0.0.1:4222", False),
        ("nats://[::1]:4222,nats://localhost", False),
        ("nats://nats:4222", True),
        ("nats://127.0.0.1:4222,nats://10.0.0.7:4222", True),
        ("nats://relay:secret@nats:4222", False),
        ("nats://relay:secret@one:4222,nats://two:4222", True),
    ],
)
def test_a_broker_beyond_this_machine_must_know_who_we_are(url: str, refused: bool) -> None:
    assert unsafe(production(nats_url=url)) == (["AMENDS_NATS_URL"] if refused else [])


def test_an_nkey_says_who_we_are(tmp_path: Path) -> None:
    assert unsafe(production(nats_url="nats://nats:4222", nats_credentials=tmp_path / "relay.nk")) == []


@pytest.mark.parametrize("mode", ["production", "development"])
def test_a_provider_without_https_is_for_development(tmp_path: Path, mode: str) -> None:
    file = tmp_path / "oidc.yaml"
    file.write_text("issuer: http://127.0.0.1:9\naudience: amends\n")
    settings = Settings.load(mode=mode, oidc=file, data_dir=tmp_path)
    if mode == "development":
        check_start(settings, "intake")
    else:
        with pytest.raises(SettingsError, match="AMENDS_OIDC: the identity provider is asked without https"):
            check_start(settings, "intake")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"oidc": "none.yaml"}, "AMENDS_OIDC: the file cannot be used"),
        ({"nats_credentials": "none.nk", "nats_url": "nats://127.0.0.1"}, "AMENDS_NATS_…: a file for NATS cannot be"),
        ({"nats_credentials": "none.nk"}, "of no use without AMENDS_NATS_URL"),
    ],
)
def test_a_file_that_cannot_be_used_is_told_at_the_start(tmp_path: Path, given: dict[str, str], said: str) -> None:
    given = {name: value if "://" in value else str(tmp_path / value) for name, value in given.items()}
    with pytest.raises(SettingsError, match=said):
        check_start(Settings.load(**given), "intake")


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        *[(host, True) for host in ("127.0.0.1", "127.8.0.1", "::1", "localhost")],
        *[(host, False) for host in ("0.0.0.0", "::", "10.0.0.1", "localhost.evil.example", "127.0.0.1.nip.example")],
    ],
)
def test_only_this_machine_is_this_machine(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback


def test_the_doctor_names_each_and_what_development_should_not_show(tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "development.json").write_text("{}")
    settings = production(data_dir=tmp_path, nats_url="nats://nats:4222", rate_limit="off")
    found = asyncio.run(check_mode(settings))
    assert [each.status for each in found] == ["bad", "bad", "bad", "bad", "note"]
    assert asyncio.run(check_mode(production(data_dir=tmp_path / "none")))[0].status == "good"
    development = Settings.load(mode="development", intake_host="0.0.0.0")
    assert [each.status for each in asyncio.run(check_mode(development))] == ["note", "bad"]
