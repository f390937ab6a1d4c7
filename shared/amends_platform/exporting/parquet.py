"""Parquet: the lines of NDJSON as a table, by duckdb, which is an extra."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from amends_platform.failures import Failure

_COLUMNS: Final = {
    "position": "BIGINT",
    "case_id": "UUID",
    "reference": "VARCHAR",
    "customer_ref": "VARCHAR",
    "branch": "VARCHAR",
    "version": "INTEGER",
    "id": "UUID",
    "type": "VARCHAR",
    "schema_version": "INTEGER",
    "occurred_at": "TIMESTAMPTZ",
    "recorded_at": "TIMESTAMPTZ",
    "tenant": "VARCHAR",
    "actor": "VARCHAR",
    "correlation_id": "UUID",
    "causation_id": "UUID",
    "policy_hash": "VARCHAR",
    "data": "JSON",
    "leaf_hash": "VARCHAR",
}
_PERSONAL: Final = {"personal": "JSON"}

# It spills to disk what does not fit: the table may be larger than the machine.
_MEMORY_MAX: Final = "512MB"
# A narrative may be long; duckdb wants to know how long.
_LINE_BYTES_MAX: Final = 64 * 1_048_576
_COPY: Final = """
COPY (
    SELECT * FROM read_json(
        $lines, format = 'newline_delimited', columns = $columns, maximum_object_size = $bytes_max
    )
) TO $path (FORMAT parquet, COMPRESSION zstd, USE_TMP_FILE false)
"""


def check_duckdb() -> None:
    """Raise Failure when the extra is not installed."""
    try:
        import duckdb  # noqa: F401
    except ImportError as error:
        raise Failure("Parquet is written by duckdb, which is not installed: pip install amends[analytics]") from error


def write_parquet(lines: Path, path: Path, *, personal: bool) -> None:
    """Fill the file `path`, which is there and empty, with the table that the NDJSON file `lines` makes.

    Raises Failure.
    """
    import duckdb

    columns = _COLUMNS | (_PERSONAL if personal else {})
    settings: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": _MEMORY_MAX,
        "temp_directory": str(path.parent),
        "autoinstall_known_extensions": "false",
    }
    try:
        with duckdb.connect(config=settings) as database:
            database.execute("SET TimeZone = 'UTC'")
            given = {"lines": str(lines), "columns": columns, "bytes_max": _LINE_BYTES_MAX, "path": str(path)}
            database.execute(_COPY, given)
    except duckdb.Error as error:
        raise Failure(f"{path} cannot be written: {error}") from error
