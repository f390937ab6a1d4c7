"""What production does not do: start with what is there for development, or as somebody who could undo its promises."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import urlsplit

from amends_platform.settings import PREFIX, Settings, SettingsError
from amends_platform.supervising.data_directory import DEVELOPMENT_KEYS

if TYPE_CHECKING:
    from amends_platform.identity.oidc.provider import Provider

# Who may do anything to the tables may switch off what refuses changes, and nobody would be the wiser; also by taking
# the owner's role first. Whom row-level security does not hold sees every tenant.
_OWNS: Final = """
SELECT rolsuper OR rolbypassrls OR pg_has_role(session_user, relowner, 'MEMBER')
FROM pg_roles, pg_class WHERE rolname = session_user AND pg_class.oid = 'events'::regclass
"""


class Unsafe(NamedTuple):
    """One thing that production does not start with, and what to do."""

    variable: str
    found: str
    mend: str

    def __str__(self) -> str:
        return f"{self.variable}: {self.found}. {self.mend}"


class OwnerRefused(Exception):
    """The database user owns the log, or may become its owner: it could change what was recorded, and services must not
    be able to; or row-level security does not hold it."""

    def __str__(self) -> str:
        return (
            f"{PREFIX}DATABASE_URL: this user owns the log, or is a superuser: it could change what was recorded;"
            " or it has BYPASSRLS. Use a login of the service's own (deploy/roles.sql)."
        )


def check_start(settings: Settings, program: str) -> Provider | None:
    """See that `program` can and may be started with these settings. Answers the identity provider that was judged by,
    for the program to have no other. Raises SettingsError, which names all of it.
    """
    provider = provider_of(settings)
    if program == "workflow":
        _check_client(provider)
    _check_broker_files(settings)
    if settings.mode == "production":
        unsafe = [str(each) for each in unsafe_settings(settings, provider, program)]
        if unsafe:
            lines = "\n".join(unsafe)
            raise SettingsError(
                f"{lines}\nProduction starts with none of that; {PREFIX}MODE=development says that it is none."
            )
    return provider


def unsafe_settings(settings: Settings, provider: Provider | None, program: str | None = None) -> Iterator[Unsafe]:
    """What of the settings production does not start with; without `program`, whichever it would be."""
    if program in (None, "intake", "workflow"):
        yield from _keys_of_development(settings, ["master_key", "key_store"])
    if program in (None, "workflow"):
        yield from _keys_of_development(settings, ["signing_key"])
    yield from _open_broker(settings)
    if provider is not None and not provider.is_encrypted:
        yield Unsafe(
            f"{PREFIX}OIDC", "the identity provider is asked without https", "Whoever is in between could make tokens."
        )
    if provider is not None and provider.console is not None and not provider.console.public_url.startswith("https:"):
        yield Unsafe(
            f"{PREFIX}OIDC", "the console is signed in to without https", "Whoever is in between could come in instead."
        )


def _check_client(provider: Provider | None) -> None:
    if provider is None or provider.console is None:
        return
    from amends_platform.identity.oidc.client import secret_of

    try:
        secret_of(provider.console)
    except ValueError as error:
        raise SettingsError(f"{PREFIX}OIDC: client_secret_file: {error}") from None


async def refuse_owner(connection: Any) -> None:
    """For a connection, or pool, of a service. Raises OwnerRefused, and what asyncpg raises."""
    if await connection.fetchval(_OWNS):
        raise OwnerRefused


def is_loopback(host: str | None) -> bool:
    """Whether nobody but this machine can be meant."""
    if host is None or host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _keys_of_development(settings: Settings, names: list[str]) -> Iterator[Unsafe]:
    for name in names:
        path: Path = getattr(settings, f"{name}_path")
        if (path.resolve().parent / DEVELOPMENT_KEYS).exists():
            variable = f"{PREFIX}{name.upper()}" + ("" if name == "key_store" else "_FILE")
            yield Unsafe(variable, f"{path} was made by `amends up`", "Name one that is kept for production.")


def _open_broker(settings: Settings) -> Iterator[Unsafe]:
    from amends_platform.broker_address import BrokerAddress

    address = BrokerAddress.of(settings)
    if address is None or address.names_somebody:
        return
    if not all(is_loopback(urlsplit(server).hostname) for server in address.servers):
        yield Unsafe(
            f"{PREFIX}NATS_URL",
            f"{address} is beyond this machine, and says who nobody is",
            "Have a user for each service (docs/nats-security.md).",
        )


def provider_of(settings: Settings) -> Provider | None:
    """The identity provider, by its file as it is now; None where none is set. Raises SettingsError."""
    if settings.oidc is None:
        return None
    from amends_platform.identity.oidc.provider import load_provider
    from amends_platform.yaml_files import YamlFileError

    try:
        return load_provider(settings.oidc)
    except YamlFileError as error:
        raise SettingsError(f"{PREFIX}OIDC: the file cannot be used\n{error}") from error


def _check_broker_files(settings: Settings) -> None:
    files = [settings.nats_credentials, settings.nats_ca, settings.nats_certificate]
    if not any(files):
        return
    from amends_platform.broker_address import BrokerAddress

    address = BrokerAddress.of(settings)
    if address is None:
        raise SettingsError(f"{PREFIX}NATS_CREDENTIALS, …_CA and …_CERTIFICATE are of no use without {PREFIX}NATS_URL")
    try:
        address.options("check")
    except OSError as error:
        raise SettingsError(f"{PREFIX}NATS_…: a file for NATS cannot be used: {error}") from error
