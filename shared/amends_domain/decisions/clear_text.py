"""Clear text that would give the customer away. What is clear outlives every erasure, so it is refused beforehand.

The clear fields are codes, names of places and things, and staff ids. Each is compared with what is known of the
customer, but a branch or a product that is called as somebody is, and staff of the same name, must remain possible.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from amends_domain.decisions.ruling import Rejection
from amends_domain.events import Event

CODES: Final = frozenset(
    {"channel", "by_channel", "type", "cause", "severity", "desired_outcomes", "flags", "added", "action", "kind", "to"}
)
"""Fields of events that hold codes."""
PLACES: Final = frozenset({"branch", "product", "to_department"})
"""Fields of events that hold the name of a place or a thing."""
STAFF: Final = frozenset({"owner", "complained_of", "spoken_by", "to_person"})
"""Fields of events that hold staff ids."""

_COMPARED: Final = CODES | PLACES | STAFF
# Shorter numbers are found in codes of branches and products.
_DIGITS_MIN: Final = 7
# The same number is written with the code of a country and without.
_LAST_DIGITS: Final = 8
_WHOLE_NAME_LETTERS_MIN: Final = 3
_JOINED_LETTERS_MIN: Final = 6
_NAMES_OF_NAMES: Final = frozenset(
    [
        "name",
        "names",
        "fullname",
        "firstname",
        "lastname",
        "surname",
        "forename",
        "familyname",
        "givenname",
        "nickname",
        "alias",
        "aliases",
        "姓名",
        "名字",
    ]
)
# As in given_name and legal_name_before; not as in branch_name.
_SORTS_OF_NAMES: Final = frozenset(
    [
        "full",
        "first",
        "second",
        "middle",
        "last",
        "given",
        "family",
        "birth",
        "maiden",
        "former",
        "legal",
        "preferred",
        "customer",
        "display",
        "native",
        "english",
        "chinese",
    ]
)
_NO_NAMES: Final = frozenset(
    # Titles, and what joins the parts of a name.
    [
        "mr",
        "mrs",
        "ms",
        "miss",
        "mx",
        "dr",
        "prof",
        "sir",
        "madam",
        "herr",
        "frau",
        "de",
        "la",
        "le",
        "del",
        "los",
        "las",
        "du",
        "da",
        "do",
        "dos",
        "di",
        "van",
        "von",
        "der",
        "den",
        "ter",
        "bin",
        "ibn",
        "al",
        "el",
        "and",
    ]
)
_WORD: Final = re.compile(r"[^\W_]{2,}")
# Accents and the forms of other encodings: letters that have more than one spelling.
_WRITTEN_OTHERWISE: Final = re.compile(r"[\x80-\u2fff\uf900-\uffff]")
_DIGIT: Final = re.compile(r"\d")
_UNPARTED_TITLE: Final = re.compile("(?:先生|女士|小姐|太太)$")
_NOT_A_LETTER: Final = re.compile(r"[\W_]+")
_NOT_A_DIGIT: Final = re.compile(r"\D+")
_TELEPHONE_DIGITS_MIN: Final = 10
_ADDRESS: Final = re.compile(r"\S@\S+\.\S")
# As people write them down; the number of a ticket has letters before it.
_NUMBER: Final = re.compile(r"(?<![a-z\d])\+?\d[\d ()./-]*")
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\d|\b20\d{6}\b|\b\d\d:\d\d(?::\d\d)?\b")
_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d")
# Scripts whose names stand among other words with no blank between: Thai, and those of East Asia.
_UNPARTED: Final = re.compile(r"[\u0e00-\u0e7f\u2e80-\ud7ff\uf900-\ufaff\U00020000-\U0003ffff]")


@dataclass(frozen=True, slots=True)
class _Known:
    """What could give the customer away. Of `numbers` and `addresses` each has the field that told it."""

    words: frozenset[str]
    """Of all their names; none where there is but one."""
    joined: frozenset[str]
    """The same, written as one word."""
    single: frozenset[str]
    """A name of one word, where nothing more is known."""
    unparted: frozenset[str]
    """Names in scripts without blanks."""
    numbers: Mapping[str, str]
    addresses: Mapping[str, str]


def gives_away(events: Iterable[Event], customer: Mapping[str, Any] | None) -> Rejection | None:
    """Refuses events whose clear text says who the customer is; `customer` is what is known of them, if anything."""
    if not customer:
        return None
    compared = [each for event in events for each in clear_text(event)]
    # Every complaint comes by here, and nearly none has anything in it.
    if not _may_say("\n".join(value for _, value in compared), customer):
        return None
    known = _known(customer)
    for field, value in compared:
        found = _found(known, value, _sort_of(field))
        if found is not None:
            instead = ": staff are named by their id" if field in STAFF else ": say it without"
            return Rejection(
                "clear-text-names-customer",
                f"{field} holds the customer's {found}, and would be readable for ever{instead}.",
            )
    return None


def is_personal(text: str) -> bool:
    """Whether an e-mail address or what looks like a telephone number stands in the text, whosever it may be."""
    text = _plain(text)
    numbers = (_NOT_A_DIGIT.sub("", number) for number in _NUMBER.findall(_TIME.sub(" ", text)))
    return _ADDRESS.search(text) is not None or any(len(number) >= _TELEPHONE_DIGITS_MIN for number in numbers)


def clear_text(event: Event) -> list[tuple[str, str]]:
    """The values of the event that are compared, each with its field."""
    found: list[tuple[str, str]] = []
    for field, value in vars(event).items():
        if not value or field not in _COMPARED:
            continue
        if isinstance(value, str):
            found.append((field, value))
        else:
            found += [(field, each) for each in value]
    return found


def _may_say(text: str, customer: Mapping[str, Any]) -> bool:
    """False where a quick look is enough to see that nothing of the customer stands in the text."""
    if "@" in text or (not text.isascii() and _WRITTEN_OTHERWISE.search(text)):
        return True
    if len(_DIGIT.findall(text)) >= _DIGITS_MIN:
        return True
    text = text.casefold()
    for field, value in _told(customer):
        if not _is_name(field):
            continue
        if not value.isascii():
            if _WRITTEN_OTHERWISE.search(value):
                return True
            if not text.isascii() and any(letter in text for letter in _UNPARTED.findall(value)):
                return True
        for word in _WORD.findall(value.casefold()):
            if word in text:
                return True
    return False


def _sort_of(field: str) -> frozenset[str]:
    return next(sort for sort in (CODES, PLACES, STAFF) if field in sort)


def _found(known: _Known, value: str, sort: frozenset[str]) -> str | None:
    """The field of the customer's that the value gives away."""
    text = _plain(value)
    if known.numbers:
        digits = _NOT_A_DIGIT.sub("", text)
        for number, field in known.numbers.items():
            if number in digits:
                return field
    for address, field in known.addresses.items():
        if address in text:
            return field
    return "name" if _names(known, value, text, sort) else None


