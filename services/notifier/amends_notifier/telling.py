"""What tells people besides the stream, where the settings ask for it. What is off is not even imported."""

from __future__ import annotations

from prometheus_client import CollectorRegistry

from amends_notifier.service import Teller
from amends_platform.settings import Settings, SettingsError


def check_files(settings: Settings) -> None:
    """See at the start that the files can be used. Raises SettingsError."""
    if settings.webhooks is None:
        return
    from amends_platform.webhooks.endpoints import load_endpoints
    from amends_platform.yaml_files import YamlFileError

    try:
        load_endpoints(settings.webhooks)
    except YamlFileError as error:
        raise SettingsError(f"AMENDS_WEBHOOKS: the file cannot be used\n{error}") from error


def tellers(settings: Settings, registry: CollectorRegistry) -> list[Teller]:
    """Those that are on, not yet started."""
    on: list[Teller] = []
    if settings.webhooks is not None:
        from amends_notifier.webhooks.metrics import WebhookMetrics
        from amends_notifier.webhooks.service import Webhooks

        assert settings.nats_url is not None
        on.append(
            Webhooks(
                settings.webhooks,
                settings.nats_url,
                tenant=settings.tenant,
                replicas=settings.nats_replicas,
                metrics=WebhookMetrics(registry),
            )
        )
    return on
