"""From a policy's document to its playbooks: what to say and ask first, by type of complaint and language."""

from __future__ import annotations

import re

from amends_domain.documents import Node
from amends_domain.policy_rules import Playbook

_TYPE = re.compile(r"[a-z][a-z0-9_]{0,47}")
_LANGUAGE = re.compile(r"[a-z]{2}(-[A-Z][A-Za-z]{1,3})?")
_PARTS = ("first_words", "ask", "avoid", "times")


def read_playbooks(node: Node) -> dict[str, dict[str, Playbook]]:
    """Playbooks by complaint type and language, an ISO 639 code such as en, zh or zh-Hant."""
    playbooks = {}
    for name, by_language in node.entries("playbooks by complaint type").items():
        if not _TYPE.fullmatch(name):
            by_language.fail(f"expected a complaint type such as waiting_time, not {name!r}", at_key=True)
        languages = by_language.entries("a playbook by language: {en: …, zh: …}")
        for language, item in languages.items():
            if not _LANGUAGE.fullmatch(language):
                item.fail(f"expected a language such as en or zh, not {language!r}", at_key=True)
        playbooks[name] = {language: _playbook(item) for language, item in languages.items()}
    return playbooks


def _playbook(node: Node) -> Playbook:
    at = node.keys(f"a playbook: {{{', '.join(_PARTS)}}}", required=_PARTS)
    return Playbook(
        at["first_words"].text("what to say first"),
        _lines(at["ask"], "what to ask"),
        _lines(at["avoid"], "what to avoid"),
        at["times"].text("what the customer may be told about times"),
    )


def _lines(node: Node, what: str) -> tuple[str, ...]:
    items = node.items(f"a list of texts: {what}")
    if not items and isinstance(node.value, list):
        node.fail(f"expected at least one text: {what}")
    return tuple(item.text(f"a text: {what}") for item in items)
