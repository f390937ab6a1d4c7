"""`amends doctor`."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from amends_platform.checkup.finding import Finding
    from amends_platform.settings import Listed

_SIGNS = {"good": "ok", "note": "--", "bad": "BAD", "unreachable": "BAD"}


def doctor(as_json: Annotated[bool, typer.Option("--json", help="Answer in JSON.")] = False) -> None:
    """Check database, broker, policy, keys and settings: what is wrong, and how to mend it.

    The exit status is 0 when all is well, 1 when something is wrong, 3 when something cannot be reached.
    """
    import asyncio

    from amends_platform.checkup.everything import check_everything
    from amends_platform.cli.settings import load_settings, running_here
    from amends_platform.settings import listing

    settings = load_settings()
    running = running_here(settings)
    listed = listing(settings)
    if running is not None:
        settings = settings.model_copy(update={"data_dir": running.data_dir})
    findings = asyncio.run(check_everything(settings, running))
    statuses = {finding.status for finding in findings}
    exit_code = 3 if "unreachable" in statuses else 1 if "bad" in statuses else 0
    if as_json:
        document = {
            "healthy": exit_code == 0,
            "findings": [asdict(finding) for finding in findings],
            "settings": [setting._asdict() for setting in listed],
        }
        print(json.dumps(document, indent=2))
    else:
        _show(findings, listed)
    raise typer.Exit(exit_code)


def _show(findings: list[Finding], listed: list[Listed]) -> None:
    for finding in findings:
        print(f"{_SIGNS[finding.status]:<4} {finding.subject:<11} {finding.found}")
        if finding.mend is not None:
            print(f"{'':<16} -> {finding.mend}")
    print("\nSettings (environment variables):")
    width = max(len(setting.variable) for setting in listed)
    for setting in listed:
        value = "not set" if setting.value is None else setting.value
        source = "" if setting.source == "default" else "   (from the environment)"
        print(f"  {setting.variable:<{width}}  {value}{source}")
        print(f"  {'':<{width}}    {setting.description}")
