"""The catalog: everything that is said is in it, in Chinese, and nothing else."""

from __future__ import annotations

import ast
import re
import string
from collections.abc import Iterator
from functools import cache
from typing import Any, get_args

from jinja2 import nodes

from amends_domain.access.acting import COMMANDS
from amends_domain.access.purposes import PURPOSES, READ_IN
from amends_domain.access.roles import ROLES
from amends_domain.case import INCIDENT, KINDS, Status
from amends_domain.event_codec import EVENT_TYPES
from amends_domain.policy_rules import FACTS
from amends_domain.runs import Verdict
from amends_domain.transitions import TRANSITIONS
from amends_intake.bodies.life import ReopeningBody
from amends_intake.bodies.links import LinkBody
from amends_platform.demo.samples import sample_complaints
from amends_platform.policy.files import built_in_policies, load_policy
from amends_platform.policy.yaml_text import read_yaml
from amends_platform.words.terms import TERMS
from tests.support import word_catalog
from tests.support.word_catalog import CATALOG, ROOT

# Marks that end or part a sentence, and brackets; not those inside of a name or a number.
LATIN_MARKS = re.compile(r"[,;!?()]|[.:]( |$)")


def test_the_catalog_is_what_make_words_would_write() -> None:
    assert CATALOG.read_text("utf-8") == word_catalog.catalog(), "run `make words`"


def test_every_message_is_translated_and_none_is_stale() -> None:
    said, translations = word_catalog.messages(), word_catalog.translated()
    assert {key for key in said if not translations.get(key)} == set()
    assert set(translations) - set(said) == set()


def fields(message: str) -> set[str | None]:
    return {name for _, name, _, _ in string.Formatter().parse(message) if name is not None}


def test_a_translation_has_the_fields_of_the_english() -> None:
    assert [
        (key.message, said)
        for key, said in word_catalog.translated().items()
        if said and fields(said) != fields(key.message) | fields(word_catalog.messages()[key][0] or "")
    ] == []


def test_a_translation_is_written_as_chinese_is() -> None:
    assert [said for said in word_catalog.translated().values() if LATIN_MARKS.search(said)] == []


# every code of the domain has a word


@cache
def policies() -> tuple[Any, ...]:
    return tuple(read_yaml(load_policy(name).document).value for name in built_in_policies())


def named(value: Any, key: str) -> Iterator[str]:
    """Every text that stands under the key, wherever it is in the document."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if name == key:
                yield from (str(each) for each in (inner if isinstance(inner, list) else [inner]))
            yield from named(inner, key)
    elif isinstance(value, list):
        for inner in value:
            yield from named(inner, key)


def in_policies(key: str) -> set[str]:
    return {text for policy in policies() for text in named(policy, key)}


def in_samples(field: str) -> set[str]:
    found: set[str] = set()
    for sample in sample_complaints().values():
        value = sample.get(field)
        found |= {value} if isinstance(value, str) else set(value or ())
    return found


def refused() -> set[str]:
    """The code of every refusal: `Rejection("code", …)`, `Problem(404, "code", …)`."""
    found: set[str] = set()
    for room in ("shared/amends_domain", "shared/amends_platform", "services"):
        for file in sorted((ROOT / room).rglob("*.py")):
            source = file.read_text("utf-8")
            if not ("Rejection(" in source or "Problem(" in source):
                continue
            for node in ast.walk(ast.parse(source)):
                if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
                    continue
                place = {"Rejection": 0, "Problem": 1}.get(node.func.id)
                if place is not None and len(node.args) > place and isinstance(node.args[place], ast.Constant):
                    found.add(str(node.args[place].value))  # type: ignore[attr-defined]
    return found


def codes() -> dict[str, set[str]]:
    """Every code that people may be shown, by its kind of term."""
    stops = {text.removeprefix("action:") for key in ("from", "stop") for text in in_policies(key) if "action:" in text}
    return {
        "state": set(Status),
        "verdict": set(Verdict),
        "clock": {name for policy in policies() for name in policy["clocks"]},
        "grade": in_policies("grade") - {"ordinary"} | {"ordinary", "escalated"},
        "role": set(ROLES),
        "ladder": {text for policy in policies() for text in named(policy.get("ladder", []), "to")}
        | in_policies("notify")
        | {"head_of_unit"},
        "flag": in_policies("flag") | in_samples("flags"),
        "type": {name for policy in policies() for name in policy.get("playbooks", ())} | in_samples("type"),
        "cause": in_samples("cause") | {name for policy in policies() for name in named(policy["clocks"], "cause")},
        "channel": in_policies("channel") | in_samples("channel"),
        "kind": {*KINDS, INCIDENT},
        "a_kind": {*KINDS, INCIDENT},
        "severity": in_samples("severity"),
        "product": in_samples("product"),
        "outcome": in_samples("desired_outcomes"),
        "action": stops | in_policies("action"),
        "reopening": set(get_args(ReopeningBody.model_fields["reason"].annotation)),
        "relation": set(get_args(LinkBody.model_fields["relation"].annotation)),
        "purpose": set(PURPOSES),
        "reading": set(READ_IN),
        "fact": set(FACTS),
        "command": {row.action for rows in COMMANDS.values() for row in rows} | set(TRANSITIONS),
        "event": set(EVENT_TYPES),
        "standard": {each["kind"] for policy in policies() for each in policy.get("standards", ())},
        "refusal": refused(),
    }


def test_every_code_has_a_term_in_both_languages() -> None:
    assert {kind for kind, found in codes().items() if not found} == set(), "there are codes of every kind"
    missing = {kind: found - set(TERMS[kind]) for kind, found in codes().items()}
    assert {kind: found for kind, found in missing.items() if found} == {}


def test_templates_ask_for_kinds_that_there_are() -> None:
    asked = {
        each.args[0].value
        for file in ROOT.glob("services/*/*/**/templates/**/*.*")
        for each in word_catalog.ENVIRONMENT.parse(file.read_text("utf-8")).find_all(nodes.Filter)
        if each.name in ("term", "terms") and isinstance(each.args[0], nodes.Const)
    }
    assert asked - set(TERMS) == set()
