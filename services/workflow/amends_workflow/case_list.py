"""The queues: cases by what they are, in the order of what is due, received or updated."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from amends_domain.case import ALL_BRANCHES, CLOSED, INCIDENT, OPEN
from amends_store.read import Executor
from amends_workflow.conditions import Conditions, fetch_planned
from amends_workflow.pages import ID, TIME, Shape, key_time
from amends_workflow.parameters import CaseListParameters, Openness

KEY: Final[Shape] = (TIME, ID)
COLUMNS: Final = (
    "id, reference, state, version, position, grade, owner, branch, cycle, kind, channel, type, cause, customer_ref,"
    " external_ref, flags, historical, breached, hand_offs, escalations, incident, merged_into, next_due_at,"
    " next_due_clock, received_at, recorded_at, updated_at"
)

# As the indexes of the table `cases` have them.
_ORDERS: Final = {
    # In the words of the index: it says why there.
    "due": "(CASE WHEN next_due_at IS NULL THEN 'infinity' ELSE next_due_at END)",
    "received": "received_at",
    "updated": "updated_at",
}
_ORDER_COLUMNS: Final = {"due": "next_due_at", "received": "received_at", "updated": "updated_at"}
_LAST_CHARACTER: Final = "\U0010ffff"


class Past(NamedTuple):
    """In which rows a past is found: in those of cases that did not move after a time, and in `moved`, a JSON array
    of rows for those that did."""

    unmoved_since: datetime
    moved: str


class Scope(NamedTuple):
    """What somebody may see: a tenant, and these branches of it or (None) all."""

    tenant: str
    branches: tuple[str, ...] | None

    def sees(self, branch: str) -> bool:
        """Whether what is of this branch is within it."""
        return self.branches is None or branch in self.branches


class Listed(NamedTuple):
    """The rows of one page, and the key after which the next begins; None when there is none."""

    rows: list[Any]
    last: tuple[str, str] | None


def case_query(
    scope: Scope, wanted: CaseListParameters, after: Sequence[Any] | None, past: Past | None = None
) -> tuple[str, list[Any]]:
    """The query for one page, and one row more, that tells whether there is another; and its values."""
    where = Conditions()
    where.add("tenant = {}", scope.tenant)
    if scope.branches is not None:
        # Incidents of all branches are everybody's. Only who asks for incidents gets them: a queue is one branch's, in
        # the order of an index.
        where.one_of("branch", (*scope.branches, ALL_BRANCHES) if wanted.kind == [INCIDENT] else scope.branches)
    where.any_of("branch", wanted.branch)
    where.any_of("state", _states(wanted))
    where.any_of("owner", wanted.owner)
    where.any_of("kind", wanted.kind)
    where.any_of("type", wanted.type)
    where.any_of("grade", wanted.grade)
    if wanted.grade and "ordinary" not in wanted.grade:
        where.add("grade <> 'ordinary'")
    if wanted.flag:
        where.add("flags && {}", list(wanted.flag))
    where.any_of("customer_ref", wanted.customer)
    if wanted.incident is not None:
        _of_incident(where, scope, wanted.incident)
    if wanted.breached is not None:
        where.add("breached" if wanted.breached else "NOT breached")
    if wanted.due_before is not None:
        where.add(f"{_ORDERS['due']} < {{}}", wanted.due_before)
    if wanted.q is not None:
        _search(where, wanted.q)
    descending = wanted.sort.startswith("-")
    order = _ORDERS[wanted.sort.removeprefix("-")]
    direction = "DESC" if descending else "ASC"
    if after is not None:
        at, case_id = after
        # As text: no Python value means "infinity".
        beyond = "<" if descending else ">"
        time, last_id = "CAST(CAST({} AS text) AS timestamptz)", "CAST(CAST({} AS text) AS uuid)"
        where.add(f"({order}, id) {beyond} ({time}, {last_id})", at, case_id)
    ordered = f"ORDER BY {order} {direction}, id {direction} LIMIT {where.bind(wanted.limit + 1)}"
    # Found by an index, for which who asks would have to see a case before its flags are looked at.
    indexed = f" AND id IN (SELECT flagged_cases({where.bind(list(wanted.flag))}))" if wanted.flag else ""
    if past is None:
        return f"SELECT {COLUMNS} FROM cases WHERE {where}{indexed} {ordered}", where.values  # noqa: S608
    moved = f"json_populate_recordset(CAST(NULL AS cases), CAST({where.bind(past.moved)} AS json))"
    unmoved = f"updated_at <= {where.bind(past.unmoved_since)}"
    # A page of each: so the table is read in the order of an index, and no further than a page.
    query = f"""
        SELECT * FROM (
            (SELECT {COLUMNS} FROM cases WHERE {where}{indexed} AND {unmoved} {ordered})
            UNION ALL
            (SELECT {COLUMNS} FROM {moved} AS cases WHERE {where} {ordered})
        ) AS cases
        {ordered}"""  # noqa: S608
    return query, where.values


async def list_cases(
    conn: Executor,
    scope: Scope,
    wanted: CaseListParameters,
    after: Sequence[Any] | None,
    past: Past | None = None,
) -> Listed:
    """One page of cases. `after` is the key that the page before gave."""
    rows = await fetch_planned(conn, *case_query(scope, wanted, after, past))
    if len(rows) <= wanted.limit:
        return Listed(rows, None)
    last = rows[wanted.limit - 1]
    at: datetime | None = last[_ORDER_COLUMNS[wanted.sort.removeprefix("-")]]
    return Listed(rows[: wanted.limit], (key_time(at), str(last["id"])))


def _states(wanted: CaseListParameters) -> list[str]:
    states: set[str] = set()
    for state in wanted.state:
        match state:
            case Openness.OPEN:
                states.update(OPEN)
            case Openness.CLOSED:
                states.update(CLOSED)
            case _:
                states.add(state)
    return sorted(states)


def _of_incident(where: Conditions, scope: Scope, name: str) -> None:
    """Of the incident called so, by its id or its reference."""
    try:
        where.add("incident = {}", UUID(name))
    except ValueError:
        # The last character is a check: what is no reference finds nothing.
        where.add(
            "incident IN (SELECT i.id FROM cases AS i WHERE i.tenant = {} AND i.reference = {})",
            *(scope.tenant, _as_reference(name)),
        )


def _search(where: Conditions, text: str) -> None:
    """Exactly this, or something that begins so. A reference is found however it is typed."""
    reference = _as_reference(text)
    begins = "{0} >= {{}} AND {0} < {{}}"
    where.add(
        "(" + " OR ".join(begins.format(column) for column in ("reference", "customer_ref", "external_ref")) + ")",
        *(bound for start in (reference, text, text) for bound in (start, start + _LAST_CHARACTER)),
    )


def _as_reference(text: str) -> str:
    letters = text.upper().replace("-", "").replace(" ", "")
    return letters if len(letters) <= 4 else f"{letters[:4]}-{letters[4:]}"
