"""The catalog of messages: `make words` finds every message in the code and writes what is to be translated.

Translations are kept; a message that nobody says any more is dropped; a new one is there with nothing said. A test
fails where the catalog is not what this would write, or where anything in it is not translated.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

from babel.messages.pofile import normalize, read_po
from jinja2 import Environment, nodes

from amends_platform.policy.files import built_in_policies, load_policy
from amends_platform.policy.yaml_text import read_yaml
from amends_platform.words.terms import TERMS

ROOT = Path(__file__).resolve().parents[2]
CATALOG = ROOT / "shared/amends_platform/words/zh.po"
LANGUAGE = "zh"
_CODE = ("shared/amends_platform", "services")

_HEADER = """\
# Amends in Simplified Chinese. Made by `make words`: translate what is empty; order and comments are not yours to keep.
msgid ""
msgstr ""
"Language: zh\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"Plural-Forms: nplurals=1; plural=0;\\n"
"""


class Key(NamedTuple):
    """What tells messages apart. `context` is the kind of a term, "" for any other message."""

    context: str
    message: str


class Found(NamedTuple):
    """A message as it is said somewhere: `many` is the English for more than one."""

    message: str
    many: str | None


class NotALiteral(ValueError):
    """A message is made at run time, so that nobody can translate it."""


# The names under which messages are said: of a text, and of one or many.
_SPEAKING = ("amends_platform.words", "words.text", "words.plural")
_TEXTS, _PLURALS = frozenset({"text", "_", "message"}), frozenset({"plural"})


@cache
def messages() -> dict[Key, tuple[str | None, list[str]]]:
    """Every message: (English for many, the files that say it), terms first, each file's in the order of the file."""
    found: dict[Key, tuple[str | None, list[str]]] = {}
    for kind, terms in TERMS.items():
        for english in terms.values():
            found[Key(kind, english)] = None, []
    for source in _sources():
        found[Key("", source)] = None, ["shared/amends_platform/policy/packs"]
    for file in _files():
        place = file.relative_to(ROOT).as_posix()
        for message, many in _in_python(file) if file.suffix == ".py" else _in_template(file):
            known_many, places = found.setdefault(Key("", message), (many, []))
            if many is not None and known_many is None:
                found[Key("", message)] = many, places
            if place not in places:
                places.append(place)
    return found


def translated() -> dict[Key, str]:
    """What the catalog says."""
    with CATALOG.open("rb") as file:
        return {
            Key(entry.context or "", _first(entry.id)): _first(entry.string)
            for entry in read_po(file, locale=LANGUAGE)
            if entry.id
        }


def catalog() -> str:
    """The catalog as it should be written, with the translations that it has."""
    known = translated()
    parts = [_HEADER]
    for key, (many, places) in messages().items():
        lines = [f"#: {' '.join(places)}"] if places else []
        if key.context:
            lines.append(f"msgctxt {_quoted(key.context)}")
        lines.append(f"msgid {_quoted(key.message)}")
        if many is not None:
            lines.append(f"msgid_plural {_quoted(many)}")
        lines.append(f"msgstr{'' if many is None else '[0]'} {_quoted(known.get(key, ''))}")
        parts.append("\n".join(lines) + "\n")
    return "\n".join(parts)


def _files() -> Iterator[Path]:
    """Code and templates, by name: what is said in an order that no machine changes."""
    for room in _CODE:
        for file in sorted((ROOT / room).rglob("*")):
            if file.suffix == ".py" or ("templates" in file.parts and file.is_file() and file.suffix != ".pyc"):
                yield file


def _sources() -> Iterator[str]:
    """Where the clocks of the built-in policies come from, which explanations cite."""
    for name in built_in_policies():
        for clock in read_yaml(load_policy(name).document).value["clocks"].values():
            if "source" in clock:
                yield clock["source"]


def _in_python(file: Path) -> Iterator[Found]:
    source = file.read_text("utf-8")
    # Whoever speaks names the words; other code calls other things `text` and `_`.
    if not any(name in source for name in _SPEAKING):
        return
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    for node in sorted(calls, key=lambda node: (node.lineno, node.col_offset)):
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if name in _TEXTS | _PLURALS and any(isinstance(argument, ast.JoinedStr) for argument in node.args):
            raise NotALiteral(f"{file}:{node.lineno}")
        yield from _said(name, [each.value if isinstance(each, ast.Constant) else None for each in node.args])


def _in_template(file: Path) -> Iterator[Found]:
    calls = ENVIRONMENT.parse(file.read_text("utf-8")).find_all(nodes.Call)
    for node in sorted(calls, key=lambda node: node.lineno):
        callee = node.node
        name = callee.name if isinstance(callee, nodes.Name) else getattr(callee, "attr", "")
        if name == "_" and not isinstance(node.args[0], nodes.Const | nodes.Name | nodes.Getattr | nodes.Getitem):
            raise NotALiteral(f"{file}:{node.lineno}")
        yield from _said(name, [each.value if isinstance(each, nodes.Const) else None for each in node.args])


ENVIRONMENT = Environment(autoescape=True, extensions=["jinja2.ext.do", "jinja2.ext.loopcontrols"])


def _said(name: str, arguments: list[object]) -> Iterator[Found]:
    match arguments:
        case [str(message), *_] if name in _TEXTS:
            yield Found(message, None)
        case [str(one), str(many), *_] if name in _PLURALS:
            yield Found(one, many)


def _quoted(text: str) -> str:
    return normalize(text, width=0)


def _first(text: object) -> str:
    return text if isinstance(text, str) else text[0]  # type: ignore[index]


def main() -> None:
    """Write the catalog, and say what is left to translate."""
    CATALOG.write_text(catalog(), encoding="utf-8")
    missing = [key for key, said in translated().items() if not said]
    print(f"{CATALOG.relative_to(ROOT)}: {len(missing)} to translate")
    for key in missing:
        print(f"  {key.context + ': ' if key.context else ''}{key.message}")


if __name__ == "__main__":
    main()
