"""docs/words.md: what the desk's words are in both languages, made of the terms and their translations."""

from __future__ import annotations

from typing import Final

from amends_platform.words import words
from amends_platform.words.terms import TERMS

# Kinds whose words people must agree on; what events, refusals and products are called needs no page.
_KINDS: Final = {
    "state": "Where a case stands: the rail, lists, reports",
    "command": "What is allowed now: buttons, forms, `allowed`",
    "clock": "Clocks of the built-in policies: deadlines, reminders, breaches",
    "verdict": "How a run of a clock stands or ended",
    "kind": "What a record is",
    "grade": "How grave it is",
    "role": "Who may do what",
    "ladder": "Who is told when a clock is not met",
    "flag": "What a case is marked with",
    "type": "What is complained of",
    "cause": "Why it happened",
    "channel": "How it came, or how one spoke",
    "outcome": "What the customer wants",
    "proposal": "What is offered",
    "reopening": "Why it is opened again",
}


def glossary() -> str:
    """The page."""
    english, chinese = words("en"), words("zh")
    lines = [
        "# Words",
        "",
        "What the desk calls things, in English and in Chinese. Made of `amends_platform.words` by `make docs`; do not"
        " edit: an English word is mended in `terms.py`, a Chinese one in `zh.po`. A policy of your own may name what"
        " it likes; a name that is not here is shown as it is written.",
    ]
    for kind, where in _KINDS.items():
        lines += ["", f"## {where}", "", f"| {kind} | English | 中文 |", "| --- | --- | --- |"]
        lines += [f"| `{code}` | {english.term(kind, code)} | {chinese.term(kind, code)} |" for code in TERMS[kind]]
    return "\n".join(lines) + "\n"
