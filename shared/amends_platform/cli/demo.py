"""`amends demo`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, NamedTuple

import typer

if TYPE_CHECKING:
    from amends_platform.cli.narration import Narration
    from amends_platform.demo.month.beginning import Month
    from amends_platform.settings import Settings
    from amends_platform.supervising.running import Running

_CASES: Final = 400
# Of the settings, those that stay within this machine and this directory.
_KEPT: Final = frozenset(
    {"language", "log_level", "log_format", "shutdown_seconds_max", "database_connections_max", "checkpoint_seconds"}
)


class _Asked(NamedTuple):
    """What is wanted: a month of about so many cases drawn from a seed, the story to its end or for some seconds."""

    cases: int
    seed: int | None
    story: bool
    seconds: float | None
    stays: bool


def demo(
    data_dir: Annotated[
        Path | None,
        typer.Option(
            "--data-dir", metavar="D", help="Keep what happens there [default: a new directory, removed after]."
        ),
    ] = None,
    cases: Annotated[
        int, typer.Option("--cases", metavar="N", min=0, max=5_000, help="About so many in the month; 0: no month.")
    ] = _CASES,
    seed: Annotated[
        int | None, typer.Option("--seed", metavar="N", help="Invent another month [default: always the same].")
    ] = None,
    story: Annotated[
        bool, typer.Option("--story/--no-story", help="After the month, the story on clocks of seconds.")
    ] = True,
    seconds: Annotated[
        float | None, typer.Option("--seconds", metavar="N", min=1, help="End after so many seconds of the story.")
    ] = None,
    once: Annotated[
        bool, typer.Option("--once", help="End when all is told, also at a terminal; elsewhere the story always does.")
    ] = False,
) -> None:
    """Everything as in `amends up`, with an invented bank: its last month, and a story on clocks of seconds.

    The month, several hundred complaints under the policy bank-cn, is for the console and the reports. Of the story,
    some complaints are handled in time and some are not: reminders and breaches are shown as they arrive from NATS. It
    takes servers and a directory of its own, whatever AMENDS_DATABASE_URL and AMENDS_NATS_URL say.
    """
    import asyncio
    import shutil
    import sys
    import tempfile

    from amends_platform.cli.narration import Narration
    from amends_platform.cli.settings import load_settings
    from amends_platform.demo.premises import take
    from amends_platform.failures import Failure
    from amends_platform.supervising.processes import StartFailed
    from amends_platform.supervising.up import SERVICES, System, run

    ends = once or seconds is not None or (story and not sys.stdout.isatty())
    asked = _Asked(cases, seed, story, seconds, stays=not ends)
    directory = data_dir
    if directory is None:
        directory = Path(tempfile.mkdtemp(prefix="amends-demo-"))
    narration = Narration()
    month: list[Month] = []

    async def prepare(database_url: str, settings: Settings) -> None:
        begun = await _begun(database_url, settings, narration, asked)
        if begun is not None:
            month.append(begun)

    async def tell(running: Running) -> None:
        if month:
            await _caught_up(running, month[0], story=asked.story)
            narration.month(month[0])
        narration.where(running, month[0] if month else None)
        if asked.story:
            await _told(running, narration, asked, month[0] if month else None)
        elif asked.stays:
            narration.stays(running)
            await asyncio.Event().wait()

    try:
        take(directory)
        system = System(
            _on_its_own(load_settings(), directory.resolve(), month=cases > 0),
            services=SERVICES,
            say=narration.say,
            prepare=prepare,
        )
        asyncio.run(run(system, tell))
    except StartFailed as failure:
        raise Failure(f"{failure}\nLogs are in {directory / 'logs'}.") from failure
    finally:
        if data_dir is None:
            shutil.rmtree(directory, ignore_errors=True)


def _on_its_own(settings: Settings, directory: Path, *, month: bool) -> Settings:
    """Invented complaints must never end up among real ones, nor be told to anybody: what leads elsewhere is unset."""
    from amends_platform.demo.month.beginning import STORY_POLICY, policy_file

    unset = {
        name: field.get_default(call_default_factory=True, validated_data={})
        for name, field in type(settings).model_fields.items()
        if name not in _KEPT
    }
    return settings.model_copy(
        update=unset
        | {
            "data_dir": directory,
            "policy": str(policy_file(directory)) if month else STORY_POLICY,
            "intake_port": 0,
            "workflow_port": 0,
        }
    )


async def _begun(database_url: str, settings: Settings, narration: Narration, asked: _Asked) -> Month | None:
    """The month, if there is to be one; then the rules of the story are in force."""
    from datetime import UTC, datetime

    from amends_platform.cli.progress import meter_of_stages
    from amends_platform.demo.month.beginning import STORY_POLICY, begin, put_in_force
    from amends_platform.demo.month.plan import SEED
    from amends_platform.demo.premises import check_is_new
    from amends_platform.owner import owner_connection

    async with owner_connection(database_url) as conn:
        await check_is_new(conn, settings.data_dir)
        if not asked.cases:
            return None
        narration.say("demo", f"inventing the last month of a bank, about {asked.cases} cases")
        seed = SEED if asked.seed is None else asked.seed
        with meter_of_stages({"writing": "entries"}) as on_progress:
            month = await begin(
                conn,
                settings,
                datetime.now(UTC),
                seed=seed,
                cases=asked.cases,
                on_progress=lambda done, total: on_progress("writing", done, total),
            )
        if asked.story:
            await put_in_force(conn, settings.tenant, STORY_POLICY)
        return month


async def _told(running: Running, narration: Narration, asked: _Asked, month: Month | None) -> None:
    """The story, with alerts beside it; then how it ended."""
    import asyncio
    from datetime import UTC, datetime

    from amends_platform.alerts import Alerts
    from amends_platform.broker_address import BrokerAddress
    from amends_platform.demo.samples import sample_complaints
    from amends_platform.demo.stage import Stage
    from amends_platform.demo.story import story

    samples = sample_complaints()
    parts = story(samples)
    stage = Stage(running.intake_url, running.keys, narration.tell)
    alerts = Alerts(BrokerAddress(running.nats_url), "default", datetime.now(UTC))
    narration.begin(running, stage, len(samples), sum(1 for part in parts if part.told))

    async def listen() -> None:
        async for alert in alerts:
            narration.alert(alert)

    async def play() -> None:
        await stage.play(parts, samples)
        await narration.until_quiet()

    listening = asyncio.create_task(listen())
    try:
        await alerts.listening.wait()
        try:
            async with asyncio.timeout(asked.seconds):
                await play()
        except TimeoutError:
            pass
        if month is not None:
            await _under_the_banks_rules(running)
        await narration.end(running, stays=asked.stays)
        if asked.stays:
            narration.stays(running)
            await asyncio.Event().wait()
    finally:
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)


async def _caught_up(running: Running, month: Month, *, story: bool) -> None:
    """Wait until the month can be asked for and, for what the `story` causes comes after it, was told to NATS."""
    import asyncio

    from amends_platform.cli.progress import meter_of_stages
    from amends_platform.owner import owner_connection

    readers = {"reading": "read-model"} | ({"publishing": "notifier"} if story else {})
    async with owner_connection(running.database_url) as conn:
        with meter_of_stages(dict.fromkeys(readers, "events")) as on_progress:
            for stage, name in readers.items():
                come_to = 0
                while come_to < month.events:
                    await asyncio.sleep(0.1)
                    come_to = await conn.fetchval("SELECT position FROM checkpoints WHERE name = $1", name) or 0
                    on_progress(stage, min(come_to, month.events), month.events)


async def _under_the_banks_rules(running: Running) -> None:
    """Whoever looks around now is given days, and not seconds."""
    from amends_platform.demo.month.beginning import policy_file, put_in_force
    from amends_platform.owner import owner_connection

    async with owner_connection(running.database_url) as conn:
        await put_in_force(conn, "default", str(policy_file(running.data_dir)))
