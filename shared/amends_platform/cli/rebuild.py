"""`amends rebuild`."""

from __future__ import annotations

import os
import sys


def rebuild() -> None:
    """Make the read models anew from the whole log, beside the live ones, and swap them in at the end."""
    from amends_platform.cli.settings import load_settings
    from amends_platform.owner import database_url_of

    environment = os.environ | {"AMENDS_DATABASE_URL": database_url_of(load_settings())}
    sys.stdout.flush()
    # In this very process, so that Ctrl-C reaches it.
    os.execve(sys.executable, [sys.executable, "-m", "amends_workflow", "rebuild"], environment)  # noqa: S606
