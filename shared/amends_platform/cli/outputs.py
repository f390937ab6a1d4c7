"""Where a command is to write: what cannot be written there is told before the work, and not after it."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def check_output(path: Path, option: str = "--output") -> None:
    """Raises WrongUsage unless a file of this name can be made, or replaced."""
    from amends_platform.failures import WrongUsage

    if path.is_dir():
        raise WrongUsage(f"{option}: {path} is a directory")
    # A file is written beside and renamed: for whoever may do anything, /dev/null would become an ordinary file.
    if path.exists() and not path.is_file():
        raise WrongUsage(f"{option}: {path} is no ordinary file")
    if not path.parent.is_dir():
        raise WrongUsage(f"{option}: there is no directory {path.parent}")
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise WrongUsage(f"{option}: nothing may be written in {path.parent}")


def give_up_output() -> None:
    """What standard output did not take goes nowhere: Python would try, and complain, once more when it ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
