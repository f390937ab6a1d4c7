"""On what it was measured: found out by the run, never typed."""

from __future__ import annotations

import os
import platform
import re
import statistics
import subprocess
import sysconfig
import time
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

import asyncpg
import psutil

from tests.bench.servers import Bench
from tests.support.postgres import TEMPLATE

_PACKAGES = ("asyncpg", "fastapi", "uvicorn", "pydantic", "nats-py", "eventsourcing", "psycopg")
_BLOCK = bytes(8192)


async def machine(bench: Bench) -> Mapping[str, str]:
    """What it is, in words, by name. Takes a moment: it times the disk."""
    connection = await asyncpg.connect(bench.postgres.url(TEMPLATE))
    try:
        postgres = await connection.fetchval("SELECT current_setting('server_version')")
        durability = [
            f"{name} {await connection.fetchval('SELECT current_setting($1)', name)}"
            for name in ("fsync", "synchronous_commit", "full_page_writes", "shared_buffers", "max_wal_size")
        ]
    finally:
        await connection.close()
    load = os.getloadavg()[0]
    return {
        "Processor": f"{_processor()}, {os.cpu_count()} cores",
        "Memory": f"{psutil.virtual_memory().total / 2**30:.0f} GiB",
        "Disk": f"8 KiB written and synced in {_sync_ms(bench.directory):.2f} ms (median)",
        "System": f"{platform.system()} {platform.release()}",
        "Load average before": f"{load:.2f}",
        "Python": f"{platform.python_implementation()} {platform.python_version()}",
        "PostgreSQL": f"{postgres.split()[0]} ({', '.join(durability)})",
        "nats-server": f"{_nats_version()} (sync_interval always)",
        "Packages": ", ".join(f"{name} {version(name)}" for name in _PACKAGES),
    }


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists() and (named := re.search(r"^model name\s*: (.+)$", cpuinfo.read_text(), re.MULTILINE)):
        return named[1]
    return platform.processor() or platform.machine()


def _nats_version() -> str:
    binary = Path(sysconfig.get_path("scripts")) / "nats-server"
    said = subprocess.run([str(binary), "--version"], capture_output=True, text=True, check=True).stdout
    return said.rpartition("v")[2].strip()


def _sync_ms(directory: Path) -> float:
    """How long the disk takes to take a page: the floor under every unbatched commit."""
    durations = []
    with (directory / "synced").open("wb", buffering=0) as file:
        for _ in range(100):
            begun_at = time.perf_counter()
            file.write(_BLOCK)
            os.fdatasync(file.fileno())
            durations.append(time.perf_counter() - begun_at)
    return statistics.median(durations) * 1000
