"""The services that answer people."""

from __future__ import annotations

from typing import Final

from amends_platform.checkup.finding import Finding
from amends_platform.settings import Settings
from amends_platform.supervising.ports import is_free
from amends_platform.supervising.probes import http_ready
from amends_platform.supervising.running import Running

_SERVICE_SECONDS_MAX: Final = 5.0


async def check_services(settings: Settings, running: Running | None) -> list[Finding]:
    """Whether intake and workflow are ready where they are to be."""
    findings = []
    for name in ("intake", "workflow"):
        url: str | None = getattr(settings, f"{name}_url")
        if running is None and url is not None:
            findings.append(await _service_at(name, url))
            continue
        host, port = getattr(settings, f"{name}_host"), getattr(settings, f"{name}_port")
        if running is not None:
            address = (running.intake_url if name == "intake" else running.workflow_url).removeprefix("http://")
            host, _, number = address.rpartition(":")
            host, port = host.strip("[]"), int(number)
        answers = (await http_ready(host, port)).ready
        if answers and running is None and settings.database_url is None:
            mend = (
                "`AMENDS_DATA_DIR` says which `amends up` is meant; for services of your own, set AMENDS_DATABASE_URL."
            )
            findings.append(Finding(name, "note", f"does not run here; another system's is on {host}:{port}", mend))
        elif answers:
            findings.append(Finding(name, "good", f"is ready on {host}:{port}"))
        elif running is not None:
            findings.append(Finding(name, "unreachable", f"is not ready on {host}:{port}", f"See logs/{name}.log."))
        elif port == 0 or is_free(host, port):
            findings.append(Finding(name, "note", f"does not run; port {port} is free for it"))
        else:
            mend = f"Stop that program, or set AMENDS_{name.upper()}_PORT."
            findings.append(Finding(name, "bad", f"port {port} of {host} is taken by another program", mend))
    return findings


async def _service_at(name: str, url: str) -> Finding:
    """Where the settings say that it is, which may be another machine, or a proxy that keeps probes inside."""
    import httpx

    try:
        async with httpx.AsyncClient(timeout=_SERVICE_SECONDS_MAX) as client:
            status = (await client.get(f"{url.rstrip('/')}/readyz")).status_code
    except httpx.HTTPError as error:
        mend = f"Start it, or set AMENDS_{name.upper()}_URL."
        return Finding(name, "unreachable", f"does not answer at {url}: {str(error) or type(error).__name__}", mend)
    if status == 503:
        return Finding(name, "unreachable", f"is not ready at {url}", f"{url}/readyz says why, and its log.")
    if status != 200:
        return Finding(name, "note", f"answers at {url}, where whether it is ready is not shown")
    return Finding(name, "good", f"is ready at {url}")
