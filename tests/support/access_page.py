"""docs/access.md: who may do what, from the tables of `amends_domain.access`."""

from __future__ import annotations

from collections.abc import Iterable

from amends_domain.access.acting import COMMANDS
from amends_domain.access.purposes import PURPOSES, READ_IN, USUAL
from amends_domain.access.reading import QUESTIONS
from amends_domain.access.roles import ROLES
from amends_domain.access.rows import Reach, Row
from amends_domain.access.table import OPEN
from amends_domain.decisions.recusal import RECUSED_FROM

_ABOUT = """\
# Who may do what

Made from `shared/amends_domain/access/` by `make docs`; do not edit. The services ask these tables, by one function
(`judging.may`), and no others; `tests/integration/access/test_routes.py` asks every route of both services, in every
role, on cases of the own branch, of another branch and with a key of another tenant, whether they keep to them.

**Who is asking.** A credential says the person, the tenant, and what they are granted: one or more roles, each within
one branch or for the whole tenant. Nothing in a request adds to that: a branch in a body or parameter says where a
complaint belongs or what to leave out, and a tenant is nowhere named. Where several grants permit something, it is done
by the one of the highest standing, and limits of authority are that role's; what is about several branches is done by
the lowest of those. Lists, counts and streams show the branches of all grants that permit them.

**Branches.** A grant of one branch reaches what the column says, and a grant for the whole tenant all of it. What is
beyond is answered 404 by the workflow service (it shows nothing of it, not even that it is there), and 403
`other-branch` by intake, where the attempt is on record; a role that may not do something at all is answered 403
`role-not-allowed`. An incident of all branches belongs to none: everybody sees it, and only a grant for the whole
tenant acts on it. The reference of a related case may be named to who may not open it. What was merged into a case is
read with it.

**Tenants.** A service serves one. A key of another is unknown to it (401), a token of another is answered 403
`other-tenant`, whatever it asks for; and nothing of another tenant is found by any name.

**Grades.** Where a role stands with *ordinary only*, it may not where the grade is major or escalated: 403
`grade-not-allowed`.

"""


def access_page() -> str:
    """The whole page."""
    lines = [_ABOUT + "## Commands, at intake", ""]
    lines += [
        "Whoever may look at a case in the console is offered those commands that these tables let them give.",
        "",
    ]
    for group, rows in COMMANDS.items():
        lines += _table(group, rows)
    lines += ["## Questions, at the workflow service and its console", ""]
    for group, rows in QUESTIONS.items():
        lines += _table(group, rows)
    lines += _sources((*COMMANDS.values(), *QUESTIONS.values()))
    lines += ["## Without a credential", "", "| action | what |", "| --- | --- |"]
    lines += [f"| `{action}` | {meaning} |" for action, meaning in OPEN.items()]
    lines += ["", *_purposes(), *_beside()]
    return "\n".join(lines)


def _table(group: str, rows: Iterable[Row]) -> list[str]:
    heads = " | ".join(role.replace("_", " ") for role in ROLES)
    lines = [f"### {group}", "", f"| action | what | {heads} | a grant of one branch reaches | besides |"]
    lines.append("| --- | --- |" + " :-: |" * len(ROLES) + " --- | --- |")
    for row in rows:
        marks = " | ".join(_mark(row, role) for role in ROLES)
        lines.append(f"| `{row.action}` | {row.meaning} | {marks} | {_reach(row)} | {_besides(row)} |")
    return [*lines, ""]


def _mark(row: Row, role: str) -> str:
    if role not in row.roles:
        return ""
    return "yes" if row.above_ordinary is None or role in row.above_ordinary else "ordinary only"


def _reach(row: Row) -> str:
    return "all: " + row.reach.value if row.reach is Reach.TENANT else row.reach.value


def _besides(row: Row) -> str:
    recused = ["nobody whom the complaint names"] if row.action in RECUSED_FROM else []
    return "; ".join([*recused, *([row.also] if row.also else [])])


def _sources(groups: Iterable[Iterable[Row]]) -> list[str]:
    told = [f"- `{row.action}`: {row.source}." for rows in groups for row in rows if row.source]
    return ["Why a grade counts:", "", *told, ""]


def _purposes() -> list[str]:
    heads = " | ".join(role.replace("_", " ") for role in ROLES)
    lines = [
        "## What personal data is read for",
        "",
        "Names, numbers and words are sealed. A request opens them by `read-personal-data` (or `export-customer`) and"
        " for a purpose: that of its header `Amends-Purpose`, in the console the one chosen on a case's page, else"
        " the usual one. Without either, what is sealed stays so (`personal_missing` is `purpose-missing`). Exporting"
        " all of a customer is usually for `customer-request`. An unknown purpose is answered 422, one that is not the"
        " role's 403.",
        "",
        f"| purpose | what | {heads} |",
        "| --- | --- |" + " :-: |" * len(ROLES),
    ]
    for name, purpose in PURPOSES.items():
        marks = ["" if role not in purpose.roles else "usual" if USUAL.get(role) == name else "yes" for role in ROLES]
        lines.append(f"| `{name}` | {purpose.meaning} | {' | '.join(marks)} |")
    lines += [
        "",
        "**Each reading is recorded**, in `personal_data_readings`: one row for a request that opened anything, durable"
        " before the answer leaves; where it cannot be recorded, nothing is shown (503). It says when, who, by which"
        " grant, what for, of which case or customer, and in which kind of answer"
        f" ({', '.join(f'`{kind}`' for kind in READ_IN)}), and holds nothing of what was read. The table is"
        " append-only. `GET /v1/audit/readings`, `amends audit readings` and the console's Audit page show it to those"
        " who may `read-readings`.",
        "",
        "Not recorded, because nobody is shown anything: comparing what is to be recorded in the clear with what the"
        " case knows of the customer. Not recorded, because no service is asked: `amends export --personal`, and"
        " whatever else is done by whoever holds the key store and its master key; who that is, is the operator's to"
        " watch. `amends show`, `evidence` and `subject-access` ask the workflow service, and are recorded by it.",
        "",
    ]
    return lines


def _beside() -> list[str]:
    return [
        "## What is asked besides, and where",
        "",
        "- Whether the case's state allows it: `transitions.py`, [states.md](states.md).",
        "- Recusal, own proposals and requests, who was offered a hand-off: `decisions/`, a file a subject.",
        "- Money: the policy's `authority`; which approvals close a case unsatisfied: `authority.close_unsatisfied`;"
        " which role approves a longer term: the clock's `extend`.",
        "- What is stored where, by whom: the database's own roles and grants"
        " (`shared/amends_store/sql/schema/grants.sql`).",
        "",
    ]
