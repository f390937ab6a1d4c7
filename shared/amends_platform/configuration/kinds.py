"""How a setting is written down, and the kinds of values there are."""

from __future__ import annotations

import re
from collections.abc import Callable
from ipaddress import ip_network
from typing import Annotated, Any, Final
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr

from amends_store.url_parts import url_parts


def setting(
    default: Any = None,
    description: str = "",
    *,
    example: str | None = None,
    read_by: str = "",
    default_factory: Callable[[], Any] | None = None,
) -> Any:
    """A field of a group. `read_by`: which programs, where those are others than the group's."""
    made = {"default": default} if default_factory is None else {"default_factory": default_factory}
    return Field(
        **made,
        description=description,
        examples=None if example is None else [example],
        json_schema_extra={"read_by": read_by} if read_by else None,
    )


# A name, an IPv4 address or none, or an IPv6 address in brackets; and a port.
_HOST: Final = re.compile(r"(\[[^\[\]]*\]|[^:\[\]]*)(:[0-9]{1,5})?")


def _database_url(text: str) -> str:
    parts = url_parts(text)
    if parts.scheme not in ("postgresql", "postgres"):
        raise ValueError("must look like postgresql://user:password@host:5432/amends")
    if not parts.path.strip("/"):
        raise ValueError("must name a database, such as postgresql://user@host/amends")
    # What takes it apart otherwise than it was meant says what it found: a piece of the password.
    if "#" in text or "@" in (parts.user or "") or not all(map(_HOST.fullmatch, parts.hosts.split(","))):
        raise ValueError("cannot be read: signs such as @ : / ? # within a password are written as %40 %3A %2F %3F %23")
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


DatabaseUrl = Annotated[str, AfterValidator(_database_url)]
NatsUrl = Annotated[str, AfterValidator(_nats_url)]
HttpUrl = Annotated[str, AfterValidator(_http_url)]
SmtpUrl = Annotated[SecretStr, AfterValidator(_smtp_url)]
Rate = Annotated[str, AfterValidator(_rate)]
Networks = Annotated[str, AfterValidator(_networks)]
Port = Annotated[int, Field(ge=0, le=65_535)]
