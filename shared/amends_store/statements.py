"""The SQL of this package, read from its files: `statement("read_log")` is `sql/statements/read_log.sql`."""

from __future__ import annotations

from pathlib import Path
from typing import Final

SQL_DIRECTORY: Final = Path(__file__).parent / "sql"


def statement(name: str) -> str:
    """The text of one statement. Raises FileNotFoundError."""
    return (SQL_DIRECTORY / "statements" / f"{name}.sql").read_text(encoding="utf-8")
