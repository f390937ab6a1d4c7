"""Policies from files: the built-in ones by name, others by path; and back from what the database keeps of them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache, cached_property, lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple

from amends_domain.documents import DocumentError, DocumentErrors, written
from amends_domain.policy import Policy, Snapshot, content_of
from amends_domain.policy_document import PolicyDocument, read_policy
from amends_platform.policy.holiday_snapshot import countries, holiday_snapshot, subdivisions
from amends_platform.policy.yaml_text import LENGTH_MAX, PlacedError, YamlDocument, read_yaml

DEFAULT_POLICY = "bank-cn"

_PACKS = files("amends_platform.policy") / "packs"
_PACK_NAME = re.compile(r"[a-z0-9][a-z0-9-]*")


@dataclass(frozen=True)
class LoadedPolicy:
    """A policy, and the two things from which `restore_policy` makes it again: its text and its calendar's days.

    Both are made when they are asked for, for the data of all countries' holidays take longer to import than most
    else that a service does when it starts, and it starts mostly under a policy that is registered, days and all.
    """

    source: str
    document: str
    read: PolicyDocument
    value: Any = field(repr=False)

    @cached_property
    def policy(self) -> Policy:
        return Policy.build(self.value, _with_parsed_packs(self.source, self.calendar))

    @cached_property
    def calendar(self) -> dict[str, Any]:
        """By today's data. Where the policy includes others, `packs` are {name: {"document": the pack's text,
        "calendar": its days}}."""
        effective_from = self.read.effective_from
        calendar = _days(self.read, effective_from)
        if self.read.include:
            calendar["packs"] = {
                name: {"document": pack_text(name), "calendar": _days(_PACKS_BY_NAME[name], effective_from)}
                for name in self.read.include
            }
        return calendar


class PolicyMistake(NamedTuple):
    """`path` is how the policy's reader would write it, `clocks.apology.due`. Line 0 is the file as a whole."""

    line: int
    column: int
    path: str
    message: str


class PolicyFileError(Exception):
    """The policy file was refused. `mistakes` in the order of the file; the message lists them, one a line."""

    def __init__(self, source: str, mistakes: tuple[PolicyMistake, ...]) -> None:
        self.source = source
        self.mistakes = mistakes
        super().__init__("\n".join(f"{source}:{_told(mistake)}" for mistake in mistakes))


def _told(mistake: PolicyMistake) -> str:
    if mistake.line == 0:
        return f" {mistake.message}"
    return f"{mistake.line}:{mistake.column}: {mistake.path}: {mistake.message}"


def built_in_policies() -> tuple[str, ...]:
    """The names that `load_policy` knows without a file."""
    return tuple(sorted(p.name.removesuffix(".yaml") for p in _PACKS.iterdir() if p.name.endswith(".yaml")))


def load_policy(name_or_path: str | Path) -> LoadedPolicy:
    """A built-in policy by name, or a file. Raises PolicyFileError."""
    source = str(name_or_path)
    text = _text(source)
    document = _parsed(source, text)
    mistakes: list[DocumentError] = []
    try:
        read = read_policy(document.value, _PACKS_BY_NAME)
    except DocumentErrors as errors:
        mistakes.extend(errors.errors)
    # Asked here and not in the domain, which knows no country; and asked of every document, so that a wrong
    # country is told together with the other mistakes.
    mistakes.extend(_unknown_place(document.value))
    if mistakes:
        raise _refused(source, [document.place(mistake) for mistake in mistakes])
    return LoadedPolicy(source, text, read, document.value)


def restore_policy(document: str, calendar: Snapshot) -> Policy:
    """The policy that `load_policy` gave with this document and calendar. Raises PolicyFileError.

    What this release ships plays no part in it: the packs that the policy includes are those of the day it was
    loaded, texts and days.
    """
    source = "stored policy"
    parsed = _parsed(source, document)
    try:
        return Policy.build(parsed.value, _with_parsed_packs(source, calendar))
    except DocumentErrors as errors:
        raise _refused(source, [parsed.place(error) for error in errors.errors]) from None


