"""How the services are reached, what they bear, and how they stop."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import BaseModel, Field

from amends_platform.configuration.kinds import Networks, Port, Rate, setting


class Listening(BaseModel):
    """Who listens where"""

    READ_BY: ClassVar[str] = "intake, up"

    intake_host: str = setting("127.0.0.1", "the address intake listens on", example="10.0.0.5")
    intake_port: Port = setting(8081, "the port intake listens on; 0 lets `amends up` choose a free one", example="80")
    workflow_host: str = setting(
        "127.0.0.1", "the address workflow listens on", example="10.0.0.5", read_by="workflow, up"
    )
    workflow_port: Port = setting(
        8082, "the port workflow listens on; 0 lets `amends up` choose a free one", example="80", read_by="workflow, up"
    )
    notifier_host: str = setting(
        "127.0.0.1",
        "the address the notifier's probes and metrics are served on",
        example="10.0.0.5",
        read_by="notifier",
    )
    notifier_port: Port | None = setting(
        None,
        "the port of the notifier's /livez, /readyz and /metrics; unset, none are served",
        example="8083",
        read_by="notifier",
    )


class People(BaseModel):
    """Who is let in"""

    READ_BY: ClassVar[str] = "intake, workflow"

    oidc: Path | None = setting(
        None,
        "the file that names the identity provider (docs/identity.md); unset, there are API keys only",
        example="/etc/amends/oidc.yaml",
    )


class Limits(BaseModel):
    """Limits"""

    READ_BY: ClassVar[str] = "intake, workflow"

    rate_limit: Rate = setting("2000/s", "requests a second that one principal may make, or off", example="200/s")
    address_rate_limit: Rate = setting(
        "4000/s",
        "requests a second that one address may make, whatever it asks for and before anybody asks who it is, or off;"
        " probes and metrics have 100 of their own",
        example="off",
    )
    unknown_keys_limit: Rate = setting(
        "20/s",
        "keys a second that one address may show which were never seen to be good, or off; more are answered 429 and"
        " not looked for",
        example="5/s",
    )
    trusted_proxies: Networks = setting(
        "",
        "addresses or networks, with commas between them, whose X-Forwarded-For is believed, and whose connections are"
        " not counted as one client's",
        example="10.0.0.7,10.1.0.0/16",
    )
    connections_max: Annotated[int, Field(ge=1, le=1_000_000)] = setting(
        2_000, "connections that one HTTP service takes at a time; beyond it unused ones make room", example="10000"
    )
    address_connections_max: Annotated[int, Field(ge=1, le=1_000_000)] = setting(
        500, "of them, those of one address", example="100"
    )
    client_seconds_max: Annotated[float, Field(gt=0, le=3_600)] = setting(
        20.0,
        "how long a client may take to send a request's head, to send 16 KiB more of its body or the end of it, and to"
        " take what waits of the answer; then it is cut off",
        example="10",
    )
    request_seconds_max: Annotated[float, Field(gt=0, le=3_600)] = setting(
        30.0,
        "after how long a request that is not answered is given up with a 503; exports are not, nor is the stream",
        example="15",
    )
    body_bytes_max: Annotated[int, Field(ge=1_024, le=64 * 1_048_576)] = setting(
        1_048_576, "the largest request body taken; a larger one is answered 413", example="262144"
    )


class Stopping(BaseModel):
    """How services stop"""

    READ_BY: ClassVar[str] = "intake, workflow"

    drain_seconds: Annotated[float, Field(ge=0, le=600)] = setting(
        0.0,
        "how long a service that was told to stop says so and serves on, before it listens no longer: longer than a"
        " load balancer takes to see it (docs/upgrading.md)",
        example="5",
    )
    shutdown_seconds_max: Annotated[float, Field(gt=0, le=600)] = setting(
        10.0,
        "how long a stopping service may take to finish what it began",
        example="20",
        read_by="intake, workflow, notifier, up",
    )
