"""What a command is answered. The store keeps an answer with the receipt, before its position is known; so an
answer has a part that is kept and a part that the position fills in, always to the same bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

import orjson
from pydantic import BaseModel

from amends_domain.beginnings import FirstDeadline
from amends_domain.case import Case, Status
from amends_domain.reference import reference_of
from amends_domain.runs import Deadline, Verdict

_PENDING: Final = Verdict.PENDING.value
_LEFT_OUT = frozenset({Verdict.EXTENDED, Verdict.CANCELLED})


class AnsweredDeadline(BaseModel):
    """A clock of the case: what is due when, and how it stands. `number`: of the promise, where it runs for one."""

    kind: str
    due_at: datetime
    status: str
    number: int | None = None


class ChildAnswer(BaseModel):
    """What became of the command on one case of an incident: `code` and `detail` say why it was refused. How it stands
    is null for those who may not read it."""

    id: UUID
    reference: str
    status: Literal["applied", "refused"]
    state: str | None
    version: int | None
    position: int | None
    code: str | None = None
    detail: str | None = None


class CommandAnswer(BaseModel):
    """The case after the command. `position` is that of the command's last event. `children`: of an incident that
    handed the command on to its cases, each of them."""

    id: UUID
    reference: str
    state: str
    version: int
    position: int
    deadlines: list[AnsweredDeadline]
    children: list[ChildAnswer] | None = None


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer ready to send."""

    body: bytes
    version: int
    case_id: str
    is_repeat: bool


def kept(case: Case, deadlines: tuple[Deadline, ...], children: Sequence[dict[str, Any]] | None = None) -> bytes:
    """The part of the answer that does not depend on positions: the state on one line, the deadlines on the next,
    and on a third, where there are any, the children, whose own positions are known.
    """
    listed = [_listed(deadline) for deadline in reversed(deadlines) if deadline.status not in _LEFT_OUT]
    return _lines(case.status, listed, children)


def kept_received(deadlines: Sequence[FirstDeadline]) -> bytes:
    """The same of a complaint that was just received: all of its clocks run."""
    listed = [{"kind": kind, "due_at": due_at, "status": _PENDING} for kind, due_at in reversed(deadlines)]
    return _lines(Status.RECEIVED, listed)


def filled(
    kept_part: bytes, case_id: UUID, *, first_position: int, position: int, version: int, is_repeat: bool
) -> Answered:
    """The whole answer. `first_position` is that of the case's first event, from which its reference comes."""
    name = str(case_id)
    state, deadlines, *children = kept_part.decode().split("\n")
    more = f',"children":{children[0]}' if children else ""
    # Nothing here needs escaping, and what is JSON already need not become objects and JSON again.
    body = (
        f'{{"id":"{name}","reference":"{reference_of(first_position)}","state":"{state}",'
        f'"version":{version},"position":{position},"deadlines":{deadlines}{more}}}'
    ).encode()
    return Answered(body, version, name, is_repeat)


def of_child(answered: Answered) -> dict[str, Any]:
    """A child's own answer as its incident's answer lists it."""
    child = orjson.loads(answered.body)
    return {
        "id": child["id"],
        "reference": child["reference"],
        "status": "applied",
        "state": child["state"],
        "version": child["version"],
        "position": child["position"],
    }


def of_refused_child(case: Case, code: str, detail: str, *, is_seen: bool) -> dict[str, Any]:
    """A child that refused, as it stands where that is theirs to see."""
    return {
        "id": str(case.id),
        "reference": reference_of(case.first_position),
        "status": "refused",
        "state": case.status.value if is_seen else None,
        "version": case.version if is_seen else None,
        "position": case.position if is_seen else None,
        "code": code,
        "detail": detail,
    }


def _lines(status: Status, listed: list[dict[str, Any]], children: Sequence[dict[str, Any]] | None = None) -> bytes:
    lines = [status.value.encode(), orjson.dumps(listed)]
    if children is not None:
        lines.append(orjson.dumps(children))
    return b"\n".join(lines)


def _listed(deadline: Deadline) -> dict[str, Any]:
    listed = {"kind": deadline.kind, "due_at": deadline.due_at, "status": deadline.status.value}
    return listed if deadline.number is None else {**listed, "number": deadline.number}
