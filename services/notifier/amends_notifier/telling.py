"""What tells people besides the stream, where the settings ask for it. What is off is not even imported."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import asyncpg
from prometheus_client import CollectorRegistry

from amends_notifier.service import Teller
from amends_platform.broker_address import BrokerAddress
from amends_platform.settings import Settings, SettingsError


def check_files(settings: Settings) -> None:
    """See at the start that the files can be used. Raises SettingsError."""
    if settings.webhooks is not None:
        from amends_platform.webhooks.endpoints import load_endpoints

        _check("AMENDS_WEBHOOKS", settings.webhooks, load_endpoints)
    if settings.digest is not None:
        from amends_platform.digest.readers import load_readers

        if settings.smtp_url is None:
            raise SettingsError("AMENDS_SMTP_URL: a digest needs a server that takes mail")
        _check("AMENDS_DIGEST", settings.digest, load_readers)


def _check(variable: str, path: Path, load: Callable[[Path], object]) -> None:
    from amends_platform.yaml_files import YamlFileError

    try:
        load(path)
    except YamlFileError as error:
        raise SettingsError(f"{variable}: the file cannot be used\n{error}") from error


def connections(settings: Settings) -> int:
    """What those that are on need of the database."""
    return 0 if settings.digest is None else 1


def tellers(settings: Settings, pool: asyncpg.Pool, registry: CollectorRegistry) -> list[Teller]:
    """Those that are on, not yet started."""
    on: list[Teller] = []
    if settings.webhooks is not None:
        from amends_notifier.webhooks.metrics import WebhookMetrics
        from amends_notifier.webhooks.service import Webhooks

        address = BrokerAddress.of(settings)
        assert address is not None
        on.append(
            Webhooks(
                settings.webhooks,
                address,
                tenant=settings.tenant,
                replicas=settings.nats_replicas,
                metrics=WebhookMetrics(registry),
            )
        )
    if settings.digest is not None:
        from amends_notifier.digest.metrics import DigestMetrics
        from amends_notifier.digest.service import Digest
        from amends_notifier.digest.smtp import Server

        assert settings.smtp_url is not None
        on.append(
            Digest(
                settings.digest,
                pool,
                Server.of(settings.smtp_url.get_secret_value()),
                tenant=settings.tenant,
                metrics=DigestMetrics(registry),
            )
        )
    return on
