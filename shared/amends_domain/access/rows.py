"""What a row of the table says."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class Reach(StrEnum):
    """How far a grant of one branch reaches."""

    OWN = "own branch"
    OWN_AND_SHARED = "own branch, and incidents of all branches"
    TENANT = "nothing in it is one branch's"


class Row(NamedTuple):
    """An action: which roles may do it, and how far a grant of one branch reaches.

    `above_ordinary`: which roles still may on a case whose grade is major or escalated; None: the same.
    `also` says what is asked besides, and where. `source` is that of a rule that is not just the role's.
    """

    action: str
    meaning: str
    roles: frozenset[str]
    reach: Reach = Reach.OWN
    above_ordinary: frozenset[str] | None = None
    also: str = ""
    source: str = ""
