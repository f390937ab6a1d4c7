"""Every metric that a service has, from its own registry: for the documentation, and to hold others to it."""

from __future__ import annotations

from typing import Any, NamedTuple

from prometheus_client import CollectorRegistry
from prometheus_client.metrics import MetricWrapperBase

from amends_intake.app import create_app as create_intake
from amends_notifier.digest.metrics import DigestMetrics
from amends_notifier.metrics import Metrics as NotifierMetrics
from amends_notifier.webhooks.metrics import WebhookMetrics
from amends_platform.guarding.counting import count_turned_away
from amends_platform.guarding.gate import Gate
from amends_platform.guarding.limits import Limits
from amends_platform.settings import Settings
from amends_platform.telemetry.heartbeat import Heartbeat
from amends_platform.telemetry.process import add_pool_metrics, add_process_metrics, readiness_metric
from amends_workflow.app import create_app as create_workflow

# An app describes itself without a database; it only has to be told of one.
_SETTINGS = Settings(database_url="postgresql://amends@localhost/amends", nats_url=None)
_SUFFIXES = {"counter": "_total", "info": "_info"}


class Described(NamedTuple):
    """A metric by the name that it is asked for with."""

    name: str
    kind: str
    labels: tuple[str, ...]
    documentation: str


def registries() -> dict[str, CollectorRegistry]:
    """Of each service, with everything that it can be told to count."""
    intake, workflow = (create(_SETTINGS, provider=None).state.metrics for create in (create_intake, create_workflow))
    for registry in (intake, workflow):
        count_turned_away(Gate(Limits.of(_SETTINGS)), registry)
    notifier = NotifierMetrics().registry
    add_process_metrics(notifier, "notifier")
    add_pool_metrics(notifier, lambda: None)
    readiness_metric(notifier)
    Heartbeat(notifier)
    WebhookMetrics(notifier)
    DigestMetrics(notifier)
    return {"intake": intake, "workflow": workflow, "notifier": notifier}


def described(registry: CollectorRegistry) -> list[Described]:
    """Its metrics, by name."""
    found = []
    for collector in registry._collector_to_names:
        if isinstance(collector, MetricWrapperBase):
            kind, labels = str(collector._type), tuple(collector._labelnames)
            found.append(Described(_asked_for(collector._name, kind), kind, labels, collector._documentation))
        else:
            families: list[Any] = list(collector.collect())
            found += [
                Described(
                    _asked_for(family.name, family.type),
                    family.type,
                    tuple(getattr(family, "_labelnames", ())),
                    family.documentation,
                )
                for family in families
            ]
    return sorted(found)


def _asked_for(name: str, kind: str) -> str:
    return name + _SUFFIXES.get(kind, "")


def series() -> set[str]:
    """Every name that a query may have in it."""
    names = set()
    for registry in registries().values():
        for metric in described(registry):
            names |= (
                {f"{metric.name}{end}" for end in ("_bucket", "_sum", "_count")}
                if metric.kind == "histogram"
                else {metric.name}
            )
    return names


def table() -> str:
    """For docs/telemetry.md."""
    by_service = {service: described(registry) for service, registry in registries().items()}
    where: dict[Described, list[str]] = {}
    for service, metrics in by_service.items():
        for metric in metrics:
            where.setdefault(metric, []).append(service)
    rows = [
        f"| `{metric.name}` | {metric.kind} | {' '.join(f'`{label}`' for label in metric.labels)} |"
        f" {' '.join(services)} | {metric.documentation.rstrip('.')} |"
        for metric, services in sorted(where.items())
    ]
    return "\n".join(["| metric | kind | labels | of | what |", "| --- | --- | --- | --- | --- |", *rows])
