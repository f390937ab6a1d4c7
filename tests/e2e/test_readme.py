"""The README's commands and requests, pasted as they stand into a shell beside a new system."""

from __future__ import annotations

import asyncio
import re
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from tests.support.system import WAIT_SECONDS_MAX, System, running_system

ROOT = Path(__file__).parents[2]
PACK = ROOT / "shared" / "amends_platform" / "policy" / "packs" / "bank-cn.yaml"
# In one shell, one after the other, as a reader would: later blocks use the variables of the first.
BLOCKS = re.findall(r"```sh\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def printed() -> AsyncIterator[list[str]]:
    """What each block of the README prints."""
    async with running_system(PACK.read_text(encoding="utf-8")) as system:
        yield await _pasted(system, _checkout(system.directory))


def test_the_first_complaint_is_answered_with_the_reference_that_the_readme_shows(printed: list[str]) -> None:
    assert '"reference":"5MAY-X6NW","state":"received","version":1,"position":1' in printed[0]


def test_the_case_is_apologised_for_and_shown_so_by_the_workflow(printed: list[str]) -> None:
    apologized, shown = printed[1].split("}{")
    assert '"state":"apologized","version":2' in apologized
    assert '"state":"apologized"' in shown


def test_the_commands_at_the_terminal_show_import_replay_and_verify(printed: list[str]) -> None:
    for expected in ("Apolog", "50 recorded", "identical", "every hash right"):
        assert expected in printed[2]


def test_the_proof_holds_and_the_case_is_shown_to_whoever_asks(printed: list[str]) -> None:
    for expected in ("checkpoints hold", "The evidence of 5MAY-X6NW is good", "objects up to position"):
        assert expected in printed[3]


def test_the_customer_is_forgotten_by_two_persons(printed: list[str]) -> None:
    assert '"status":"requested","requested_by":"dev-handler"' in printed[4]
    assert '"status":"erased","requested_by":"dev-handler","approved_by":"dev-department_head"' in printed[4]


def _checkout(directory: Path) -> Path:
    """A directory like the root of the project, in which files may be written."""
    checkout = directory / "checkout"
    checkout.mkdir()
    for name in (".venv", "samples"):
        (checkout / name).symlink_to(ROOT / name)
    return checkout


async def _pasted(system: System, checkout: Path) -> list[str]:
    script = "\necho '<end of block>'\n".join(BLOCKS)
    shell = await asyncio.create_subprocess_exec(
        *("bash", "-euo", "pipefail", "-c", script),
        cwd=checkout,
        env=system.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    async with asyncio.timeout(WAIT_SECONDS_MAX):
        output, _ = await shell.communicate()
    assert shell.returncode == 0, output.decode()
    return output.decode().split("<end of block>")