def _names(known: _Known, value: str, text: str, sort: frozenset[str]) -> bool:
    if known.unparted and _says_unparted(known.unparted, "".join(_UNPARTED.findall(text)), sort):
        return True
    if sort is STAFF and value.isascii() and " " not in value.strip():
        return False
    words = set(_NOT_A_LETTER.split(text))
    said = known.words & words
    if len(said) > 1 and any(len(word) > 1 for word in said):
        return True
    if sort is CODES and not known.joined.isdisjoint(words):
        return True
    # One word is a name where it is all that is known and all that is said, and written as the name is.
    return sort is not STAFF and not known.single.isdisjoint(value.split("\n"))


def _says_unparted(names: frozenset[str], text: str, sort: frozenset[str]) -> bool:
    if sort is CODES:
        return any(name in text for name in names)
    if sort is STAFF:
        return text in names
    # Two letters may be a place: Baiyun is one, and somebody's name.
    return any(name == text or (len(name) >= _WHOLE_NAME_LETTERS_MIN and name in text) for name in names)


def _known(customer: Mapping[str, Any]) -> _Known:
    names: list[str] = []
    numbers: dict[str, str] = {}
    addresses: dict[str, str] = {}
    for field, value in _told(customer):
        if _is_name(field):
            names.append(value)
            continue
        text = _plain(value)
        if "@" in text:
            addresses[text.strip()] = field
            continue
        number = _NOT_A_DIGIT.sub("", text)
        if len(number) >= _DIGITS_MIN and not _DAY.match(text):
            numbers[number[-_LAST_DIGITS:]] = field
    return _named(names, numbers, addresses)


def _named(names: Iterable[str], numbers: Mapping[str, str], addresses: Mapping[str, str]) -> _Known:
    words: set[str] = set()
    single, unparted, joined = set(), set(), set()
    for name in names:
        text = _plain(name)
        together = "".join(_UNPARTED.findall(text))
        if len(together) > 1:
            without_title = _UNPARTED_TITLE.sub("", together)
            unparted.add(without_title if len(without_title) > 1 else together)
        all_words = [word for word in _NOT_A_LETTER.split(_UNPARTED.sub(" ", text)) if word]
        own = [word for word in all_words if len(word) > 1 and word not in _NO_NAMES]
        # The surname of a "Ms. Chen" alone would be found in much that is not she.
        words.update(own if len(own) > 1 else all_words)
        if len(own) > 1:
            joined |= {each for each in (own[0] + own[-1], own[-1] + own[0]) if len(each) >= _JOINED_LETTERS_MIN}
        if len(all_words) == 1 and len(own) == 1:
            single.add(name.strip())
    if len(words) < 2:
        words.clear()
    else:
        single.clear()
    return _Known(frozenset(words), frozenset(joined), frozenset(single), frozenset(unparted), numbers, addresses)


def _told(customer: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What is known of the customer, as text, each with the field that has it."""
    waiting: list[tuple[str, Any]] = list(customer.items())
    for field, value in waiting:
        if isinstance(value, str):
            yield field, value
        elif isinstance(value, Mapping):
            waiting += value.items()
        elif isinstance(value, list | tuple):
            waiting += [(field, each) for each in value]
        elif isinstance(value, int) and not isinstance(value, bool):
            yield field, str(value)


@lru_cache(256)
def _is_name(field: str) -> bool:
    words = field.casefold().replace("-", "_").split("_")
    return not _NAMES_OF_NAMES.isdisjoint(words) and all(
        word in _NAMES_OF_NAMES or word in _SORTS_OF_NAMES for word in words
    )


def _plain(text: str) -> str:
    """The text in small letters, without accents, and with the ordinary forms of letters and digits."""
    if not text.isascii():
        parted = unicodedata.normalize("NFKD", text)
        text = unicodedata.normalize("NFC", "".join(each for each in parted if not unicodedata.combining(each)))
    return text.casefold()
