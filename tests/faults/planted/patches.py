"""Changes of the code, in a copy of it."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from tests.support.releases import ROOT

STORE = "shared/amends_store"
WORKFLOW = "services/workflow/amends_workflow"
NOTIFIER = "services/notifier/amends_notifier"


class Patch(NamedTuple):
    """In `file`, `old` becomes `new`, as often as it stands there: `times`."""

    file: str
    old: str
    new: str
    times: int = 1


def patched(patches: Iterable[Patch], into: Path) -> Path:
    """A copy of all that is installed, with these changes. Fails where one fits no more."""
    for room in ("services", "shared"):
        # With what is compiled: the times of the files are kept, and so each is found to be fresh.
        shutil.copytree(ROOT / room, into / room)
    for patch in patches:
        text = changed(patch, into)
        (into / patch.file).write_text(text, "utf-8")
    return into


def changed(patch: Patch, code: Path = ROOT) -> str:
    """The patch's file with the change. Fails where that fits no more."""
    text = (code / patch.file).read_text("utf-8")
    assert text.count(patch.old) == patch.times, f"{patch.file} no longer has {patch.times} times:\n{patch.old}"
    return text.replace(patch.old, patch.new)
