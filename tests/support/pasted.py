"""What a document shows, pasted as it stands into a shell beside a new system."""

from __future__ import annotations

import asyncio
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tests.support.commands import WAIT_SECONDS_MAX
from tests.support.system import System

ROOT = Path(__file__).parents[2]
# What a new system lives by where nobody says otherwise.
POLICY = (ROOT / "shared" / "amends_platform" / "policy" / "packs" / "bank-cn.yaml").read_text("utf-8")


def blocks(document: str, language: str) -> list[str]:
    """What a document shows in a language, in its order."""
    return re.findall(rf"^```{language}\n(.*?)^```", (ROOT / document).read_text("utf-8"), re.DOTALL | re.MULTILINE)


def checkout(system: System) -> Path:
    """A directory like the root of the project, in which files may be written."""
    directory = system.directory / "checkout"
    directory.mkdir()
    for name in (".venv", "samples"):
        (directory / name).symlink_to(ROOT / name)
    return directory


async def pasted(system: System, directory: Path, scripts: Sequence[str]) -> list[str]:
    """What each script prints. They are given to one shell, one after the other, as a reader would: later ones use
    the variables of the first."""
    end = "<end of block>"
    shell = await asyncio.create_subprocess_exec(
        *("bash", "-euo", "pipefail", "-c", f"\necho '{end}'\n".join(scripts)),
        cwd=directory,
        env=system.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    async with asyncio.timeout(WAIT_SECONDS_MAX):
        output, _ = await shell.communicate()
    assert shell.returncode == 0, output.decode()
    return output.decode().split(end)
