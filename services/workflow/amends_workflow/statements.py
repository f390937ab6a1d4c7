"""The SQL of this service: one statement a file in `sql/`, read when the module that needs it is imported."""

from __future__ import annotations

from importlib.resources import files

_FOLDER = files("amends_workflow") / "sql"


def statement(name: str) -> str:
    """The text of `sql/{name}.sql`."""
    return (_FOLDER / f"{name}.sql").read_text(encoding="utf-8")
