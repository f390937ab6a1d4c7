"""The shape of a report as JSON: models for the OpenAPI document, made of the domain's own classes.

They are the same classes field by field, described by the same sentences; only a Decimal is a JSON number.
"""

from __future__ import annotations

import dataclasses
import types
import typing
from decimal import Decimal
from typing import Any

from pydantic import BaseModel, ConfigDict, create_model

from amends_domain.measures.pack import Pack

_made: dict[type, type[BaseModel]] = {}


def _model(cls: type) -> type[BaseModel]:
    """The model of a frozen class. Models may hold themselves, so each is there, empty, before its fields are."""
    if cls not in _made:
        name = f"Report{cls.__name__.removesuffix('Figures') or cls.__name__}"
        hints = typing.get_type_hints(cls)
        names = [field.name for field in dataclasses.fields(cls)]
        holds_itself = any(cls in _within(hints[each]) for each in names)
        if holds_itself:
            _made[cls] = typing.cast("type[BaseModel]", typing.ForwardRef(name))
        fields: dict[str, Any] = {each: (_annotation(hints[each]), ...) for each in names}
        model = create_model(name, __config__=ConfigDict(frozen=True), __doc__=cls.__doc__, **fields)
        if holds_itself:
            model.model_rebuild(_types_namespace={name: model})
        _made[cls] = model
    return _made[cls]


def _annotation(hint: Any) -> Any:
    """How a field's type is written in JSON."""
    if hint is Decimal:
        return float
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        return _model(hint)
    arguments = typing.get_args(hint)
    if not arguments:
        return hint
    inner = tuple(each if each is Ellipsis else _annotation(each) for each in arguments)
    origin = types.UnionType if typing.get_origin(hint) is types.UnionType else typing.get_origin(hint)
    return typing.Union[inner] if origin is types.UnionType else origin[inner]  # noqa: UP007


def _within(hint: Any) -> set[Any]:
    return {hint}.union(*(_within(each) for each in typing.get_args(hint)))


ReportAnswer: type[BaseModel] = _model(Pack)
"""What `GET /v1/reports/{month}` and `GET /v1/measures` answer."""


class ReportedMonth(BaseModel):
    """A month since the log began. Of one that is over there is a report; of the other, measures to date."""

    month: str
    is_over: bool


class MonthPage(BaseModel):
    """The months, the latest first."""

    items: list[ReportedMonth]
    next: str | None
