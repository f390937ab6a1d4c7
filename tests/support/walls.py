"""Rows of two tenants in every table, and who sees which of them: what row-level security is tested with.

The rows are made from the catalog: a table that comes has them, and is missed in `SEES` until somebody decides.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from typing import Any, Final, NamedTuple
from uuid import UUID, uuid5

import asyncpg

OWN, OTHER = "default", "other"
NORTH, SOUTH, ALL = "north-street", "old-town", "*"

EVERYTHING, TENANT, BRANCHES = "every tenant", "own tenant", "own branches"

_READ_MODEL: Final = ("cases", "deadlines", "alerts")
_SESSIONS: Final = ("sessions", "person_sessions")
# Of the tables with rows of a tenant, what each role may read, and how much of it. What is not here is refused.
SEES: Final[Mapping[str, Mapping[str, str]]] = {
    "amends_intake": dict.fromkeys(
        ("events", "hashed_receipts", "receipts", "data_keys", "publications", "api_keys", *_SESSIONS), TENANT
    ),
    "amends_workflow": dict.fromkeys(
        (
            *("events", "data_keys", "publications", "refusals", "api_keys", *_SESSIONS, "timers", "timer_quarantine"),
            *_READ_MODEL,
        ),
        EVERYTHING,
    ),
    "amends_enquiry": dict.fromkeys(("data_keys", "publications", "api_keys", *_SESSIONS), TENANT)
    | dict.fromkeys(("events", "refusals", "personal_data_readings", *_READ_MODEL), BRANCHES),
    "amends_notifier": dict.fromkeys(("events", "publications"), EVERYTHING)
    | dict.fromkeys(("digests", *_READ_MODEL), TENANT),
    "amends_auditor": dict.fromkeys(
        (
            *("events", "hashed_receipts", "receipts", "data_keys", "publications", "refusals"),
            "personal_data_readings",
            *("timers", "timer_quarantine", "digests", *_READ_MODEL),
        ),
        EVERYTHING,
    ),
}
# No row of these is a tenant's.
NOBODYS: Final = frozenset(
    {"alembic_version", "checkpoints", "credential_changes", "merkle_tiles", "policies", "signed_checkpoints"}
)

POLICY: Final = bytes(32)
_NAMES: Final = UUID("4f1b8a52-5a4e-4f0e-9c1d-3f0d0b8f7a10")
_numbers = itertools.count(1)


class Whose(NamedTuple):
    """Whose a row is."""

    tenant: str
    branch: str


EVERYBODY: Final = tuple(Whose(tenant, branch) for tenant in (OWN, OTHER) for branch in (NORTH, SOUTH, ALL))


def case_of(whose: Whose) -> UUID:
    return uuid5(_NAMES, "/".join(whose))


def row_of(table: str, columns: Iterable[Any], whose: Whose, *, fresh: bool = False) -> dict[str, Any]:
    """A row of this table, as its columns want it; `fresh`: it collides with none that was made before."""
    number = next(_numbers)
    case_id = uuid5(_NAMES, str(number)) if fresh else case_of(whose)
    known: dict[str, Any] = {
        "tenant": whose.tenant,
        "branch": whose.branch,
        "case_id": case_id,
        "stream_id": case_id,
        "data": "{}",
        # Of what is there.
        "api_key_id": case_of(whose),
        "policy_hash": POLICY,
        "roles": ["agent"],
        "branches": [whose.branch],
    }
    if table == "cases" or (table == "api_keys" and not fresh):
        known["id"] = case_id
    return {
        column["attname"]: known.get(column["attname"], _value(column["type"], number))
        for column in columns
        if column["attnotnull"] or column["attname"] in ("tenant", "branch", "case_id")
        if not column["is_generated"]
    }


def _value(kind: str, number: int) -> Any:
    match kind:
        case "uuid":
            return uuid5(_NAMES, str(number))
        case "bytea":
            return hashlib.sha256(str(number).encode()).digest()
        case "text" | "json":
            return f'"{number}"'
        case "boolean":
            return True
        case "text[]":
            return []
        case "timestamp with time zone":
            return datetime(2026, 10, 1, tzinfo=UTC)
        case "date":
            return date(2026, 10, 1)
        case _:
            return number


class Rows(NamedTuple):
    """What stands in the tables: of each the columns, and for each row whose it is, by where it is stored."""

    columns: Mapping[str, list[Any]]
    whose: Mapping[str, Mapping[str, Whose]]


async def fill(owner: asyncpg.Connection) -> Rows:
    """A row for everybody in every table that has tenants."""
    await owner.execute(
        "INSERT INTO policies (hash, name, version, document, calendar) VALUES ($1, 'p', 1, '', '{}')", POLICY
    )
    columns: dict[str, list[Any]] = {}
    for row in await owner.fetch(_COLUMNS, list(NOBODYS)):
        columns.setdefault(row["name"], []).append(row)
    # Sessions point to keys.
    for table in sorted(columns, key=lambda name: (name == "sessions", name)):
        for whose in EVERYBODY:
            await insert(owner, table, row_of(table, columns[table], whose))
    whose_rows = {}
    for table in columns:
        tenant = "(SELECT k.tenant FROM api_keys AS k WHERE k.id = api_key_id)" if table == "sessions" else "tenant"
        stored = await owner.fetch(f"SELECT CAST(ctid AS text) AS at, {tenant} AS tenant FROM {table} ORDER BY ctid")
        whose_rows[table] = {row["at"]: each for row, each in zip(stored, EVERYBODY, strict=True)}
        assert [row["tenant"] for row in stored] == [each.tenant for each in EVERYBODY]
    return Rows(columns, whose_rows)


async def insert(conn: Any, table: str, row: Mapping[str, Any]) -> None:
    """Insert one row."""
    places = ", ".join(f"${number + 1}" for number in range(len(row)))
    await conn.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({places})", *row.values())


async def picture(owner: asyncpg.Connection) -> str:
    """Who may do what to which table, and how much of it they see, by the catalog: the table of the document."""
    lines = [f"| | {' | '.join(role.removeprefix('amends_') for role in SEES)} |", "| --- " * (len(SEES) + 1) + "|"]
    for (table,) in await owner.fetch(_RELATIONS):
        cells = [await owner.fetchval(_CELL, role, table) for role in SEES]
        lines.append(f"| `{table}` | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


_RELATIONS: Final = """
SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'v') ORDER BY relname
"""
_CELL: Final = """
SELECT concat_ws(
    ': ',
    string_agg(verb.said, ', ' ORDER BY verb.number),
    (
        SELECT string_agg(replace(p.polname, '_', ' '), ' ') FROM pg_policy AS p
        WHERE p.polrelid = CAST($2 AS text)::regclass AND to_regrole($1)::oid = ANY(p.polroles)
    )
)
FROM (VALUES (1, 'SELECT', 'reads'), (2, 'INSERT', 'adds'), (3, 'UPDATE', 'changes'), (4, 'DELETE', 'removes'))
    AS verb (number, name, said)
WHERE
    has_table_privilege($1, CAST($2 AS text), verb.name)
    OR (verb.name <> 'DELETE' AND has_any_column_privilege($1, CAST($2 AS text), verb.name))
"""
_COLUMNS: Final = """
SELECT c.relname AS name, a.attname, a.attnotnull, format_type(a.atttypid, NULL) AS type,
       a.attidentity <> '' OR a.attgenerated <> '' AS is_generated
FROM pg_class AS c
JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND NOT c.relname = ANY($1)
ORDER BY c.relname, a.attnum
"""
