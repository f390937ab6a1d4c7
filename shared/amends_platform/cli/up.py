"""`amends up`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from amends_platform.supervising.running import Running

DataDir = Annotated[
    Path | None,
    typer.Option(
        "--data-dir", metavar="D", help="Where servers, keys and logs are kept [default: the user's data directory]."
    ),
]
IntakePort = Annotated[
    int | None, typer.Option("--intake-port", metavar="N", help="Intake's port; 0 takes any free one [default: 8081].")
]
WorkflowPort = Annotated[
    int | None,
    typer.Option("--workflow-port", metavar="N", help="Workflow's port; 0 takes any free one [default: 8082]."),
]
PolicyFile = Annotated[
    str | None, typer.Option("--policy", metavar="FILE", help="A policy file, or a built-in's name [default: bank-cn].")
]
ReadyFile = Annotated[
    Path | None,
    typer.Option(
        "--ready-file", metavar="F", help="Write addresses, keys and pids there (JSON) once everything answers."
    ),
]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Show the logs of services and servers here too.")]


def up(
    data_dir: DataDir = None,
    intake_port: IntakePort = None,
    workflow_port: WorkflowPort = None,
    policy: PolicyFile = None,
    ready_file: ReadyFile = None,
    verbose: Verbose = False,
) -> None:
    """Everything in one terminal: PostgreSQL, NATS, intake, workflow, notifier. Ctrl-C stops it all.

    The servers are embedded, unless AMENDS_DATABASE_URL or AMENDS_NATS_URL name others. What was recorded is
    still there at the next start with the same data directory.
    """
    import asyncio

    from amends_platform.cli.settings import load_settings
    from amends_platform.cli.terminal import Terminal
    from amends_platform.failures import Failure
    from amends_platform.supervising.processes import StartFailed
    from amends_platform.supervising.up import SERVICES, System, run, until_stopped

    settings = load_settings(data_dir=data_dir, intake_port=intake_port, workflow_port=workflow_port, policy=policy)
    terminal = Terminal()
    system = System(settings, services=SERVICES, say=terminal.say, ready_file=ready_file)

    async def show(running: Running) -> None:
        terminal.show_addresses(running)
        await until_stopped(running)

    async def all_of_it() -> None:
        logs = asyncio.create_task(terminal.follow_logs(system.data_dir)) if verbose else None
        try:
            await run(system, show)
        finally:
            if logs is not None:
                logs.cancel()

    try:
        asyncio.run(all_of_it())
    except StartFailed as failure:
        raise Failure(f"{failure}\nLogs are in {system.data_dir / 'logs'}.") from failure
    except OSError as error:
        # A full disk, a file that is not ours: nothing that a traceback would explain better.
        raise Failure(f"{error}\nLogs are in {system.data_dir / 'logs'}.") from error
