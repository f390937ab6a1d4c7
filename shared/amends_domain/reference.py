"""The short name of a case, to be read over the phone: `K7M2-P9QX`.

It is made from the position of the case's first event, so it is unique without being stored, and it leads back
to that position without a search. Seven characters carry the position, scattered so that neighbours look
unlike; the eighth is a check character. The alphabet leaves out 0 O 1 I L; it has 31 letters, a prime, so that
distinct weights catch every single wrong character and every swap of two.
"""

from __future__ import annotations

from functools import lru_cache
from operator import mul

ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
_BASE = len(ALPHABET)
_LENGTH = 7
_SPACE: int = _BASE**_LENGTH
# Any number coprime to 31 permutes the space; this one is near the golden section of it, which spreads neighbours.
_SCATTER = 17_003_817_319
_GATHER: int = pow(_SCATTER, -1, _SPACE)
_VALUE = {letter: value for value, letter in enumerate(ALPHABET)}
_WEIGHTS = range(2, 2 + _LENGTH)


class BadReference(ValueError):
    """What was given is no case reference: a wrong letter, a wrong length, or a check character that disagrees."""


# Whoever follows the log asks several times for each case that it is at.
@lru_cache(maxsize=4096)
def reference_of(position: int) -> str:
    """The reference of the case whose first event is at `position` (1 to 27,512,614,110)."""
    if not 0 < position < _SPACE:
        raise ValueError(f"position {position} has no reference")
    number = position * _SCATTER % _SPACE
    values = []
    for _ in range(_LENGTH):
        number, value = divmod(number, _BASE)
        values.append(value)
    values.append(_check(values))
    text = "".join([ALPHABET[value] for value in values])
    return f"{text[:4]}-{text[4:]}"


def position_of(reference: str) -> int:
    """The position that `reference_of` was given. Case, spaces and hyphens do not matter. Raises BadReference."""
    letters = reference.upper().replace("-", "").replace(" ", "")
    if len(letters) != _LENGTH + 1:
        raise BadReference("A case reference has eight characters, such as K7M2-P9QX.")
    unknown = sorted(set(letters) - set(ALPHABET))
    if unknown:
        raise BadReference(f"A case reference never contains {' '.join(unknown)}.")
    *values, check = (_VALUE[letter] for letter in letters)
    if check != _check(values):
        raise BadReference("The check character does not agree: a character is wrong, or two are swapped.")
    number = 0
    for value in reversed(values):
        number = number * _BASE + value
    return number * _GATHER % _SPACE


def _check(values: list[int]) -> int:
    weighted: int = sum(map(mul, _WEIGHTS, values))
    return weighted % _BASE
