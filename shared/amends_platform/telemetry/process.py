"""What every service tells of itself as a process: which release it is, its memory and files, its database pool."""

from __future__ import annotations

import platform
from collections.abc import Callable
from importlib.metadata import version
from typing import Final

import asyncpg
from prometheus_client import CollectorRegistry, Gauge, Info, ProcessCollector

_STATES: Final = ("busy", "idle")


def add_process_metrics(registry: CollectorRegistry, program: str) -> None:
    """`process_…` as every Prometheus client has them, and `amends_build_info`."""
    ProcessCollector(registry=registry)
    built = Info("amends_build", "Which release runs, and as what", registry=registry)
    built.info({"version": version("amends"), "program": program, "python": platform.python_version()})


def readiness_metric(registry: CollectorRegistry) -> Gauge:
    """To be set by whoever answers `/readyz`."""
    ready = Gauge(
        "amends_ready", "1 when /readyz said yes the last time it was asked; NaN while nobody asks", registry=registry
    )
    ready.set(float("nan"))
    return ready


def add_pool_metrics(registry: CollectorRegistry, pool: Callable[[], asyncpg.Pool | None]) -> None:
    """How much of the database pool is used; `pool` gives None before there is one."""
    connections = Gauge(
        "amends_database_connections", "Connections to PostgreSQL that are open", ["state"], registry=registry
    )
    most = Gauge("amends_database_connections_max", "How many there may be", registry=registry)

    def idle() -> int:
        found = pool()
        return 0 if found is None else found.get_idle_size()

    def busy() -> int:
        found = pool()
        return 0 if found is None else found.get_size() - found.get_idle_size()

    def limit() -> int:
        found = pool()
        return 0 if found is None else found.get_max_size()

    for state, count in zip(_STATES, (busy, idle), strict=True):
        connections.labels(state).set_function(count)
    most.set_function(limit)
