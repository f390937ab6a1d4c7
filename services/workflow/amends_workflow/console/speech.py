"""The words of pages: the one place through which they get them."""

from __future__ import annotations

from functools import cache

from jinja2 import Environment


def message(text: str) -> str:
    """The text itself: marks a message that stands in a table, and is said later by `Words.text`."""
    return text


class Words:
    """What is said in one language."""

    def __init__(self, language: str) -> None:
        self.language = language

    def text(self, message: str, /, **values: object) -> str:
        """The message, with its values."""
        return message.format_map(values) if values else message

    def term(self, _kind: str, code: object) -> str:
        """What people call a code."""
        return "" if code is None else str(code).replace("_", " ").replace("-", " ")


@cache
def words(language: str) -> Words:
    """The words of a language."""
    return Words(language)


def install(environment: Environment, said: Words) -> None:
    """Let the environment's templates speak: `_(message, **values)`, `words`, `language`, and the filter `term`."""
    environment.globals.update(_=said.text, words=said, language=said.language)
    environment.filters.update(term=lambda code, kind: said.term(kind, code))
