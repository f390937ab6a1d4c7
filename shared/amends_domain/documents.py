"""Reading a parsed document with care: every mistake is kept with its path, and reading goes on to find the
next.

A reader that failed answers a stand-in of the right type, so that the caller needs no second path; what was
read from a document with errors is therefore never used (`raise_errors`).
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from amends_domain.durations import BadDuration, Duration, Unit, parse_duration

Path = tuple[str | int, ...]


class DocumentError(NamedTuple):
    """A mistake at `path`. `at_key`: the key itself is wrong, or something is missing below it."""

    path: Path
    message: str
    at_key: bool = False


class DocumentErrors(ValueError):
    """A document that was refused whole, with every mistake that was found."""

    def __init__(self, errors: Iterable[DocumentError]) -> None:
        self.errors = tuple(errors)
        super().__init__("; ".join(f"{written(error.path)}: {error.message}" for error in self.errors))


def written(path: Path) -> str:
    """`clocks.apology.warn[0]`"""
    parts = (f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return "".join(parts).removeprefix(".") or "the document"


def kind_of(value: Any) -> str:
    """What a value is, in the words of someone who writes the file."""
    if value is None:
        return "nothing"
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, date):
        return f"the date {value.isoformat()}"
    return repr(value) if isinstance(value, str) else f"the number {value}"


def closest(word: str, known: Collection[str]) -> str:
    """`: did you mean 'x'?`, or nothing when no known word is near."""
    near = difflib.get_close_matches(word, sorted(known), n=1, cutoff=0.6)
    return f": did you mean {near[0]!r}?" if near else ""


@dataclass(frozen=True)
class Node:
    """A value of a document (mapping, list, str, int, Decimal, bool, date or None), its path, and the errors
    so far.
    """

    value: Any
    path: Path = ()
    errors: list[DocumentError] = field(default_factory=list)

    def raise_errors(self) -> None:
        if self.errors:
            raise DocumentErrors(self.errors)

    def fail(self, message: str, *, at_key: bool = False) -> None:
        """Keeps a mistake. Of one value only the first is told: the others would follow from it."""
        if at_key or not any(error.path == self.path and not error.at_key for error in self.errors):
            self.errors.append(DocumentError(self.path, message, at_key))

    def expected(self, what: str) -> None:
        self.fail(f"expected {what}, not {kind_of(self.value)}")

    def child(self, part: str | int, value: Any) -> Node:
        return Node(value, (*self.path, part), self.errors)

    def entries(self, what: str) -> dict[str, Node]:
        """A mapping whose keys are free."""
        if not isinstance(self.value, Mapping):
            self.expected(what)
            return {}
        return {key: self.child(key, value) for key, value in self.value.items()}

    def keys(self, what: str, *, required: Collection[str], optional: Collection[str] = ()) -> dict[str, Node]:
        """A mapping with known keys. A key without a value counts as left out.

        A required key that is missing is in the answer all the same, as a node whose errors nobody sees: that
        it is missing has been said.
        """
        known = {*required, *optional}
        given = self.entries(what)
        for key, node in given.items():
            if key not in known:
                hint = closest(key, known) or f": expected {', '.join(sorted(known))}"
                node.fail(f"unknown key {key!r}{hint}", at_key=True)
        present = {key: node for key, node in given.items() if key in known and node.value is not None}
        for key in required:
            if key not in present:
                if isinstance(self.value, Mapping):
                    self.fail(f"{key!r} is missing", at_key=True)
                present[key] = Node(None)
        return present

    def items(self, what: str) -> list[Node]:
        if not isinstance(self.value, list):
            self.expected(what)
            return []
        return [self.child(index, value) for index, value in enumerate(self.value)]

    def text(self, what: str) -> str:
        if isinstance(self.value, str) and self.value.strip():
            return self.value
        self.expected(what)
        return "-"

    def texts(self, what: str, known: Collection[str] | None = None) -> list[str]:
        """One text, or a list of them: `known` ones, where given. `what` names one, with its article."""
        nodes = [self] if isinstance(self.value, str) else self.items(f"{what}, or a list of them")
        if not nodes and isinstance(self.value, list):
            self.fail(f"expected {what}, or a list of them, not an empty list")
        return [node.text(what) if known is None else node.one_of(known, what) for node in nodes]

    def name(self, what: str, shape: str) -> str:
        """A text that `shape`, a regular expression, matches whole."""
        text = self.text(what)
        if isinstance(self.value, str) and not re.fullmatch(shape, self.value):
            self.expected(what)
        return text

    def one_of(self, known: Collection[str], what: str) -> str:
        text = self.text(what)
        if isinstance(self.value, str) and text not in known:
            hint = closest(text, known) or f": expected one of {', '.join(sorted(known))}"
            self.fail(f"unknown {what.removeprefix('a ').removeprefix('an ')} {text!r}{hint}")
        return text

    def whole(self, what: str, *, least: int) -> int:
        if isinstance(self.value, int) and not isinstance(self.value, bool) and self.value >= least:
            return self.value
        self.expected(what)
        return least

    def number(self, what: str) -> Decimal:
        """A number, 0 or more."""
        if isinstance(self.value, int | Decimal) and not isinstance(self.value, bool) and self.value >= 0:
            return Decimal(self.value)
        self.expected(what)
        return Decimal(0)

    def day(self, what: str) -> date:
        if isinstance(self.value, date) and not isinstance(self.value, datetime):
            return self.value
        try:
            return date.fromisoformat(self.value)
        except (TypeError, ValueError):
            self.expected(what)
            return date(2000, 1, 1)

    def duration(self, *, zero: bool = False) -> Duration:
        """A duration, more than nothing unless `zero`."""
        try:
            duration = parse_duration(self.text("a duration such as 30s, 15m, 24h, 7d, 5bd or same_day"))
        except BadDuration as error:
            if isinstance(self.value, str):
                self.fail(str(error))
            return Duration(1, Unit.SECONDS)
        if duration.is_zero and not zero:
            self.fail(f"expected a duration longer than nothing, not {self.value!r}")
        return duration
