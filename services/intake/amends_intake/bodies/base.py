"""What the bodies share: how they refuse, and the kinds of values in them."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Any, ClassVar, Final
from uuid import UUID

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    WithJsonSchema,
)

from amends_domain.case import ALL_BRANCHES
from amends_domain.commands import Command

_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
# A time further off is a slip of the keyboard, and what is counted from it may leave what a datetime can hold.
_YEARS: Final = range(1900, 3000)


def _no_control(text: str) -> str:
    # What is printable has none, and is told so in a fifth of the time.
    if not text.isprintable() and _CONTROL.search(text):
        raise ValueError("must not contain control characters")
    return text


def _one_branch(text: str) -> str:
    if text == ALL_BRANCHES:
        raise ValueError("must be one branch: what is of all of them, everybody may read")
    return _no_control(text)


def _no_null(text: str) -> str:
    if "\x00" in text:
        raise ValueError("must not contain the null character")
    return text


def at_most(entries_max: int) -> tuple[Any, ...]:
    """Of a list or a mapping: no longer than that, and then each of its mistakes is told."""

    def counted(entries: Any) -> Any:
        # Before any is looked at: a hundred thousand mistakes would be kept until the last was found.
        if isinstance(entries, list | dict) and len(entries) > entries_max:
            raise ValueError(f"must have at most {entries_max} entries")
        return entries

    return Field(max_length=entries_max), BeforeValidator(counted)


def _in_reach(time: datetime) -> datetime:
    if time.year not in _YEARS:
        raise ValueError(f"must be in a year from {_YEARS[0]} to {_YEARS[-1]}")
    return time


Name = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=128), AfterValidator(_no_control)
]
Branch = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=128),
    AfterValidator(_one_branch),
    WithJsonSchema({"type": "string", "minLength": 1, "maxLength": 128, "not": {"const": ALL_BRANCHES}}),
]
Text = Annotated[str, StringConstraints(min_length=1, max_length=100_000), AfterValidator(_no_null)]
Names = Annotated[tuple[Name, ...], *at_most(50)]
Time = Annotated[AwareDatetime, AfterValidator(_in_reach)]
Position = Annotated[int, Field(ge=1, lt=2**63)]
Number = Annotated[int, Field(ge=1, lt=2**31)]


class Part(BaseModel):
    """What a body is made of."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Body(Part):
    """Base of all request bodies."""

    occurred_at: Time | None = Field(None, description="when it happened, if it is entered later")

    def command(self) -> Command:
        """The command that this body asks for."""
        raise NotImplementedError


class NumberedBody(Body):
    """A body whose path names one of several things by its number."""

    def command_of(self, number: int) -> Command:
        """The command that this body asks for, of the thing with this number."""
        raise NotImplementedError


class PairBody(Body):
    """A body that names another case, by its id or its reference."""

    NAME: ClassVar[str]

    @property
    def other(self) -> str:
        """The other case, as the caller calls it."""
        raise NotImplementedError

    def command_with(self, other: UUID) -> Command:
        """The command that this body asks for, once it is known which case is meant."""
        raise NotImplementedError
