"""How much one client, and all of them, may have of a process."""

from __future__ import annotations

import resource
from dataclasses import dataclass
from typing import Final

from amends_platform.guarding.addresses import NO_PROXIES, Proxies
from amends_platform.settings import Settings, per_second

# A head is far smaller; one of a browser with cookies fits, too.
HEAD_BYTES_MAX: Final = 32_768
HEADERS_MAX: Final = 100
# A query of fifty values of each parameter, and a cursor.
TARGET_BYTES_MAX: Final = 16_384
# Nobody needs more at a time: clients wait for one answer before they ask again on the same connection.
PIPELINED_MAX: Final = 8
# What still comes of a body after the answer is read and dropped, up to here.
UNWANTED_BYTES_MAX: Final = 262_144
# Of a body that is not at its end, in each of the times that a client may take.
BODY_BYTES_AT_ONCE: Final = 16_384
# Longer than clients and proxies keep an idle connection (httpx 5 s, nginx 60 s), so that they close it and we do not:
# what is sent into a connection that is just being closed is lost without an answer.
IDLE_SECONDS_MAX: Final = 75.0
# Beyond the limit, so many more are asked what they want: whether the process lives is answered, nothing else.
PROBING_CONNECTIONS_MAX: Final = 64
# What asks how a process is has a share of its own: whoever floods from the same address, as all do that come through
# one proxy or node, does not keep an orchestrator from its answer. Many times what orchestrators and Prometheus ask.
PROBES_PER_SECOND_MAX: Final = 100.0
# Of open files: what the database, the broker and other libraries need.
_FILES_BESIDE: Final = 256


@dataclass(frozen=True, slots=True)
class Limits:
    """`client_seconds_max`: for the head of a request, for each next part of its body, and of the answer.

    `request_seconds_max`: from the whole request to the first byte of its answer.
    `address_requests_per_second_max`: None where there is no limit.
    """

    connections_max: int
    address_connections_max: int
    client_seconds_max: float
    request_seconds_max: float
    idle_seconds_max: float = IDLE_SECONDS_MAX
    address_requests_per_second_max: float | None = None
    proxies: Proxies = NO_PROXIES

    @staticmethod
    def of(settings: Settings) -> Limits:
        return Limits(
            settings.connections_max,
            settings.address_connections_max,
            settings.client_seconds_max,
            settings.request_seconds_max,
            address_requests_per_second_max=per_second(settings.address_rate_limit),
            proxies=Proxies.of(settings.trusted_proxies),
        )


def open_files_for(connections_max: int) -> int:
    """Let this process open as many files as it may need. The connections that there is room for."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = connections_max + PROBING_CONNECTIONS_MAX + _FILES_BESIDE
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    if soft == resource.RLIM_INFINITY:
        return connections_max
    return max(1, min(connections_max, soft - PROBING_CONNECTIONS_MAX - _FILES_BESIDE))
