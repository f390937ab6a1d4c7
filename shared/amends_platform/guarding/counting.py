"""What the gate counts, as metrics."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from amends_platform.guarding.gate import Gate


class _Counts(Collector):
    def __init__(self, gate: Gate) -> None:
        self._gate = gate

    def collect(self) -> Iterator[GaugeMetricFamily | CounterMetricFamily]:
        yield GaugeMetricFamily("amends_http_connections", "Connections that are open", len(self._gate.open))
        turned_away = CounterMetricFamily(
            "amends_http_turned_away", "Connections and requests that were refused or cut off", labels=["reason"]
        )
        for why, count in sorted(self._gate.turned_away.items()):
            turned_away.add_metric([why], count)
        yield turned_away


def count_turned_away(gate: Gate, registry: CollectorRegistry) -> None:
    """Read when somebody asks: counting costs nothing besides."""
    registry.register(_Counts(gate))
