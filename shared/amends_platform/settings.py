"""What can be set, where it comes from, and what it means: environment variables named AMENDS_…"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from difflib import get_close_matches
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple
from urllib.parse import urlsplit

import platformdirs
from pydantic import AfterValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from amends_platform.password_files import has_password, with_password_of

PREFIX = "AMENDS_"
# Set by the supervisor for the programs it starts; no setting, so never reported as a misspelt one.
INTERNAL = frozenset({"AMENDS_READY_FD"})


_URL_PASSWORD = re.compile(r"(://[^:/@\s,]*):[^@/\s,]+@")
_PASSWORD_PARAMETER = re.compile(r"([?&]password=)[^&\s]+")


class SettingsError(ValueError):
    """A setting has a value that cannot be used."""


def _database_url(text: str) -> str:
    if urlsplit(text).scheme not in ("postgresql", "postgres"):
        raise ValueError("must look like postgresql://user:password@host:5432/amends")
    if not urlsplit(text).path.strip("/"):
        raise ValueError("must name a database, such as postgresql://user@host/amends")
    return text


def _nats_url(text: str) -> str:
    for server in text.split(","):
        if urlsplit(server.strip()).scheme not in ("nats", "tls", "ws", "wss"):
            raise ValueError("must look like nats://host:4222 (several with commas between them)")
    return text


def _http_url(text: str) -> str:
    if urlsplit(text).scheme not in ("http", "https") or not urlsplit(text).netloc:
        raise ValueError("must look like http://host:8081")
    return text.rstrip("/")


def _smtp_url(secret: SecretStr) -> SecretStr:
    try:
        parts = urlsplit(secret.get_secret_value())
        is_url = parts.scheme in ("smtp", "smtps") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_url = False
    if not is_url or (parts.username is None and parts.password is not None) or parts.path.strip("/"):
        raise ValueError("must look like smtp://user:password@host:587 or smtps://user:password@host")
    return secret


def _rate(text: str) -> str:
    if text == "off":
        return text
    number, slash, per = text.partition("/")
    if not slash or per != "s" or not number.isdecimal() or int(number) == 0:
        raise ValueError("must be off, or a number of requests per second such as 2000/s")
    return text


def _networks(text: str) -> str:
    try:
        for part in filter(None, map(str.strip, text.split(","))):
            ip_network(part, strict=False)
    except ValueError:
        raise ValueError("must be addresses or networks such as 10.0.0.7,10.1.0.0/16") from None
    return text


Port = Annotated[int, Field(ge=0, le=65_535)]


class Settings(BaseSettings):
    """Every setting of every Amends program. `Settings.load` reads them from the environment."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_ignore_empty=True, extra="ignore", frozen=True, hide_input_in_errors=True
    )

    database_url: Annotated[str, AfterValidator(_database_url)] | None = Field(
        None, description="PostgreSQL 18 or newer; without it `amends up` runs its own"
    )
    database_password_file: Path | None = Field(
        None, description="the file of the database's password, where its URL names none"
    )
    nats_url: Annotated[str, AfterValidator(_nats_url)] | None = Field(
        None, description="NATS with JetStream; without it `amends up` runs its own"
    )
    nats_password_file: Path | None = Field(
        None, description="the file of the password for NATS, where its URL names none"
    )
    nats_credentials: Path | None = Field(
        None, description="the file that says who one is on NATS: an nkey's seed, or a user's .creds"
    )
    nats_ca: Path | None = Field(
        None,
        description="the certificates by which NATS is known; with it, or tls:// in the URL, nothing goes in clear",
    )
    nats_certificate: Path | None = Field(None, description="one's own certificate, where NATS wants one")
    nats_certificate_key: Path | None = Field(None, description="the key of AMENDS_NATS_CERTIFICATE")
    policy: str = Field("bank-cn", description="the policy for new cases: a file, or the name of a built-in")
    tenant: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")] = Field(
        "default", description="whose complaints these are; part of every NATS subject"
    )
    data_dir: Path = Field(
        default_factory=lambda: platformdirs.user_data_path("amends"),
        description="where `amends up` keeps its servers, keys and logs",
    )
    master_key_file: Path | None = Field(
        None,
        description="the key that wraps customers' data keys; default: keys/master.key in the data directory",
    )
    key_store: Path | None = Field(
        None,
        description="the file of customers' data keys, apart from the database and its backups; "
        "default: keys/customers.db in the data directory",
    )
    signing_key_file: Path | None = Field(
        None,
        description="the key that checkpoints of the log are signed with; default: keys/signing.key in the data"
        " directory. The last checkpoint, and every public key that signed, are kept beside it",
    )
    log_origin: Annotated[str, Field(pattern=r"^[!-*,-~]{1,200}$")] | None = Field(
        None, description="the log's name in what is signed, without spaces or +; default: amends/ and the tenant"
    )
    checkpoint_seconds: Annotated[float, Field(gt=0, le=86_400)] = Field(
        10.0, description="a log that has grown gets a signed checkpoint this often"
    )
    checkpoint_dir: Path | None = Field(
        None, description="where every signed checkpoint is also written as a file, for storage that is written once"
    )
    intake_host: str = Field("127.0.0.1", description="the address intake listens on")
    intake_port: Port = Field(8081, description="the port intake listens on; 0 lets `amends up` choose a free one")
    workflow_host: str = Field("127.0.0.1", description="the address workflow listens on")
    workflow_port: Port = Field(8082, description="the port workflow listens on; 0 lets `amends up` choose a free one")
    notifier_host: str = Field("127.0.0.1", description="the address the notifier's probes and metrics are served on")
    notifier_port: Port | None = Field(
        None, description="the port of the notifier's /livez, /readyz and /metrics; unset, none are served"
    )
    nats_replicas: Annotated[int, Field(ge=1, le=5)] = Field(
        1, description="how many servers keep the stream, where the notifier makes it; 3 in a cluster"
    )
    webhooks: Path | None = Field(
        None, description="the file that names who is told by webhook (docs/webhooks.md); unset, nobody is"
    )
    digest: Path | None = Field(
        None, description="the file that names who gets a daily mail (docs/digest.md); unset, nobody does"
    )
    smtp_url: Annotated[SecretStr, AfterValidator(_smtp_url)] | None = Field(
        None, description="where mail goes: smtp://user:password@host:587, or smtps://"
    )
    smtp_password_file: Path | None = Field(
        None, description="the file of the password for sending mail, where its URL names none"
    )
    intake_url: Annotated[str, AfterValidator(_http_url)] | None = Field(
        None, description="where commands, and the console, find intake; by default the running `amends up`"
    )
    workflow_url: Annotated[str, AfterValidator(_http_url)] | None = Field(
        None, description="where commands find workflow; by default the running `amends up`"
    )
    api_key: SecretStr | None = Field(None, description="the API key that commands use towards the services")
    language: Literal["en", "zh"] | None = Field(
        None, description="what commands speak at a terminal; by default as its locale says, else English"
    )
    rate_limit: Annotated[str, AfterValidator(_rate)] = Field(
        "2000/s", description="requests a second that one principal may make, or off"
    )
    address_rate_limit: Annotated[str, AfterValidator(_rate)] = Field(
        "4000/s", description="requests a second that one address may make, before anybody asks who it is, or off"
    )
    unknown_keys_limit: Annotated[str, AfterValidator(_rate)] = Field(
        "20/s",
        description="keys a second that one address may show which were never seen to be good, or off;"
        " more are answered 429 and not looked for",
    )
    trusted_proxies: Annotated[str, AfterValidator(_networks)] = Field(
        "",
        description="addresses or networks, with commas between them, whose X-Forwarded-For is believed, and whose"
        " connections are not counted as one client's",
    )
    connections_max: Annotated[int, Field(ge=1, le=1_000_000)] = Field(
        2_000, description="connections that one HTTP service takes at a time; beyond it unused ones make room"
    )
    address_connections_max: Annotated[int, Field(ge=1, le=1_000_000)] = Field(
        500, description="of them, those of one address"
    )
    client_seconds_max: Annotated[float, Field(gt=0, le=3_600)] = Field(
        20.0,
        description="how long a client may take to send a request's head, to send 16 KiB more of its body or the end"
        " of it, and to take what waits of the answer; then it is cut off",
    )
    request_seconds_max: Annotated[float, Field(gt=0, le=3_600)] = Field(
        30.0,
        description="after how long a request that is not answered is given up with a 503; exports are not, nor is"
        " the stream",
    )
    body_bytes_max: Annotated[int, Field(ge=1_024, le=64 * 1_048_576)] = Field(
        1_048_576, description="the largest request body taken; a larger one is answered 413"
    )
    database_connections_max: Annotated[int, Field(ge=2, le=500)] = Field(
        10, description="connections to PostgreSQL that one service process may hold"
    )
    drain_seconds: Annotated[float, Field(ge=0, le=600)] = Field(
        0.0,
        description="how long a service that was told to stop says so and serves on, before it listens no longer: "
        "longer than a load balancer takes to see it",
    )
    shutdown_seconds_max: Annotated[float, Field(gt=0, le=600)] = Field(
        10.0, description="how long a stopping service may take to finish what it began"
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="how much is logged")
    log_format: Literal["json", "console"] = Field("json", description="json for machines, console for people")

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
