"""The rows that the read model must hold of a case: derived here anew, from nothing but the case and the policies."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple
from uuid import UUID

import orjson

from amends_domain.alerts import ALERTS, acknowledgement_of
from amends_domain.case import Case
from amends_domain.clocks import obligations
from amends_domain.event_codec import encode
from amends_domain.events import Recorded
from amends_domain.firings import Firing, firings
from amends_domain.owing import still_owed
from amends_domain.policy import Policy
from amends_domain.reference import reference_of
from amends_domain.runs import Deadline, Verdict

CASE_COLUMNS: Final = (
    "tenant",
    "reference",
    "first_position",
    "version",
    "position",
    "state",
    "cycle",
    "kind",
    "channel",
    "type",
    "cause",
    "branch",
    "owner",
    "grade",
    "flags",
    "customer_ref",
    "external_ref",
    "historical",
    "breached",
    "next_due_at",
    "next_due_clock",
    "received_at",
    "recorded_at",
    "updated_at",
    "hand_offs",
    "escalations",
    "incident",
    "merged_into",
)
# What a case is to others cannot be derived from one case alone: neither what others find it by, nor what is found.
# Nor are its timers compared (generation 0). What comes of them is: the flag, the link, the incident are in the log.
CROSS_CASE_COLUMNS: Final = (
    "repeat_of",
    "owed_incident",
    "repeat_key",
    "repeat_since",
    "mass_keys",
    "mass_key",
    "mass_count",
    "mass_position",
    "mass_since",
    "mass_until",
)
DEADLINE_COLUMNS: Final = (
    "tenant",
    "branch",
    "cycle",
    "status",
    "started_at",
    "due_at",
    "ended_at",
    "breached_at",
    "breach_recorded",
    "policy_hash",
    "provisional",
)
ALERT_COLUMNS: Final = (
    "tenant",
    "reference",
    "branch",
    "kind",
    "clock",
    "role",
    "owed_by",
    "due_at",
    "owner",
    "recorded_at",
    "acknowledged_by",
    "acknowledged_at",
    "acknowledged_position",
)
TIMER_COLUMNS: Final = ("tenant", "event_type", "fires_at", "case_version", "policy_hash", "data")

Values = tuple[Any, ...]
DeadlineKey = tuple[str, int]
TimerKey = tuple[str, int, int]


class Alert(NamedTuple):
    """A reminder, a breach or an escalation, and who owned the case then."""

    recorded: Recorded
    owner: str


class Rows(NamedTuple):
    """What the tables hold of one case, in the order of the columns above. `case` None: no such row."""

    case: Values | None
    deadlines: Mapping[DeadlineKey, Values]
    timers: Mapping[TimerKey, Values]
    alerts: Mapping[int, Values]

    def digest(self) -> int:
        """A number that differs when any value does. For this process only."""
        each = (self.deadlines, self.timers, self.alerts)
        return hash((self.case, *(frozenset(rows.items()) for rows in each)))


NOTHING: Final = Rows(None, {}, {}, {})


def expected_rows(case: Case, tenant: str, alerts: Iterable[Alert], policies: Mapping[str, Policy]) -> Rows:
    """The rows of the case, which had these alerts. Raises UnknownPolicy."""
    deadlines = obligations(case, policies)
    return Rows(
        _case_values(case, tenant, deadlines),
        {(d.kind, d.generation): _deadline_values(d, case, tenant) for d in deadlines},
        {
            (f.deadline.kind, f.deadline.generation, f.step): _timer_values(f, case, tenant)
            for f in firings(case, deadlines)
        },
        {alert.recorded.position: _alert_values(alert, case, tenant) for alert in alerts},
    )


def timer_data(text: str) -> bytes:
    """The data of a timer, which the store completes when it fires, in a form that can be compared."""
    try:
        return orjson.dumps(orjson.loads(text + "}"), option=orjson.OPT_SORT_KEYS)
    except orjson.JSONDecodeError:
        return text.encode()


def differing(columns: tuple[str, ...], replayed: Values, live: Values) -> Iterator[str]:
    """Each column in which they differ, in words."""
    for column, should, is_ in zip(columns, replayed, live, strict=True):
        if should != is_:
            yield f"{column} is {_shown(is_)}, and the log makes it {_shown(should)}"


def _case_values(case: Case, tenant: str, deadlines: tuple[Deadline, ...]) -> Values:
    first = next(iter(still_owed(case, deadlines)), None)
    return (
        tenant,
        reference_of(case.first_position),
        case.first_position,
        case.version,
        case.position,
        case.status.value,
        case.cycle,
        case.kind,
        case.channel,
        case.type,
        case.cause,
        case.branch,
        case.owner,
        case.grade,
        tuple(case.flags),
        case.customer_ref,
        case.external_ref,
        case.historical,
        any(d.status is Verdict.BREACHED and not d.is_customers for d in deadlines),
        None if first is None else first.due_at,
        None if first is None else first.kind,
        case.received_at,
        case.recorded_at,
        case.updated_at,
        case.hand_offs,
        case.escalations,
        None if case.incident is None else UUID(case.incident),
        None if case.merged_into is None else UUID(case.merged_into),
    )


def _deadline_values(deadline: Deadline, case: Case, tenant: str) -> Values:
    return (
        tenant,
        case.branch,
        deadline.cycle,
        deadline.status.value,
        deadline.started_at,
        deadline.due_at,
        deadline.ended_at,
        deadline.due_at if deadline.status is Verdict.BREACHED else None,
        deadline.breach_recorded,
        bytes.fromhex(deadline.policy),
        deadline.provisional,
    )


def _alert_values(alert: Alert, case: Case, tenant: str) -> Values:
    event: Any = alert.recorded.event
    given = acknowledgement_of(case, alert.recorded.position)
    return (
        tenant,
        reference_of(case.first_position),
        case.branch,
        ALERTS[event.TYPE],
        event.clock,
        getattr(event, "to", None),
        getattr(event, "owed_by", None),
        event.due_at,
        alert.owner,
        alert.recorded.recorded_at,
        *((None, None, None) if given is None else given[1:]),
    )


def _timer_values(firing: Firing, case: Case, tenant: str) -> Values:
    deadline = firing.deadline
    clear, _ = encode(firing.event)
    del clear["late_by_ms"]
    return (
        tenant,
        firing.event.TYPE,
        firing.at,
        case.version,
        bytes.fromhex(deadline.policy),
        orjson.dumps(clear, option=orjson.OPT_SORT_KEYS),
    )


def _shown(value: Any) -> str:
    if isinstance(value, bytes):
        return value.hex() if len(value) == 32 else value.decode(errors="replace")
    if hasattr(value, "isoformat"):
        return str(value.isoformat())
    return str(value)
