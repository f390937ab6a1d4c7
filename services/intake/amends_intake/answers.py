"""What a command is answered. The store keeps an answer with the receipt, before its position is known; so an
answer has a part that is kept and a part that the position fills in, always to the same bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import orjson
from pydantic import BaseModel

from amends_domain.case import Case
from amends_domain.reference import reference_of
from amends_domain.runs import Deadline, Verdict

_LEFT_OUT = frozenset({Verdict.EXTENDED, Verdict.CANCELLED})


class DeadlineAnswer(BaseModel):
    """A clock of the case: what is due when, and how it stands."""

    kind: str
    due_at: datetime
    status: str


class CommandAnswer(BaseModel):
    """The case after the command. `position` is that of the command's last event."""

    id: UUID
    reference: str
    state: str
    version: int
    position: int
    deadlines: list[DeadlineAnswer]


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer ready to send."""

    body: bytes
    version: int
    case_id: UUID
    is_repeat: bool


def kept(case: Case, deadlines: tuple[Deadline, ...]) -> bytes:
    """The part of the answer that does not depend on positions: the state on one line, the deadlines on the next."""
    listed = [
        {"kind": deadline.kind, "due_at": deadline.due_at, "status": deadline.status.value}
        for deadline in reversed(deadlines)
        if deadline.status not in _LEFT_OUT
    ]
    return b"%b\n%b" % (case.status.value.encode(), orjson.dumps(listed))


def filled(
    kept_part: bytes, case_id: UUID, *, first_position: int, position: int, version: int, is_repeat: bool
) -> Answered:
    """The whole answer. `first_position` is that of the case's first event, from which its reference comes."""
    state, _, deadlines = kept_part.decode().partition("\n")
    # Nothing here needs escaping, and what is JSON already need not become objects and JSON again.
    body = (
        f'{{"id":"{case_id}","reference":"{reference_of(first_position)}","state":"{state}",'
        f'"version":{version},"position":{position},"deadlines":{deadlines}}}'
    ).encode()
    return Answered(body, version, case_id, is_repeat)
