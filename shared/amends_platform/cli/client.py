"""The options that commands which talk to a service share, and the address they add up to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from amends_platform.clients import Address, ServiceName

Url = Annotated[
    str | None, typer.Option("--url", metavar="U", help="The service's address [default: the running `amends up`].")
]
Key = Annotated[str | None, typer.Option("--key", metavar="K", help="The API key to use [default: AMENDS_API_KEY].")]
Purpose = Annotated[
    str | None,
    typer.Option("--purpose", metavar="P", help="What you read names and words for, where your role has to say it."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Answer in JSON.")]


def address(
    service: ServiceName, url: str | None, key: str | None, *, role: str, purpose: str | None = None
) -> Address:
    """Where to ask and with which key; at the running `amends up`, as `role`. Raises WrongUsage, CannotReach."""
    from dataclasses import replace

    from amends_platform.cli.settings import load_settings
    from amends_platform.clients import find_service
    from amends_platform.failures import WrongUsage

    given = {f"{service}_url": url, "api_key": key}
    try:
        settings = load_settings(**given)
    except WrongUsage as error:
        # The settings call the option by their own name.
        raise WrongUsage(str(error).replace(f"--{service}-url:", "--url:")) from error
    found = find_service(service, settings, role)
    if purpose is None and settings.api_key is None and role == "auditor":
        # The development key of `amends up`; whoever uses a key of their own says it themselves.
        purpose = "audit"
    return replace(found, purpose=purpose)
