"""Where a demo may happen: in a directory of its own, in a database that was just made there, and nowhere else."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from amends_platform.failures import Failure
from amends_platform.files import make_private_once

_MARK: Final = "demo"
_SAYS: Final = "This directory was made by `amends demo`. What is in it was invented; it may be thrown away.\n"


def take(directory: Path) -> None:
    """Make the directory a demo's own. Raises Failure where there is something in it that no demo has made.

    One whose demo was cut off before anything was recorded is taken again.
    """
    if not (directory / _MARK).exists() and directory.exists() and any(directory.iterdir()):
        raise Failure(
            f"{directory} is not empty, and no demo made it: invented complaints are never put among others. "
            "Choose another --data-dir."
        )
    make_private_once(directory / _MARK, _SAYS)


async def check_is_new(conn: Any, directory: Path) -> None:
    """Raises Failure where a demo has been told in this database before."""
    if await conn.fetchval("SELECT EXISTS (SELECT FROM events)"):
        raise Failure(
            f"{directory} holds a demo already. Look at it with `amends up --data-dir {directory}`, "
            "or choose another --data-dir."
        )
