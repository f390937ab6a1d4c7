"""The integration guide's blocks, run as they stand beside a new system: shell and Python; JavaScript is parsed."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.support.pasted import POLICY, blocks, checkout, pasted
from tests.support.system import running_system

GUIDE = "docs/integration.md"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def printed() -> AsyncIterator[str]:
    """What the shell's blocks print, and then those of Python, all of them one program."""
    async with running_system(POLICY) as system:
        directory = checkout(system)
        (directory / "guide.py").write_text("\n".join(blocks(GUIDE, "python")))
        yield "".join(await pasted(system, directory, [*blocks(GUIDE, "sh"), ".venv/bin/python guide.py"]))


def test_what_is_recorded_is_read_refused_and_followed_as_the_guide_says(printed: str) -> None:
    for expected in (
        '"reference":"5MAY-X6NW","state":"received"',
        "received due: {'statutory'",
        "may now: apologize",
        "noted as version 2",
        "invalid-body ['/narrative']",
        "case complaint-received",
        "complaint-received 5MAY-X6NW received",
    ):
        assert expected in printed


@pytest.mark.parametrize("program", blocks(GUIDE, "js"), ids=lambda program: program.splitlines()[-1])
def test_the_javascript_can_be_parsed(program: str, tmp_path: Path) -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("there is no node here")
    file = tmp_path / "consumer.mjs"
    file.write_text(program)
    checked = subprocess.run([node, "--check", str(file)], capture_output=True, text=True)
    assert checked.returncode == 0, checked.stderr