def hashed_content(document: str, calendar: Snapshot) -> str:
    """The very text that the hash of `restore_policy(document, calendar)` is of. Raises PolicyFileError."""
    source = "stored policy"
    return content_of(_parsed(source, document).value, _with_parsed_packs(source, calendar))


class _BuiltIn(Mapping[str, PolicyDocument]):
    """The built-in policies, each read when it is asked for."""

    def __getitem__(self, name: str) -> PolicyDocument:
        if name not in self:
            raise KeyError(name)
        return _pack(name)

    def __contains__(self, name: object) -> bool:
        return name in built_in_policies()

    def __iter__(self) -> Iterator[str]:
        return iter(built_in_policies())

    def __len__(self) -> int:
        return len(built_in_policies())


_PACKS_BY_NAME = _BuiltIn()


@cache
def _pack(name: str) -> PolicyDocument:
    return read_policy(_parsed(name, pack_text(name)).value)


def pack_text(name: str) -> str:
    """A built-in policy as it is written."""
    return (_PACKS / f"{name}.yaml").read_text(encoding="utf-8")


def _days(read: PolicyDocument, effective_from: date) -> dict[str, Any]:
    return holiday_snapshot(read.calendar.country, effective_from, read.calendar.subdivision)


def _with_parsed_packs(source: str, calendar: Snapshot) -> Snapshot:
    packs = calendar.get("packs")
    if not packs:
        return calendar
    parsed = {name: {**pack, "document": _parsed(source, pack["document"]).value} for name, pack in packs.items()}
    return {**calendar, "packs": parsed}


# A service reads its policy, finds it registered, and reads it again from there; a mass of them is never in use.
_read = lru_cache(maxsize=32)(read_yaml)


def _parsed(source: str, text: str) -> YamlDocument:
    document = _read(text)
    if document.errors:
        raise _refused(source, document.errors)
    return document


def _refused(source: str, errors: Iterable[PlacedError]) -> PolicyFileError:
    return PolicyFileError(
        source,
        tuple(
            PolicyMistake(mark.line, mark.column, written(error.path), error.message)
            for mark, error in sorted(errors, key=lambda placed: placed.mark)
        ),
    )


def _unknown_place(document: Any) -> Iterator[DocumentError]:
    section = document.get("calendar") if isinstance(document, dict) else None
    if not isinstance(section, dict) or not isinstance(section.get("country"), str):
        return
    country = section["country"]
    if country not in countries():
        upper = country.upper()
        hint = f"did you mean {upper!r}?" if upper in countries() else "expected a two-letter code such as CN"
        yield DocumentError(("calendar", "country"), f"unknown country {country!r}: {hint}")
        return
    part = section.get("subdivision")
    known = subdivisions(country) if isinstance(part, str) else ()
    if isinstance(part, str) and part not in known:
        hint = f"expected one of {', '.join(sorted(known))}" if known else "none of its parts has its own holidays"
        yield DocumentError(("calendar", "subdivision"), f"{country} has no subdivision {part!r}: {hint}")


def _text(source: str) -> str:
    if _PACK_NAME.fullmatch(source) and source in built_in_policies():
        return pack_text(source)
    try:
        with Path(source).open("rb") as file:
            # A character takes up to four bytes; what is longer is refused by its length, not read to its end.
            raw = file.read(4 * LENGTH_MAX + 1)
    except OSError as error:
        names = ", ".join(built_in_policies())
        message = f"{error.strerror}: expected a policy file, or the name of a built-in policy ({names})"
        raise PolicyFileError(source, (PolicyMistake(0, 0, written(()), message),)) from None
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        start = raw.rfind(b"\n", 0, error.start) + 1
        place = (raw.count(b"\n", 0, error.start) + 1, error.start - start + 1)
        message = f"expected UTF-8, not the byte 0x{raw[error.start]:02x}"
        raise PolicyFileError(source, (PolicyMistake(*place, written(()), message),)) from None
