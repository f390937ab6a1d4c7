"""`amends webhooks`."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from amends_platform.cli.client import AsJson
from amends_platform.cli.listing import Listed

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from nats.js import JetStreamContext

    from amends_platform.settings import Settings
    from amends_platform.webhooks.dead_letters import DeadLetter
    from amends_platform.webhooks.endpoints import Endpoint
    from amends_platform.webhooks.replaying import Standing

app = typer.Typer(
    cls=Listed,
    name="webhooks",
    help="Who is told by webhook, what could not be delivered, and telling it once more.",
    no_args_is_help=True,
)

OfEndpoint = Annotated[str | None, typer.Argument(metavar="[ENDPOINT]", help="One endpoint [default: all].")]
_REASON_CELLS_MAX = 80


@app.command("list")
def list_(as_json: AsJson = False) -> None:
    """The endpoints of AMENDS_WEBHOOKS, how many messages each has still to take, and how many it never took."""
    import asyncio
    import json

    settings, endpoints = _configured()
    standings = asyncio.run(_standings(settings, endpoints))
    if as_json:
        print(json.dumps([_standing_json(standing) for standing in standings], indent=2))
        return
    from amends_platform.cli.tables import output, print_table

    words = {"on": "on", "gone": "off: it answered 410", "new": "not begun: does the notifier run?"}
    rows = [
        [
            standing.endpoint.name,
            standing.endpoint.url,
            words[standing.state],
            "" if standing.waiting is None else f"{standing.waiting:,}",
            f"{standing.dead:,}",
        ]
        for standing in standings
    ]
    print_table(output(), ["endpoint", "url", "state", "waiting", "dead"], rows)


@app.command()
def dead(endpoint: OfEndpoint = None, as_json: AsJson = False) -> None:
    """Messages that were given up: when, why, and after how many attempts. `replay` sends them once more."""
    import asyncio
    import json

    from amends_platform.cli.settings import load_settings

    letters = asyncio.run(_dead(load_settings(), endpoint))
    if as_json:
        print(json.dumps([_letter_json(letter) for letter in letters], indent=2))
        return
    if not letters:
        print("There are no dead letters.")
        return
    from amends_platform.cli.tables import local_time, output, print_table

    rows = [
        [
            letter.endpoint,
            letter.id,
            letter.original_subject.partition(".v1.")[2].partition(".")[2],
            local_time(letter.died_at.isoformat()),
            str(letter.attempts),
            letter.reason[:_REASON_CELLS_MAX],
        ]
        for letter in letters
    ]
    print_table(output(), ["endpoint", "id", "about", "given up", "attempts", "reason"], rows)


@app.command()
def replay(
    endpoint: OfEndpoint = None,
    message_id: Annotated[str | None, typer.Option("--id", metavar="ID", help="Only the message of this id.")] = None,
    as_json: AsJson = False,
) -> None:
    """Send dead letters once more, from here and now, with the ids they had.

    What is taken is a dead letter no longer; what is not stays one, and the exit status is 1.
    """
    import asyncio
    import json

    from amends_platform.failures import Failure

    settings, endpoints = _configured(endpoint)
    done = asyncio.run(_replay(settings, endpoints, message_id))
    if message_id is not None and not done:
        raise Failure(f"There is no dead letter {message_id}: `amends webhooks dead` lists them.")
    if as_json:
        print(json.dumps([_letter_json(letter) | {"not_taken": reason} for letter, reason in done], indent=2))
    else:
        for letter, reason in done:
            print(f"{letter.endpoint} {letter.id}: {'taken' if reason is None else reason}")
        taken = sum(reason is None for _, reason in done)
        print(f"Replayed: {taken:,} of {len(done):,} dead letters were taken.")
    if any(reason is not None for _, reason in done):
        raise typer.Exit(1)


@app.command()
def test(endpoint: Annotated[str, typer.Argument(metavar="ENDPOINT", help="The endpoint's name.")]) -> None:
    """Send a signed ping to an endpoint; where it had answered 410 and takes this, it is told everything again."""
    import asyncio

    from amends_platform.failures import Failure

    settings, (meant,) = _configured(endpoint)
    reason = asyncio.run(_ping(settings, meant))
    if reason is not None:
        raise Failure(f"{endpoint} did not take it: {reason}.")
    print(f"{endpoint} took it.")


def _configured(name: str | None = None) -> tuple[Settings, Sequence[Endpoint]]:
    """The settings, and the endpoint of this name or all. Raises WrongUsage."""
    from amends_platform.cli.settings import load_settings
    from amends_platform.failures import WrongUsage
    from amends_platform.webhooks.endpoints import load_endpoints
    from amends_platform.yaml_files import YamlFileError

    settings = load_settings()
    if settings.webhooks is None:
        raise WrongUsage("Nobody is told by webhook: AMENDS_WEBHOOKS names no file.")
    try:
        endpoints = load_endpoints(settings.webhooks)
    except YamlFileError as error:
        raise WrongUsage(f"AMENDS_WEBHOOKS cannot be used.\n{error}") from error
    meant = [endpoint for endpoint in endpoints if name in (None, endpoint.name)]
    if name is not None and not meant:
        known = ", ".join(endpoint.name for endpoint in endpoints) or "none"
        raise WrongUsage(f"There is no endpoint {name!r} in {settings.webhooks}; there are: {known}.")
    return settings, meant


@asynccontextmanager
async def _broker(settings: Settings) -> AsyncIterator[JetStreamContext]:
    from amends_platform.broker_connection import TROUBLE, connected
    from amends_platform.cli.settings import broker_address
    from amends_platform.failures import CannotReach

    async with connected(broker_address(settings), "amends-webhooks-command") as client:
        try:
            yield client.jetstream()
        except TROUBLE as error:
            raise CannotReach(f"The broker went away: {error or type(error).__name__}") from error


async def _standings(settings: Settings, endpoints: Sequence[Endpoint]) -> list[Standing]:
    from amends_platform.webhooks.replaying import standings

    async with _broker(settings) as js:
        return await standings(js, settings.tenant, endpoints)


async def _dead(settings: Settings, endpoint: str | None) -> list[DeadLetter]:
    from amends_platform.webhooks.dead_letters import dead_letters

    async with _broker(settings) as js:
        return [letter async for letter in dead_letters(js, settings.tenant, endpoint)]


async def _replay(
    settings: Settings, endpoints: Sequence[Endpoint], message_id: str | None
) -> list[tuple[DeadLetter, str | None]]:
    from amends_platform.webhooks.replaying import replay

    async with _broker(settings) as js:
        done = replay(js, settings.tenant, endpoints, message_id=message_id)
        return [(letter, outcome.reason) async for letter, outcome in done]


async def _ping(settings: Settings, endpoint: Endpoint) -> str | None:
    from amends_platform.failures import CannotReach
    from amends_platform.webhooks.replaying import ping

    try:
        async with _broker(settings) as js:
            return (await ping(js, settings.tenant, endpoint)).reason
    except CannotReach:
        # Whether it can be told needs no broker.
        return (await ping(None, settings.tenant, endpoint)).reason


def _standing_json(standing: Standing) -> dict[str, Any]:
    endpoint = standing.endpoint
    return {
        "endpoint": endpoint.name,
        "url": endpoint.url,
        "events": list(endpoint.subjects),
        "branches": None if endpoint.branches is None else sorted(endpoint.branches),
        "state": standing.state,
        "waiting": standing.waiting,
        "dead": standing.dead,
    }


def _letter_json(letter: DeadLetter) -> dict[str, Any]:
    import json

    try:
        data = json.loads(letter.payload)
    except ValueError:
        data = None
    return {
        "endpoint": letter.endpoint,
        "id": letter.id,
        "type": letter.type,
        "subject": letter.original_subject,
        "sequence": letter.original_sequence,
        "attempts": letter.attempts,
        "reason": letter.reason,
        "given_up_at": letter.died_at.isoformat(),
        "data": data,
    }
