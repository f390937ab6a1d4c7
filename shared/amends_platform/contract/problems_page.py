"""docs/problems.md: every kind of problem, and what to do about it."""

from __future__ import annotations

from typing import Final

from amends_platform.contract.catalog import EVERY_COMMAND, EVERY_QUESTION, ON_A_CASE, ProblemType, part_of_catalog
from amends_platform.http.details import problem_type

_SECTIONS: Final = {
    "requests": "Of any request",
    "commands": "Of commands (intake)",
    "questions": "Of questions (workflow)",
}
_EVERYWHERE: Final = {EVERY_COMMAND: "any command", EVERY_QUESTION: "any question", ON_A_CASE: "any command on a case"}
_BEGINNING: Final = """\
# Problems

Made from `shared/amends_platform/contract/problem_types/` by `make docs`; do not edit.

Every error of both services is a problem (RFC 9457), `application/problem+json`: `type`, `title`, `status`, `detail`,
`instance`, and what is said below. Programs go by `type`, which is stable; `detail` is for people, and its words may
change. A type that a client does not know is treated by its status. The OpenAPI documents name, for every operation
and status, the types that may come.

| status | means | again? |
| --- | --- | --- |
| 400, 413, 414, 415, 422, 428, 431 | the request is wrong, or can never be carried out | not as it is |
| 401, 403 | not known, or not for you; attempts of people who may not are kept for audit | by somebody else |
| 404 | there is no such thing, or it is not for you to know | no |
| 405 | this path takes other methods, which `Allow` names | by one of them |
| 409 | not as the case stands; `state` and `allowed` say how it stands and what is possible | after reading the case |
| 412 | the case has moved on since the version in If-Match | after reading the case |
| 408 | too little of the request came in time | yes, the same, with the same key |
| 429, 503 | too much, or not just now; `Retry-After` says how many seconds to wait | yes, the same, with the same key |
| 500 | a fault of ours | once, with the same key |
| 501 | this installation cannot do it | no |

More members: `errors` (of bodies with a JSON `pointer`, of parameters with their name), `state`, `version` and
`allowed` of the case where a command was refused on one, `id` and `reference` of what is recorded already, `holds` of a
customer whose cases are held.
"""
_HEAD: Final = "| type | status | where | title, and what it may say | what to do |\n| --- | --- | --- | --- | --- |"


def problems_page() -> str:
    """The whole page."""
    return _BEGINNING + "".join(_section(part, title) for part, title in _SECTIONS.items())


def _section(part: str, title: str) -> str:
    rows = "\n".join(_row(problem) for problem in part_of_catalog(part))
    return f"\n## {title}\n\n{_HEAD}\n{rows}\n"


def _row(problem: ProblemType) -> str:
    statuses = ", ".join(map(str, problem.statuses))
    where = [_EVERYWHERE[name] for name in _EVERYWHERE if name in problem.of]
    where += sorted(problem.of - _EVERYWHERE.keys())
    says = f"**{problem.title}.** {problem.says}"
    return f"| `{problem_type(problem.code)}` | {statuses} | {', '.join(where)} | {says} | {problem.do} |"
