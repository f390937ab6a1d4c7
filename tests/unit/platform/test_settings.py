"""Settings: read from the environment, wrong ones named, secrets never shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from amends_platform.settings import GROUPS, Settings, SettingsError, listing, masked, unknown_variables


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    for name in [name for name in os.environ if name.startswith("AMENDS_")]:
        monkeypatch.delenv(name)


def test_everything_has_a_default_but_the_addresses_of_others() -> None:
    settings = Settings.load()
    assert (settings.database_url, settings.nats_url, settings.api_key) == (None, None, None)
    assert (settings.intake_host, settings.intake_port, settings.workflow_port) == ("127.0.0.1", 8081, 8082)
    assert settings.master_key_path == settings.data_dir / "keys" / "master.key"
    assert settings.signing_key_path == settings.data_dir / "keys" / "signing.key"


def test_the_log_is_named_after_its_tenant_unless_it_has_a_name() -> None:
    assert Settings.load(tenant="north").origin == "amends/north"
    assert Settings.load(tenant="north", log_origin="example.com/complaints").origin == "example.com/complaints"


def test_an_option_goes_before_the_environment_and_one_not_given_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AMENDS_INTAKE_PORT", "9001")
    assert Settings.load(intake_port=9002).intake_port == 9002
    assert Settings.load(intake_port=None).intake_port == 9001


def test_an_empty_variable_is_one_that_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AMENDS_DATABASE_URL", "")
    assert Settings.load().database_url is None


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("AMENDS_DATABASE_URL", "mysql://localhost/x", "must look like postgresql://"),
        ("AMENDS_DATABASE_URL", "postgresql://localhost", "must name a database"),
        ("AMENDS_DATABASE_URL", "postgresql://u:p@ss:word@localhost/x", "signs such as @"),
        ("AMENDS_DATABASE_URL", "postgresql://u:p/word@localhost/x", "signs such as @"),
        ("AMENDS_DATABASE_URL", "postgresql://u:p#word@localhost/x", "cannot be read"),
        ("AMENDS_NATS_URL", "http://localhost:4222", "must look like nats://"),
        ("AMENDS_TENANT", "a.b", "should match pattern"),
        ("AMENDS_INTAKE_PORT", "70000", "less than or equal to 65535"),
        ("AMENDS_INTAKE_PORT", "many", "valid integer"),
        ("AMENDS_RATE_LIMIT", "0/s", "must be off, or a number"),
        ("AMENDS_RATE_LIMIT", "10", "must be off, or a number"),
        ("AMENDS_INTAKE_URL", "localhost:8081", "must look like http://"),
        ("AMENDS_LOG_FORMAT", "xml", "'json' or 'console'"),
        ("AMENDS_LOG_ORIGIN", "two words", "should match pattern"),
        ("AMENDS_LOG_ORIGIN", "a+b", "should match pattern"),
        ("AMENDS_CHECKPOINT_SECONDS", "0", "greater than 0"),
    ],
)
def test_a_wrong_value_is_named_with_its_variable(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, said: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsError) as error:
        Settings.load()
    assert str(error.value).startswith(f"{variable}: ")
    assert said in str(error.value)


def test_a_wrong_value_is_not_shown_for_it_may_hold_a_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AMENDS_DATABASE_URL", "mysql://amends:secret@localhost/amends")
    with pytest.raises(SettingsError) as error:
        Settings.load()
    assert "secret" not in str(error.value)


def test_a_wrong_option_is_named_as_it_was_given() -> None:
    with pytest.raises(SettingsError, match=r"^--intake-port: "):
        Settings.load(intake_port=-1)


def test_the_rate_limit_is_a_number_or_off(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Settings.load(rate_limit="25/s").requests_per_second_max == 25.0
    assert Settings.load(rate_limit="off").requests_per_second_max is None


def test_a_started_program_reads_the_same_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    first = Settings.load(data_dir=tmp_path, api_key="amends_secret", intake_port=0, nats_url="nats://a:1,nats://b:2")
    for name, value in first.environment().items():
        monkeypatch.setenv(name, value)
    assert Settings.load() == first


def test_the_listing_has_every_setting_described_and_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AMENDS_DATABASE_URL", "postgresql://amends:secret@db/amends")
    monkeypatch.setenv("AMENDS_API_KEY", "amends_secret")
    listed = {setting.variable: setting for setting in listing(Settings.load())}
    assert len(listed) == len(Settings.model_fields)
    assert all(setting.description for setting in listed.values())
    assert listed["AMENDS_DATABASE_URL"].value == "postgresql://amends:****@db/amends"
    assert listed["AMENDS_DATABASE_URL"].source == "environment"
    assert listed["AMENDS_POLICY"].source == "default"
    assert "secret" not in str(listed)


def test_a_misspelt_variable_is_found_with_what_was_meant(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AMENDS_INTAKE_PROT", "1")
    monkeypatch.setenv("AMENDS_READY_FD", "1")
    assert unknown_variables() == {"AMENDS_INTAKE_PROT": "AMENDS_INTAKE_PORT"}


def test_masking_leaves_everything_but_the_password() -> None:
    assert masked("postgresql://u:p@h:1/d?x=y") == "postgresql://u:****@h:1/d?x=y"
    assert masked("postgresql://u@/d?host=/run/x") == "postgresql://u@/d?host=/run/x"
    assert masked("nats://a:p@h,nats://b:q@i") == "nats://a:****@h,nats://b:****@i"
    assert masked("postgresql://h/d?user=u&password=p&x=y") == "postgresql://h/d?user=u&password=****&x=y"
    assert masked("postgresql://h/d?sslkey=k&sslpassword=p") == "postgresql://h/d?sslkey=k&sslpassword=****"
    assert masked("500/s") == "500/s"


@pytest.mark.parametrize("hosts", ["h", "h:5432", "a:1,b:2", "a:1,[::1]:2", "[::1]:5432", "[fe80::1]", ""])
def test_a_database_may_be_at_any_of_several_hosts(monkeypatch: pytest.MonkeyPatch, hosts: str) -> None:
    monkeypatch.setenv("AMENDS_DATABASE_URL", f"postgresql://u:p%40ss@{hosts}/x?host=/run")
    assert Settings.load().database_url is not None


def test_a_program_that_is_started_gets_these_settings_and_none_of_those_around() -> None:
    around = {"PATH": "/bin", "AMENDS_KEY_STORE": "/somebodys.db", "AMENDS_READY_FD": "3", "AMENDS_INTAKE_PORT": "9"}
    known = Settings.load(intake_port=8_000)
    given = known.model_copy(update={"key_store": None}).environment_in(around)
    assert {name: given[name] for name in ("PATH", "AMENDS_READY_FD", "AMENDS_INTAKE_PORT")} == {
        "PATH": "/bin",
        "AMENDS_READY_FD": "3",
        "AMENDS_INTAKE_PORT": "8000",
    }
    assert "AMENDS_KEY_STORE" not in given


def test_every_setting_is_in_a_group_with_an_example() -> None:
    """Else docs/configuration.md lacks it: settings are declared in amends_platform.configuration."""
    grouped = [name for group in GROUPS for name in group.model_fields]
    assert sorted(grouped) == sorted(Settings.model_fields)
    assert [name for name, field in Settings.model_fields.items() if not field.examples] == []


def test_the_examples_are_values_that_can_be_used() -> None:
    Settings(**{name: field.examples[0] for name, field in Settings.model_fields.items() if field.examples})
