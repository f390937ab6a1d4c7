"""A password that stands in a file is put into the URL that wants it, and nothing else is."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from amends_platform.settings import Settings, SettingsError, listing

USER = "postgresql://amends_intake_login@db:5432/amends?sslmode=verify-full"


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("AMENDS_")]:
        monkeypatch.delenv(name)


def written(directory: Path, password: str) -> Path:
    file = directory / "password"
    file.write_text(password)
    return file


def test_the_password_in_the_file_is_the_databases_whatever_its_letters(tmp_path: Path) -> None:
    settings = Settings.load(database_url=USER, database_password_file=written(tmp_path, "p@ss/w%rd: 密\n"))
    assert settings.database_url == (
        "postgresql://amends_intake_login:p%40ss%2Fw%25rd%3A%20%E5%AF%86@db:5432/amends?sslmode=verify-full"
    )


@pytest.mark.parametrize("url", ["postgresql://amends:known@db/amends", "postgresql://db/amends?password=known"])
def test_a_url_that_names_a_password_keeps_it(tmp_path: Path, url: str) -> None:
    assert Settings.load(database_url=url, database_password_file=tmp_path / "none").database_url == url


def test_mail_has_its_password_file_too(tmp_path: Path) -> None:
    file = written(tmp_path, "secret")
    settings = Settings.load(smtp_url="smtps://desk@mail.example.com", smtp_password_file=file)
    assert settings.smtp_url is not None
    assert settings.smtp_url.get_secret_value() == "smtps://desk:secret@mail.example.com"


def test_a_program_that_is_started_needs_the_file_no_more(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    settings = Settings.load(database_url=USER, database_password_file=written(tmp_path, "secret"))
    (tmp_path / "password").unlink()
    for name, value in settings.environment().items():
        monkeypatch.setenv(name, value)
    assert Settings.load() == settings


def test_no_password_from_a_file_is_listed(tmp_path: Path) -> None:
    settings = Settings.load(
        database_url=USER,
        database_password_file=written(tmp_path, "secret"),
        smtp_url="smtp://desk@mail.example.com:587",
        smtp_password_file=written(tmp_path, "secret"),
    )
    assert "secret" not in str(listing(settings))


@pytest.mark.parametrize(
    ("content", "said"),
    [("", "must hold a password"), ("\n", "must hold a password"), ("two\nlines\n", "on one line"), (None, "read")],
)
def test_a_file_without_one_password_is_named_and_its_content_is_not(
    tmp_path: Path, content: str | None, said: str
) -> None:
    file = tmp_path / "password" if content is None else written(tmp_path, content)
    with pytest.raises(SettingsError, match=said) as error:
        Settings.load(database_url=USER, database_password_file=file)
    assert str(error.value).startswith(f"AMENDS_DATABASE_PASSWORD_FILE: {file}")
    assert "lines" not in str(error.value)


@pytest.mark.parametrize("url", [None, "postgresql://db/amends", "postgresql:///amends?host=/run/postgresql"])
def test_a_password_belongs_to_a_user_of_a_url(tmp_path: Path, url: str | None) -> None:
    with pytest.raises(SettingsError, match=r"^AMENDS_DATABASE_PASSWORD_FILE: "):
        Settings.load(database_url=url, database_password_file=written(tmp_path, "secret"))


def test_whoever_sends_mail_under_a_name_has_a_password() -> None:
    with pytest.raises(SettingsError, match=r"^AMENDS_SMTP_URL: "):
        Settings.load(smtp_url="smtps://desk@mail.example.com")
