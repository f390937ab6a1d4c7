"""From what was typed to the body that intake takes; and what is missing or cannot be, by field, in words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, tzinfo
from decimal import Decimal
from typing import Any, Final, NamedTuple

from amends_platform.words import Words
from amends_workflow.console.acting.action import Action
from amends_workflow.console.acting.fields import LINE_CHARACTERS_MAX, TEXT_CHARACTERS_MAX, Field
from amends_workflow.console.forms import Form

_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_AMOUNT: Final = re.compile(r"(\d+|\d{1,3}([,，]\d{3})+)(\.\d+)?")
_LINE_KINDS: Final = ("line", "names", "code", "pick")


class _Wrong(ValueError):
    """The message says what is wrong, in the reader's language."""


class Filled(NamedTuple):
    """`path` and `body` are for intake; `errors` say by field what keeps them from being sent."""

    path: str
    body: dict[str, Any]
    errors: dict[str, str]


def fill(action: Action, form: Form, zone: tzinfo, words: Words) -> Filled:
    """What the form means. Nothing is guessed: what was left empty is left out."""
    body: dict[str, Any] = {}
    errors: dict[str, str] = {}
    path = action.path
    for field in action.all_fields:
        try:
            value = _value(field, form, zone, words)
            if value is None:
                if field.required:
                    raise _Wrong(words.text("Fill this in."))
            elif field.in_path:
                # A path made of anything else would be another's.
                if not isinstance(value, int):
                    raise _Wrong(words.text("Write a number."))
                path = path.replace("{number}", str(value))
            else:
                for target in field.paths:
                    _put(body, target.split("."), value)
        except _Wrong as wrong:
            errors[field.name] = str(wrong)
    if not form.get("amount").strip():
        # A currency stands there at first: without an amount nobody meant it.
        _remove(body, "currency")
    return Filled(path, _compact(body), errors)


def field_at(action: Action, pointer: str) -> str | None:
    """The field behind a JSON pointer of intake's into the body, such as /customer/ref."""
    path = pointer.strip("/").replace("/", ".")
    return next((each.name for each in action.all_fields if path in each.paths), None)


def _value(field: Field, form: Form, zone: tzinfo, words: Words) -> Any:
    if field.kind == "codes":
        return form.all(field.name) or None
    if field.kind == "answers":
        given = form.under(field.name)
        return {name: _number(text, zone, words) for name, text in given.items() if text.strip()} or None
    text = form.get(field.name)
    if "\x00" in text or (field.kind in _LINE_KINDS and _CONTROL.search(text)):
        raise _Wrong(words.text("There are characters in it that nobody can see. Type it anew."))
    if not text.strip():
        return None
    return _READ[field.kind](text, zone, words)


def _line(text: str, _zone: tzinfo, words: Words) -> str:
    return _short(text.strip(), LINE_CHARACTERS_MAX, words)


def _text(text: str, _zone: tzinfo, words: Words) -> str:
    return _short(text, TEXT_CHARACTERS_MAX, words)


def _short(text: str, characters_max: int, words: Words) -> str:
    if len(text) > characters_max:
        raise _Wrong(words.text("It may have {count} characters at most.", count=words.number(characters_max)))
    return text


def _names(text: str, _zone: tzinfo, _words: Words) -> list[str] | None:
    return [name.strip() for name in re.split(r"[,，、;；]", text) if name.strip()] or None


def _time(text: str, zone: tzinfo, words: Words) -> str:
    try:
        at = datetime.fromisoformat(text.strip())
    except ValueError:
        raise _Wrong(words.text("Write a day and a time, such as 2026-11-27 17:30.")) from None
    return (at.replace(tzinfo=zone) if at.tzinfo is None else at).isoformat()


def _amount(text: str, _zone: tzinfo, words: Words) -> str:
    # A comma is between thousands and nowhere else: in 12,00 somebody may have meant twelve.
    if not _AMOUNT.fullmatch(text.strip()):
        raise _Wrong(words.text("Write an amount, such as 200 or 19.90."))
    return format(Decimal(text.strip().replace(",", "").replace("，", "")), "f")


def _number(text: str, _zone: tzinfo, words: Words) -> int:
    if not re.fullmatch(r"[0-9]{1,18}", text.strip()):
        raise _Wrong(words.text("Write a number."))
    return int(text.strip())


def _pick(text: str, _zone: tzinfo, _words: Words) -> Any:
    return int(text) if re.fullmatch(r"[0-9]{1,18}", text) else text


def _yes_no(text: str, _zone: tzinfo, words: Words) -> bool:
    if text not in ("yes", "no"):
        raise _Wrong(words.text("Say yes or no."))
    return text == "yes"


_READ: Final[Mapping[str, Any]] = {
    "line": _line,
    "text": _text,
    "code": _line,
    "names": _names,
    "time": _time,
    "amount": _amount,
    "number": _number,
    "pick": _pick,
    "yes_no": _yes_no,
    "tick": lambda *_: True,
}


def _put(body: dict[str, Any], path: list[str], value: Any) -> None:
    """Where the path leads, on the way making what is not there. A number is a place in a list, kept as a mapping."""
    for part in path[:-1]:
        body = body.setdefault(part, {})
    body[path[-1]] = value


def _remove(body: dict[str, Any], name: str) -> None:
    body.pop(name, None)
    for part in body.values():
        if isinstance(part, dict):
            _remove(part, name)


def _compact(part: Any) -> Any:
    """Mappings of places as lists, without the places that nobody filled."""
    if not isinstance(part, dict):
        return part
    if part and all(key.isdecimal() for key in part):
        return [_compact(part[key]) for key in sorted(part, key=int)]
    return {key: _compact(value) for key, value in part.items()}
