"""What callers rely on does not break unsaid: docs/api-policy.md, docs/api-changelog.md."""

from __future__ import annotations

import re

from tests.support.contract import document
from tests.support.contract_baseline import CHANGELOG, present, released

SECTIONS = dict(re.findall(r"^## (\S+)\n(.*?)(?=^## |\Z)", CHANGELOG.read_text("utf-8"), re.MULTILINE | re.DOTALL))


def _number(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


def test_the_documents_have_the_version_that_the_changelog_ends_with() -> None:
    versions = {document("intake")["info"]["version"], document("workflow")["info"]["version"]}
    assert versions == {next(iter(SECTIONS))}, "amends_platform/contract/openapi.py: VERSION"
    assert sorted(SECTIONS, key=_number, reverse=True) == list(SECTIONS)


def test_nothing_that_callers_hold_on_to_changes_unsaid() -> None:
    version, before = released()
    said = "".join(text for each, text in SECTIONS.items() if _number(each) > _number(version))
    now = set(present())
    gone = {line for line in before - now if line.startswith("promise ")}
    come = {line for line in now - before if line.startswith("demand ") and _is_known(line, before)}
    unsaid = sorted(line for line in gone | come if not _is_said(line, said))
    assert unsaid == [], "what breaks callers is avoided, or named in docs/api-changelog.md under the present version"


def _is_known(line: str, before: set[str]) -> bool:
    """Whether what is demanded is of something that was there: what is new may ask for what it likes."""
    _, service, kind, name, *_ = line.split()
    if kind == "status":
        return True
    operation = f"promise {service} operation "
    known = {each.split()[-1] for each in before if each.startswith(operation)}
    return name in known or f"promise {service} schema {name.partition('.')[0]}" in before


def _is_said(line: str, said: str) -> bool:
    """By its own name, or by that of what it is part of."""
    names = [line.split()[-1], *line.split()[3:4]]
    return any(re.search(rf"(?<![\w-]){re.escape(part)}(?![\w-])", said) for name in names for part in _parts(name))


def _parts(name: str) -> tuple[str, ...]:
    return (name, re.split(r"[.=]", name)[0])
