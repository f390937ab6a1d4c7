"""What holds for all tests here."""

from __future__ import annotations

import pytest

from tests.faults.disk import may_mount


@pytest.fixture(scope="session", autouse=True)
def namespace() -> None:
    """A thread sees what is mounted in the namespace in which it began: all begin in the one where disks are."""
    may_mount()
