"""What `amends doctor` finds about webhooks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from amends_platform.broker_address import BrokerAddress
from amends_platform.broker_connection import TROUBLE, connected
from amends_platform.checkup.finding import Finding
from amends_platform.failures import CannotReach
from amends_platform.webhooks.endpoints import load_endpoints
from amends_platform.webhooks.replaying import Standing, standings
from amends_platform.yaml_files import YamlFileError


async def check_webhooks(path: Path, address: BrokerAddress | None, tenant: str) -> list[Finding]:
    """The file, and how each endpoint stands. That the broker does not answer is said of the broker."""
    try:
        endpoints = load_endpoints(path)
    except YamlFileError as error:
        return [Finding("webhooks", "bad", str(error), "Mend the file that AMENDS_WEBHOOKS names.")]
    if not endpoints:
        return [Finding("webhooks", "note", f"{path} names no endpoint")]
    try:
        if address is None:
            raise CannotReach("There is no broker.")
        async with connected(address, "amends-doctor") as client:
            found = await standings(client.jetstream(), tenant, endpoints)
    except (CannotReach, *TROUBLE):
        return [Finding("webhooks", "note", f"{path} is right; how its endpoints stand, only the broker knows")]
    return [said for standing in found for said in _said(standing)]


def _said(standing: Standing) -> Iterator[Finding]:
    name = standing.endpoint.name
    if standing.state == "new":
        yield Finding("webhooks", "note", f"{name} has not begun; the notifier begins it")
    elif standing.state == "gone":
        mend = f"Change it in the file; or `amends webhooks test {name}`, once it is there again."
        yield Finding("webhooks", "bad", f"{name} answered 410 and is told nothing", mend)
    else:
        yield Finding("webhooks", "good", f"{name} has {standing.waiting or 0:,} messages to take")
    if standing.dead:
        mend = f"See `amends webhooks dead {name}`; then `amends webhooks replay {name}`."
        yield Finding("webhooks", "bad", f"{name} never took {standing.dead:,} messages", mend)
