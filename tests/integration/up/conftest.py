"""Directories that PostgreSQL's own user can be let into."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """Not below pytest's own directory: every run of pytest, another one meanwhile too, closes that to others."""
    directory = Path(tempfile.mkdtemp(prefix="amends-up-"))
    yield directory
    shutil.rmtree(directory, ignore_errors=True)
