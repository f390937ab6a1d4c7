"""`amends demo`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

if TYPE_CHECKING:
    from amends_platform.cli.narration import Narration
    from amends_platform.running import Running
    from amends_platform.settings import Settings

_POLICY: Final = "demo"


def demo(
    data_dir: Annotated[
        Path | None,
        typer.Option(
            "--data-dir", metavar="D", help="Keep what happens there [default: a new directory, removed after]."
        ),
    ] = None,
    seconds: Annotated[
        float | None, typer.Option("--seconds", metavar="N", min=1, help="End after so many seconds of the story.")
    ] = None,
    once: Annotated[
        bool, typer.Option("--once", help="End when the story is told, also at a terminal; elsewhere it always does.")
    ] = False,
) -> None:
    """Everything as in `amends up`, and sample complaints that are played through it on clocks of seconds.

    Some are handled in time and some are not: reminders and breaches are shown as they arrive from NATS. It takes
    servers and a directory of its own, whatever AMENDS_DATABASE_URL and AMENDS_NATS_URL say.
    """
    import asyncio
    import shutil
    import sys
    import tempfile

    from amends_platform.cli.narration import Narration
    from amends_platform.cli.settings import load_settings
    from amends_platform.failures import Failure
    from amends_platform.processes import StartFailed
    from amends_platform.up import SERVICES, System, run

    stays = not once and seconds is None and sys.stdout.isatty()
    directory = data_dir
    if directory is None:
        directory = Path(tempfile.mkdtemp(prefix="amends-demo-"))
    narration = Narration()
    system = System(_on_its_own(load_settings(), directory), services=SERVICES, say=narration.say)

    async def tell(running: Running) -> None:
        await _told(running, narration, seconds, stays=stays)

    try:
        asyncio.run(run(system, tell))
    except StartFailed as failure:
        raise Failure(f"{failure}\nLogs are in {directory / 'logs'}.") from failure
    finally:
        if data_dir is None:
            shutil.rmtree(directory, ignore_errors=True)


def _on_its_own(settings: Settings, directory: Path) -> Settings:
    """Invented complaints must never end up among real ones."""
    return settings.model_copy(
        update={
            "data_dir": directory,
            "database_url": None,
            "nats_url": None,
            "master_key_file": None,
            "key_store": None,
            "policy": _POLICY,
            "intake_port": 0,
            "workflow_port": 0,
        }
    )


async def _told(running: Running, narration: Narration, seconds: float | None, *, stays: bool) -> None:
    """The story, with alerts beside it; then how it ended."""
    import asyncio
    from datetime import UTC, datetime

    from amends_platform.alerts import Alerts
    from amends_platform.demo.samples import sample_complaints
    from amends_platform.demo.stage import Stage
    from amends_platform.demo.story import story

    samples = sample_complaints()
    parts = story(samples)
    stage = Stage(running.intake_url, running.keys, narration.tell)
    alerts = Alerts(running.nats_url, "default", datetime.now(UTC))
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
            async with asyncio.timeout(seconds):
                await play()
        except TimeoutError:
            pass
        await narration.end(running, stays=stays)
        if stays:
            await asyncio.Event().wait()
    finally:
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
