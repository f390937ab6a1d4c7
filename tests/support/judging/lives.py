"""What the log says of one case, told event by event: its state, its deadlines, its rows, its messages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from uuid import UUID

from amends_domain.case import Case
from amends_domain.clocks import obligations
from amends_domain.events import CaseEscalated, DeadlineBreached, Recorded, ReminderIssued
from amends_domain.evolve import evolve
from amends_domain.policy import Policy
from amends_domain.runs import Deadline
from amends_notifier.messages import Message, message_of
from amends_platform.recorded import recorded
from amends_platform.replaying.expected import NOTHING, Alert, Rows, expected_rows
from amends_store.records import StoredEvent

_ALERTS = (ReminderIssued, DeadlineBreached, CaseEscalated)


@dataclass(frozen=True)
class Life:
    """A stream that was folded. `case` is as it is at the end, `projected` as it was where the read model stands, with
    the alerts up to there. `messages` are what must be published, by event id.

    `broken` says why it cannot be folded; nothing else can be relied on then.
    """

    tenant: str
    events: Sequence[Recorded]
    case: Case | None
    deadlines: Sequence[Deadline]
    projected: Case | None
    alerts: Sequence[Alert]
    messages: Mapping[str, Message]
    policies: Mapping[str, Policy]
    broken: str | None = None

    @cached_property
    def rows(self) -> Rows:
        """What the read model must hold."""
        if self.projected is None:
            return NOTHING
        return expected_rows(self.projected, self.tenant, self.alerts, self.policies)


def life_of(case_id: UUID, rows: Sequence[StoredEvent], policies: Mapping[str, Policy], projected_to: int) -> Life:
    """`projected_to`: the position at which the read model stands."""
    events: list[Recorded] = []
    alerts: list[Alert] = []
    messages: dict[str, Message] = {}
    case = projected = None
    deadlines: Sequence[Deadline] = ()
    broken = None
    try:
        for row in rows:
            told = recorded(row)
            case = evolve(case, case_id, told)
            events.append(told)
            messages[str(row.id)] = message_of(row, told.event, case)
            if row.position <= projected_to:
                projected = case
                if isinstance(told.event, _ALERTS):
                    alerts.append(Alert(told, case.owner))
        if case is not None:
            deadlines = obligations(case, policies)
    # Whatever stands in a log that was spoilt, and in whichever way it cannot be told: that is what is to be judged.
    except Exception as error:
        broken = f"{type(error).__name__}: {error}"
    return Life(rows[0].tenant, events, case, deadlines, projected, alerts, messages, policies, broken)
