"""Who is told: over NATS, by webhook, by mail."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import BaseModel, Field

from amends_platform.configuration.kinds import SmtpUrl, setting


class Broker(BaseModel):
    """NATS"""

    READ_BY: ClassVar[str] = "all"

    nats_password_file: Path | None = setting(
        None, "the file of the password for NATS, where its URL names none", example="/run/secrets/nats"
    )
    nats_credentials: Path | None = setting(
        None,
        "the file that says who one is on NATS: an nkey's seed, or a user's .creds",
        example="/run/secrets/notifier.nk",
    )
    nats_ca: Path | None = setting(
        None,
        "the certificates by which NATS is known; with it, or tls:// in the URL, nothing goes in clear",
        example="/etc/amends/nats-ca.pem",
    )
    nats_certificate: Path | None = setting(
        None, "one's own certificate, where NATS wants one", example="/run/secrets/notifier.pem"
    )
    nats_certificate_key: Path | None = setting(
        None, "the key of AMENDS_NATS_CERTIFICATE", example="/run/secrets/notifier.key"
    )
    nats_replicas: Annotated[int, Field(ge=1, le=5)] = setting(
        1,
        "how many servers keep the stream, where the notifier makes it; 3 in a cluster",
        example="3",
        read_by="notifier",
    )


class Telling(BaseModel):
    """Webhooks and mail"""

    READ_BY: ClassVar[str] = "notifier, commands"

    webhooks: Path | None = setting(
        None,
        "the file that names who is told by webhook (docs/webhooks.md); unset, nobody is",
        example="/etc/amends/webhooks.yaml",
    )
    digest: Path | None = setting(
        None,
        "the file that names who gets a daily mail (docs/digest.md); unset, nobody does",
        example="/etc/amends/digest.yaml",
    )
    smtp_url: SmtpUrl | None = setting(
        None, "where mail goes: smtp://user:password@host:587, or smtps://", example="smtps://desk@mail.example"
    )
    smtp_password_file: Path | None = setting(
        None, "the file of the password for sending mail, where its URL names none", example="/run/secrets/smtp"
    )
