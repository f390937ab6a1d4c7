"""Directories that PostgreSQL's own user can be let into."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.scratch import scratch_directory


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """Not below pytest's own directory: every run of pytest, another one meanwhile too, closes that to others."""
    with scratch_directory("amends-up-") as directory:
        yield directory
