"""What a form asks: its fields, of which kind each is, and where in intake's body it goes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from amends_platform.words import message

Kind = Literal[
    "line", "text", "time", "amount", "number", "code", "codes", "yes_no", "tick", "pick", "names", "answers"
]
"""line, text: one line, or several. code, codes: one or several of a kind of term. yes_no: to be answered. tick: a box.
pick: one of the case's own things. names: several, with commas. answers: a number for each indicator of the policy."""

LINE_CHARACTERS_MAX: Final = 128
TEXT_CHARACTERS_MAX: Final = 100_000


@dataclass(frozen=True, slots=True)
class Field:
    """One question. `paths` are where the answer goes in the body, with dots; a number is a place in a list.

    `of`: the kind of term to choose from, or what of the case to pick. `more`: shown when one asks for more.
    `initial`: what stands in it at first. `in_path`: it is the number in the path, and not in the body.
    """

    name: str
    label: str
    kind: Kind
    paths: tuple[str, ...]
    required: bool = False
    of: str = ""
    hint: str = ""
    more: bool = False
    initial: str = ""
    in_path: bool = False


def field(
    name: str,
    label: str,
    kind: Kind,
    *paths: str,
    required: bool = False,
    of: str = "",
    hint: str = "",
    more: bool = False,
    initial: str = "",
    in_path: bool = False,
) -> Field:
    """A field; it goes where it is called, unless `paths` say where."""
    return Field(name, label, kind, paths or (name,), required, of, hint, more, initial, in_path)


def channel(*paths: str) -> Field:
    """Over which channel one spoke."""
    return Field("channel", message("By"), "code", paths, required=True, of="channel", initial="phone")


def said(name: str, label: str, *paths: str, required: bool = True, hint: str = "", more: bool = False) -> Field:
    """What somebody said or wrote."""
    return Field(name, label, "text", paths or (name,), required, hint=hint, more=more)


def reason(*, required: bool = True) -> Field:
    return said("reason", message("Why"), required=required)


OCCURRED_AT: Final = Field(
    "occurred_at",
    message("When it happened"),
    "time",
    ("occurred_at",),
    hint=message("Only if it was earlier. What is entered late is told so."),
    more=True,
)
