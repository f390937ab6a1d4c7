"""Where the log and the live state do not say the same."""

from __future__ import annotations

from typing import NamedTuple
from uuid import UUID

from amends_domain.reference import reference_of


class Difference(NamedTuple):
    """`position` is that of the event in question, or of the case's last; `reference` is empty where none is known."""

    reference: str
    case_id: UUID
    position: int
    what: str

    def __str__(self) -> str:
        return f"{self.reference or self.case_id} at position {self.position}: {self.what}"


def difference(case_id: UUID, first_position: int | None, position: int, what: str) -> Difference:
    """A difference about a case, of whose first event the position is known or (None) not."""
    return Difference("" if first_position is None else reference_of(first_position), case_id, position, what)
