"""What can be set, where it comes from, and what it means: environment variables named AMENDS_…"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple
from urllib.parse import urlsplit

from pydantic import SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from amends_platform.configuration.commanding import Commands, Logs
from amends_platform.configuration.keeping import Basics, Database, Keys, Signing
from amends_platform.configuration.serving import Limits, Listening, People, Stopping
from amends_platform.configuration.telling import Broker, Telling
from amends_platform.password_files import has_password, with_password_of

PREFIX = "AMENDS_"
# Set by the supervisor for the programs it starts; no setting, so never reported as a misspelt one.
INTERNAL = frozenset({"AMENDS_READY_FD"})


_URL_PASSWORD = re.compile(r"(://[^:/@\s,]*):[^@/\s,]+@")
_PASSWORD_PARAMETER = re.compile(r"([?&](?:ssl)?password=)[^&\s]+")


class SettingsError(ValueError):
    """A setting has a value that cannot be used."""


# In the order in which they are listed. pydantic takes the fields of the last base first.
GROUPS: Final = (Basics, Database, Keys, Signing, Listening, People, Broker, Telling, Commands, Limits, Stopping, Logs)


class Settings(
    Logs, Stopping, Limits, Commands, Telling, Broker, People, Listening, Signing, Keys, Database, Basics, BaseSettings
):
    """Every setting of every Amends program, by groups (amends_platform.configuration): a new one goes there.

    `Settings.load` reads them from the environment.
    """

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_ignore_empty=True, extra="ignore", frozen=True, hide_input_in_errors=True
    )

    @classmethod
    def load(cls, **given: Any) -> Settings:
        """The settings from the environment, `given` (command line options) on top. Raises SettingsError."""
        try:
            settings = cls(**{name: value for name, value in given.items() if value is not None})
        except ValidationError as error:
            raise SettingsError(_explain(error, given)) from None
        return settings._with_passwords()

    def _with_passwords(self) -> Settings:
        """With the passwords that are in files. Raises SettingsError."""
        read: dict[str, Any] = {}
        if self.database_password_file is not None:
            read["database_url"] = _url_with_password(
                "database_password_file", self.database_password_file, "database_url", self.database_url
            )
        if self.nats_password_file is not None:
            urls = [None] if self.nats_url is None else self.nats_url.split(",")
            read["nats_url"] = ",".join(
                _url_with_password("nats_password_file", self.nats_password_file, "nats_url", url) for url in urls
            )
        smtp_url = None if self.smtp_url is None else self.smtp_url.get_secret_value()
        if self.smtp_password_file is not None:
            smtp_url = _url_with_password("smtp_password_file", self.smtp_password_file, "smtp_url", smtp_url)
            read["smtp_url"] = SecretStr(smtp_url)
        if smtp_url is not None and urlsplit(smtp_url).username is not None and not has_password(smtp_url):
            raise SettingsError(f"{PREFIX}SMTP_URL: names a user without a password, and no file has it either")
        return self.model_copy(update=read)

    @property
    def master_key_path(self) -> Path:
        return self.master_key_file or self.data_dir / "keys" / "master.key"

    @property
    def key_store_path(self) -> Path:
        return self.key_store or self.data_dir / "keys" / "customers.db"

    @property
    def signing_key_path(self) -> Path:
        return self.signing_key_file or self.data_dir / "keys" / "signing.key"

    @property
    def origin(self) -> str:
        """The log's name in what is signed, where a new signing key is made."""
        return self.log_origin or f"amends/{self.tenant}"

    @property
    def requests_per_second_max(self) -> float | None:
        """The rate limit of one principal; None when it is off."""
        return per_second(self.rate_limit)

    def environment(self) -> dict[str, str]:
        """These settings as environment variables for a program to start."""
        values = ((name, getattr(self, name)) for name in type(self).model_fields)
        return {PREFIX + name.upper(): _plain(value) for name, value in values if value is not None}

    def environment_in(self, around: Mapping[str, str]) -> dict[str, str]:
        """`around` with these settings and no others: what is not set here is not set there."""
        ours = {PREFIX + name.upper() for name in type(self).model_fields}
        return {name: value for name, value in around.items() if name not in ours} | self.environment()


class Listed(NamedTuple):
    """One setting as `amends doctor` shows it; secrets are masked."""

    variable: str
    value: str | None
    source: Literal["environment", "default"]
    description: str


def listing(settings: Settings) -> list[Listed]:
    """All settings with their values and where each came from."""
    listed = []
    for name, field in Settings.model_fields.items():
        variable = PREFIX + name.upper()
        value = getattr(settings, name)
        shown = None if value is None else masked(str(value))
        source: Literal["environment", "default"] = "environment" if os.environ.get(variable) else "default"
        listed.append(Listed(variable, shown, source, field.description or ""))
    return listed


def per_second(rate: str) -> float | None:
    """The number of a rate such as 2000/s; None when it is off."""
    return None if rate == "off" else float(rate.partition("/")[0])


def unknown_variables() -> dict[str, str | None]:
    """AMENDS_ variables that are no setting, each with the setting that was probably meant."""
    known = {PREFIX + name.upper() for name in Settings.model_fields} | INTERNAL
    strangers = sorted(name for name in os.environ if name.startswith(PREFIX) and name not in known)
    return {name: next(iter(get_close_matches(name, known, n=1)), None) for name in strangers}


def masked(text: str) -> str:
    """The text with the passwords of URLs replaced."""
    return _PASSWORD_PARAMETER.sub(r"\1****", _URL_PASSWORD.sub(r"\1:****@", text))


def _url_with_password(name: str, file: Path, url_name: str, url: str | None) -> str:
    if url is None:
        raise SettingsError(f"{PREFIX}{name.upper()}: is of no use without {PREFIX}{url_name.upper()}")
    try:
        return with_password_of(file, url)
    except ValueError as error:
        raise SettingsError(f"{PREFIX}{name.upper()}: {error}") from None


def _plain(value: Any) -> str:
    return value.get_secret_value() if isinstance(value, SecretStr) else str(value)


def _explain(error: ValidationError, given: dict[str, Any]) -> str:
    lines = []
    for problem in error.errors(include_url=False, include_context=False):
        name = str(problem["loc"][0]) if problem["loc"] else "settings"
        message = problem["msg"].removeprefix("Value error, ")
        message = message[:1].lower() + message[1:]
        where = f"--{name.replace('_', '-')}" if given.get(name) is not None else PREFIX + name.upper()
        lines.append(f"{where}: {message}")
    return "\n".join(lines)
