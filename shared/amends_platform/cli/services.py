"""`amends intake`, `workflow` and `notifier`: one service in the foreground, for production."""

from __future__ import annotations

import os
import sys
from typing import Final, NoReturn

import typer

# What we do not know is the service's own: `amends notifier --republish 1`.
PASS_ON: Final = {"allow_extra_args": True, "ignore_unknown_options": True}


def intake(context: typer.Context) -> None:
    """The service that takes complaints and commands in, over HTTP."""
    _become("amends_intake", context.args)


def workflow(context: typer.Context) -> None:
    """The service that keeps deadlines and answers questions, over HTTP."""
    _become("amends_workflow", context.args)


def notifier(context: typer.Context) -> None:
    """The service that publishes to NATS; --republish FROM fills the stream again from a position of the log."""
    if any(argument.split("=")[0] == "--republish" for argument in context.args):
        os.environ.update(_of_the_running())
    _become("amends_notifier", context.args)


def _of_the_running() -> dict[str, str]:
    """Database and broker of the running `amends up`, as far as none is named: the stream to be filled is there."""
    from amends_platform.cli.settings import load_settings, running_here

    settings = load_settings()
    running = running_here(settings)
    if running is None:
        return {}
    named = {"AMENDS_DATABASE_URL": settings.database_url, "AMENDS_NATS_URL": settings.nats_url}
    theirs = {"AMENDS_DATABASE_URL": running.database_url, "AMENDS_NATS_URL": running.nats_url}
    return {variable: url for variable, url in theirs.items() if named[variable] is None}


def _become(module: str, arguments: list[str]) -> NoReturn:
    """In this very process, so that whoever started us signals the service itself."""
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-m", module, *arguments])  # noqa: S606
