"""Every kind of problem that the services answer with: its status, where it comes up, and what to do about it.

The words are in `problem_types/*.toml`, a table for each code. `status`: one, or several. `says`: a detail as it might
be. `do`: what a caller does. `of`, where it comes up by itself: "every-command" and "every-question" (any request to
intake, to the workflow service), "case" (any command on a case), "erasure" (any about a customer), or the names of
commands. Without `of`, the routes that answer so name the code. Of several statuses all are of the commands that `of`
names, and only the first is of others.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple

from amends_platform.http.details import problem_type, title_of

EVERY_COMMAND: Final = "every-command"
EVERY_QUESTION: Final = "every-question"
ON_A_CASE: Final = "case"
ERASURE: Final = "erasure"

_WORDS: Final = Path(__file__).parent / "problem_types"
# In the order in which they are of use to a reader: the request, commands, questions.
_PARTS: Final = ("requests", "commands", "questions")


class ProblemType(NamedTuple):
    """One kind of problem. `says` is an example of its detail."""

    code: str
    statuses: tuple[int, ...]
    of: frozenset[str]
    says: str
    do: str

    @property
    def title(self) -> str:
        return title_of(self.code)

    def example(self, status: int, instance: str) -> dict[str, Any]:
        """A problem of this kind, as it is answered."""
        return {
            "type": problem_type(self.code),
            "title": self.title,
            "status": status,
            "detail": self.says,
            "instance": instance,
        }


@cache
def catalog() -> Mapping[str, ProblemType]:
    """All of them by code."""
    return {problem.code: problem for part in _PARTS for problem in part_of_catalog(part)}


def part_of_catalog(part: str) -> list[ProblemType]:
    """Those of one file."""
    tables = tomllib.loads((_WORDS / f"{part}.toml").read_text(encoding="utf-8"))
    return [_problem(code, table) for code, table in tables.items()]


def codes_of(*names: str) -> list[str]:
    """The codes that come up of any of these by themselves."""
    return [problem.code for problem in catalog().values() if not problem.of.isdisjoint(names)]


def _problem(code: str, table: Mapping[str, Any]) -> ProblemType:
    status = table["status"]
    statuses = tuple(status) if isinstance(status, list) else (status,)
    return ProblemType(code, statuses, frozenset(table.get("of", ())), table["says"], table["do"])
