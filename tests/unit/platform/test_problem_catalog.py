"""Every code that a service may answer with is in the catalog, with its status, its place, and what to do about it."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from functools import cache
from http import HTTPStatus

import pytest

from amends_intake.refusals import STATUSES
from amends_platform.contract.catalog import catalog, codes_of, part_of_catalog
from tests.support.refusal_codes import ROOT, refusal_codes

WHERE = "shared/amends_platform/contract/problem_types/"
# Pages are no interface: what is wrong is said there to a person.
_PAGES = ROOT / "services" / "workflow" / "amends_workflow" / "console"
# Which of an app's errors are the framework's is not written in our code.
_FRAMEWORK = {"not-found", "method-not-allowed"}
_ANY_COMMAND = {"case", "every-command"}


@cache
def raised() -> Sequence[tuple[str, str, int | None]]:
    """Where, which code, and with which status, where that is written beside it."""
    return sorted(_raised())


def _raised() -> Iterator[tuple[str, str, int | None]]:
    for top in ("services", "shared"):
        for file in (ROOT / top).rglob("*.py"):
            if _PAGES in file.parents:
                continue
            for node in ast.walk(ast.parse(file.read_text("utf-8"))):
                if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
                    continue
                where = f"{file.relative_to(ROOT)}:{node.lineno}"
                values = [each.value if isinstance(each, ast.Constant) else None for each in node.args[:2]]
                if node.func.id == "Problem" and len(values) == 2 and isinstance(values[1], str):
                    yield where, values[1], values[0] if isinstance(values[0], int) else None
                elif node.func.id == "Rejection" and values and isinstance(values[0], str):
                    yield where, values[0], STATUSES.get(values[0], 409)


def test_every_code_that_is_raised_is_in_the_catalog() -> None:
    missing = {code: where for where, code, _ in raised() if code not in catalog()}
    assert missing == {}, f"add a table [code] with status, says and do to a file in {WHERE}, then `make docs`"


def test_every_status_that_a_code_is_raised_with_is_in_the_catalog() -> None:
    wrong = {
        f"{where}: {code} is raised with {status}"
        for where, code, status in raised()
        if status is not None and code in catalog() and status not in catalog()[code].statuses
    }
    assert wrong == set(), f"say the status in {WHERE}"


def test_no_code_is_in_the_catalog_that_nobody_raises() -> None:
    assert catalog().keys() - {code for _, code, _ in raised()} == _FRAMEWORK, f"take it out of {WHERE}"


@pytest.mark.parametrize("command", refusal_codes())
def test_a_command_is_documented_with_the_codes_that_the_domain_refuses_it_with(command: str) -> None:
    """What every command may be refused with need not be said of each."""
    needed = refusal_codes()[command]
    said = set(codes_of(command, *_ANY_COMMAND))
    assert needed - said == set(), f'add "{command}" to `of` of these codes in {WHERE}commands.toml'


def test_no_command_is_documented_with_a_code_that_the_domain_never_refuses_it_with() -> None:
    reached = refusal_codes()
    for problem in part_of_catalog("commands"):
        for name in problem.of - {"case"}:
            # Whether clear text gives somebody away, intake asks.
            asked_by_intake = STATUSES.keys() <= {problem.code} or problem.code not in STATUSES
            assert asked_by_intake or problem.code in reached[name], f"{name}: take it out of `of` of {problem.code}"


def test_whatever_the_domain_refuses_has_a_status() -> None:
    assert set().union(*refusal_codes().values()) - STATUSES.keys() == set(), "amends_intake/refusals.py: STATUSES"


@pytest.mark.parametrize("problem", catalog().values(), ids=lambda problem: problem.code)
def test_a_code_says_what_it_is_and_what_to_do_in_whole_sentences(problem: object) -> None:
    kind = catalog()[problem.code]  # type: ignore[attr-defined]
    assert all(HTTPStatus(status).value >= 400 for status in kind.statuses)
    assert kind.says
    assert kind.do.endswith((".", "!"))
    assert "|" not in kind.says + kind.do, "it stands in a table"
