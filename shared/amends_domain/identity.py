"""Whether a short text says who somebody is, of whom names, numbers and e-mail addresses are known.

In whatever case, accents and punctuation; but as whole words, for a Ms. King may live in a town with a King Street.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from itertools import permutations
from typing import Any, Final

# Shorter numbers are found in codes of branches and products.
_DIGITS_MIN: Final = 7
# The same number is written with the code of a country and without.
_LAST_DIGITS: Final = 8
_TELEPHONE_DIGITS_MIN: Final = 10
_WHOLE_NAME_LETTERS_MIN: Final = 3
_JOINED_LETTERS_MIN: Final = 6
_NAME_PARTS_MAX: Final = 4
_QUICK_LOOK_LETTERS_MAX: Final = 2000
# Of the name of a field, with those that it stands in: a name has a short one.
_FIELD_LETTERS_MAX: Final = 200

_NAMES_OF_NAMES: Final = frozenset(
    {
        *("name", "names", "fullname", "firstname", "lastname", "middlename", "surname", "forename", "familyname"),
        *("givenname", "customername", "nickname", "alias", "aliases", "姓名", "名字", "姓", "名"),
    }
)
# As in given_name and spouse_legal_name; not as in branch_name.
_SORTS_OF_NAMES: Final = frozenset(
    {
        *("full", "first", "second", "middle", "last", "given", "family", "birth", "maiden", "former", "legal"),
        *("preferred", "customer", "contact", "display", "native", "english", "chinese", "person", "applicant"),
        *("holder", "representative", "guardian", "spouse", "partner"),
    }
)
# Titles, and what joins the parts of a name.
_NO_NAMES: Final = frozenset(
    {
        *("mr", "mrs", "ms", "miss", "mx", "dr", "prof", "sir", "madam", "herr", "frau", "and"),
        *("de", "la", "le", "del", "los", "las", "du", "da", "do", "dos", "di", "van", "von", "der", "den", "ter"),
        *("bin", "ibn", "al", "el"),
    }
)
_UNPARTED_TITLE: Final = re.compile("(?:先生|女士|小姐|太太)$")

_WORD: Final = re.compile(r"[^\W_]{2,}")
_NOT_A_LETTER: Final = re.compile(r"[\W_]+")
_DIGIT: Final = re.compile(r"\d")
_NOT_A_DIGIT: Final = re.compile(r"\D+")
_BETWEEN_NUMBERS: Final = re.compile(r"[^\d\s()+.-]+")
# Looked for where a word begins, and nowhere within it: else the time would grow with the square of its length.
_ADDRESS: Final = re.compile(r"(?<![^\s<>,;@])[^\s<>,;@]+@[^\s<>,;@]+\.[^\s<>,;@]+")
_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d")
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\d|\b20\d{6}\b|\b\d\d:\d\d(?::\d\d)?\b")
# As people write them down; the number of a ticket has letters before it.
_NUMBER: Final = re.compile(r"(?<![a-z\d])\+?\d[\d ()./-]*")
# Scripts whose names stand among other words with no blank between: Thai, and those of East Asia.
_UNPARTED: Final = re.compile(r"[\u0e00-\u0e7f\u2e80-\ud7ff\uf900-\ufaff\U00020000-\U0003ffff]")
# Accents and the forms of other encodings: letters that have more than one spelling.
_WRITTEN_OTHERWISE: Final = re.compile(r"[\x80-\u2fff\uf900-\uffff]")


class Holds(Enum):
    """What a text is meant to hold. The more names a field has of its own, the more it takes to find a person there."""

    CODE = "code"
    PLACE = "place"
    STAFF = "staff"


@dataclass(frozen=True, slots=True)
class Known:
    """What could give somebody away. Of `numbers` and `addresses` each has the field that told it."""

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

    def found_in(self, value: str, holds: Holds) -> str | None:
        """What of them the value says, by the field that told it; None when nothing."""
        text = _plain(value)
        if self.numbers:
            digits = _NOT_A_DIGIT.sub("", text)
            for number, field in self.numbers.items():
                if number in digits:
                    return field
        for address, field in self.addresses.items():
            if address in text:
                return field
        return "name" if self._names(value, text, holds) else None

    def _names(self, value: str, text: str, holds: Holds) -> bool:
        if self.unparted and self._says_unparted("".join(_UNPARTED.findall(text)), holds):
            return True
        # An id: whoever has it may be called as the customer is.
        if holds is Holds.STAFF and value.isascii() and " " not in value.strip():
            return False
        words = set(_NOT_A_LETTER.split(text))
        said = self.words & words
        if len(said) > 1 and any(len(word) > 1 for word in said):
            return True
        if holds is Holds.CODE and not self.joined.isdisjoint(words):
            return True
        # One word is a name where it is all that is known and all that is said, and written as the name is.
        return holds is not Holds.STAFF and value.strip() in self.single

    def _says_unparted(self, text: str, holds: Holds) -> bool:
        match holds:
            case Holds.CODE:
                return any(name in text for name in self.unparted)
            case Holds.STAFF:
                return text in self.unparted
            case Holds.PLACE:
                # Two letters may be a place: Baiyun is one, and somebody's name.
                return any(
                    name == text or (len(name) >= _WHOLE_NAME_LETTERS_MIN and name in text) for name in self.unparted
                )


def may_say(text: str, person: Mapping[str, Any]) -> bool:
    """False where a quick look is enough to see that nothing of the person stands in the text."""
    if len(text) > _QUICK_LOOK_LETTERS_MAX or "@" in text or len(_DIGIT.findall(text)) >= _DIGITS_MIN:
        return True
    if not text.isascii() and _WRITTEN_OTHERWISE.search(text):
        return True
    text = text.casefold()
    for field, value in _told(person):
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


def known_of(person: Mapping[str, Any], text: str) -> Known:
    """What could give the person away, as far as it may be found in the lines of `text`."""
    text = _plain(text)
    digits = "\n".join(_NOT_A_DIGIT.sub("", line) for line in text.split("\n"))
    unparted = "".join(_UNPARTED.findall(text))
    names: list[str] = []
    numbers: dict[str, str] = {}
    addresses: dict[str, str] = {}
    for field, value in _told(person):
        if _is_name(field):
            names.append(value)
        plain = _plain(value)
        addresses |= dict.fromkeys((each for each in _ADDRESS.findall(plain) if each in text), field)
        if _DAY.match(plain):
            continue
        for written in _BETWEEN_NUMBERS.split(plain):
            number = _NOT_A_DIGIT.sub("", written)
            if len(number) >= _DIGITS_MIN and number[-_LAST_DIGITS:] in digits:
                numbers[number[-_LAST_DIGITS:]] = field
    words, joined, single = _parted(names)
    together = frozenset(name for name in _unparted(names) if name in unparted)
    return Known(words, joined, single, together, numbers, addresses)


def is_personal(text: str) -> bool:
    """Whether an e-mail address or what looks like a telephone number stands in the text, whosever it may be."""
    text = _plain(text)
    numbers = (_NOT_A_DIGIT.sub("", number) for number in _NUMBER.findall(_TIME.sub(" ", text)))
    return _ADDRESS.search(text) is not None or any(len(number) >= _TELEPHONE_DIGITS_MIN for number in numbers)


def _parted(names: Iterable[str]) -> tuple[frozenset[str], frozenset[str], frozenset[str]]:
    """`words`, `joined` and `single` of what is known."""
    words, joined, single = set[str](), set[str](), set[str]()
    for name in names:
        all_words = [word for word in _NOT_A_LETTER.split(_UNPARTED.sub(" ", _plain(name))) if word]
        own = [word for word in all_words if len(word) > 1 and word not in _NO_NAMES]
        # The surname of a "Ms. Chen" alone would be found in much that is not she.
        words.update(own if len(own) > 1 else all_words)
        if len(own) > 1:
            joined |= {each for each in (own[0] + own[-1], own[-1] + own[0]) if len(each) >= _JOINED_LETTERS_MIN}
        elif len(all_words) == len(own) == 1:
            single.add(name.strip())
    if len(words) > 1:
        return frozenset(words), frozenset(joined), frozenset()
    return frozenset(), frozenset(), frozenset(single)


def _unparted(names: Iterable[str]) -> set[str]:
    """The names in scripts without blanks, without titles; also put together, where their parts are told apart."""
    parts = [part for name in names if (part := "".join(_UNPARTED.findall(_plain(name))))]
    found = {part for part in parts if len(part) > 1}
    found |= {short for part in parts if len(short := _UNPARTED_TITLE.sub("", part)) > 1}
    return found | {first + last for first, last in permutations(parts[:_NAME_PARTS_MAX], 2)}


def _told(person: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What is known of the person, as text, each with the field that has it."""
    waiting: list[tuple[str, Any]] = list(person.items())
    for field, value in waiting:
        if isinstance(value, str):
            yield field, value
        elif isinstance(value, Mapping):
            # {"name": {"first": …}} is a name, {"employer": {"name": …}} is none.
            # Cut off, or a long one would be written once for each that stands in it.
            outer = field[:_FIELD_LETTERS_MAX]
            waiting += [(f"{outer}_{inner}"[:_FIELD_LETTERS_MAX], each) for inner, each in value.items()]
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
        text = unicodedata.normalize("NFC", "".join(map(_without_accents, text)))
    return text.casefold()


@lru_cache(4096)
def _without_accents(letter: str) -> str:
    """Letter by letter it is the same, since only accents change places; and a thousand of them in a row, which the
    whole text may have, would be put in order in a million steps."""
    return "".join(each for each in unicodedata.normalize("NFKD", letter) if not unicodedata.combining(each))
