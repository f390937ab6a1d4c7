"""docs/rules.md is true: what its table names exists, and nothing of the desk is missing from it."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from amends_domain.commands import Command
from amends_domain.event_codec import EVENT_TYPES
from amends_domain.policy_measures import SECTIONS
from amends_platform.policy.files import DEFAULT_POLICY, built_in_policies, load_policy
from amends_platform.policy.yaml_text import read_yaml

ROOT = Path(__file__).parents[2]
_CODE = re.compile(r"`([^`]+)`")
# What a policy is called, and what only reports read.
NOT_RULES = {"policy", "version", "effective_from", *SECTIONS}


class Rule(NamedTuple):
    """A row: what must hold, and what is named in each of its columns."""

    says: str
    policy: tuple[str, ...]
    commands: tuple[str, ...]
    events: tuple[str, ...]
    tests: tuple[str, ...]


def _rules() -> list[Rule]:
    rows = []
    for line in (ROOT / "docs" / "rules.md").read_text("utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("|") and len(cells) == 5 and not set(line) <= set("|- ") and cells[0] != "rule":
            rows.append(Rule(cells[0], *(tuple(_CODE.findall(cell)) for cell in cells[1:])))
    return rows


RULES = _rules()


@cache
def _documents() -> tuple[Any, ...]:
    """The built-in policies as written, the default one first."""
    names = (DEFAULT_POLICY, *(name for name in built_in_policies() if name != DEFAULT_POLICY))
    return tuple(read_yaml(load_policy(name).document).value for name in names)


def _has(value: Any, path: list[str]) -> bool:
    """Whether a document has the path; `*` is any key, and every item of a list is looked into."""
    if isinstance(value, list):
        return any(_has(item, path) for item in value)
    if not path:
        return True
    if not isinstance(value, dict):
        return False
    keys = value if path[0] == "*" else [path[0]] if path[0] in value else []
    return any(_has(value[key], path[1:]) for key in keys)


@cache
def _tests_in(file: str) -> frozenset[str]:
    tree = ast.parse((ROOT / file).read_text("utf-8"))
    return frozenset(
        node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
    )


def _commands() -> frozenset[str]:
    return frozenset(command.NAME for command in Command.__subclasses__())


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.says[:60])
def test_what_a_rule_names_exists(rule: Rule) -> None:
    assert rule.tests, "every rule has a test whose name says it"
    for key in rule.policy:
        assert any(_has(document, key.split(".")) for document in _documents()), f"no built-in policy has {key}"
    assert set(rule.commands) <= _commands()
    assert set(rule.events) <= EVENT_TYPES
    for test in rule.tests:
        file, _, name = test.partition("::")
        assert name in _tests_in(file), f"there is no {test}"


def test_every_command_has_a_rule() -> None:
    assert _commands() - {command for rule in RULES for command in rule.commands} == set()


def test_every_event_has_a_rule() -> None:
    assert EVENT_TYPES - {event for rule in RULES for event in rule.events} == set()


def test_every_section_and_clock_of_the_default_policy_has_a_rule() -> None:
    named = {key for rule in RULES for key in rule.policy}
    document = _documents()[0]
    assert {f"clocks.{name}" for name in document["clocks"]} - {".".join(key.split(".")[:2]) for key in named} == set()
    assert set(document) - {key.split(".")[0] for key in named} <= NOT_RULES


def test_no_rule_stands_in_the_table_twice() -> None:
    says = [rule.says for rule in RULES]
    assert sorted(set(says)) == sorted(says)
