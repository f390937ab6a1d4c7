"""By what complaints find one another: repeats of the same matter, and the many with one root that are an incident.

Pure: what stands here follows from a case and its policy, whatever else there is.
Source: DOMAIN, Grades, kinds, causes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import orjson

from amends_domain.calendars import after, before
from amends_domain.case import COMPLAINT, INCIDENT, Case, Mark, Status
from amends_domain.clocks import UnknownPolicy
from amends_domain.decisions.links import REPEAT
from amends_domain.events import Event, FlagsChanged, LinkedToIncident
from amends_domain.policy import MassRule, Policy

Row = dict[str, Any]

_SAME: Final = ("cause", "type", "product", "branch", "channel", "customer")
_NOTHING: Final[Row] = {
    "repeat_key": None,
    "repeat_since": None,
    "mass_keys": None,
    "mass_key": None,
    "mass_count": None,
    "mass_position": None,
    "mass_since": None,
    "mass_until": None,
}
_EVER: Final = "infinity"


def policy_of(case: Case, policies: Mapping[str, Policy]) -> Policy | None:
    """The policy that the case was received under: by it the case is held against others. Raises UnknownPolicy."""
    name = case.marks[0].policy
    if name is None:
        return None
    if name not in policies:
        raise UnknownPolicy(name)
    return policies[name]


def matching_row(case: Case, tenant: str, policies: Mapping[str, Policy], *, is_new: bool) -> Row:
    """The columns of `cases` by which others find the case. Times are there only where `is_new`: they never change.

    Raises UnknownPolicy.
    """
    policy = policy_of(case, policies)
    if case.kind == INCIDENT:
        return _NOTHING | _gathering(case, tenant, policy)
    if policy is None or (policy.mass is None and policy.repeat is None):
        return _NOTHING
    row = _NOTHING | (_times(case, policy) if is_new and not case.historical else {})
    if case.kind != COMPLAINT or case.status is Status.MERGED:
        return row
    if policy.repeat is not None:
        row["repeat_key"] = _repeat_key(case, tenant, policy.repeat.same)
    if policy.mass is not None and not case.historical:
        row |= _gathered_by(case, tenant, policy.mass)
    return row


def owed_links(
    case: Case, repeat_of: UUID | None, incident: UUID | None, incident_recorded_at: datetime | None
) -> list[tuple[str, datetime, Event]]:
    """What the log has yet to say of a case that was found to repeat one, or to belong to an incident: what it is
    called among timers, since when it is so, and the event."""
    found: list[tuple[str, datetime, Event]] = []
    if repeat_of is not None and not has_been_flagged(case, REPEAT):
        found.append((REPEAT, known_at(case), FlagsChanged(added=(REPEAT,), earlier_case=str(repeat_of))))
    if incident is not None and case.incident is None:
        assert incident_recorded_at is not None, "it was found, so it is in the log"
        at = max(known_at(case), incident_recorded_at)
        found.append((INCIDENT, at, LinkedToIncident(str(incident), automatic=True)))
    return found


def known_at(case: Case) -> datetime:
    """When what a complaint is found by became what it is: the time of recording."""
    return _known_since(
        case, lambda facts: tuple(facts[name] for name in ("kind", "cause", "type", "product"))
    ).recorded_at


def has_been_flagged(case: Case, flag: str) -> bool:
    """Whether the case has the flag, or had it once."""
    return any(flag in (mark.facts["flag"] or ()) for mark in case.marks)


def mass_key(tenant: str, same: str, value: str) -> str:
    """What all complaints of an incident share, as one text."""
    return orjson.dumps([tenant, same, value]).decode()


def _times(case: Case, policy: Policy) -> Row:
    times: Row = {}
    if policy.repeat is not None:
        times["repeat_since"] = before(case.received_at, policy.repeat.within, policy.calendar).at
    if policy.mass is not None:
        times["mass_since"] = before(case.received_at, policy.mass.within, policy.calendar).at
        times["mass_until"] = after(case.received_at, policy.mass.within, policy.calendar).at
    return times


def _gathering(case: Case, tenant: str, policy: Policy | None) -> Row:
    of = case.incident_of
    assert of is not None, "an incident says what it gathers"
    mass = None if policy is None else policy.mass
    since, until = case.received_at, case.received_at
    if policy is not None and mass is not None:
        since = before(case.received_at, mass.within, policy.calendar).at
        until = after(case.received_at, mass.within, policy.calendar).at
    return {
        "mass_key": mass_key(tenant, of.same, of.value),
        "mass_since": since,
        "mass_until": until if of.automatic else _EVER,
    }


def _repeat_key(case: Case, tenant: str, same: tuple[str, ...]) -> str | None:
    values = [_value(case, name) for name in same]
    if None in values:
        return None
    return orjson.dumps([tenant, *(part for pair in zip(same, values, strict=True) for part in pair)]).decode()


def _gathered_by(case: Case, tenant: str, rule: MassRule) -> Row:
    known = ((name, _value(case, name)) for name in _SAME)
    row: Row = {"mass_keys": [mass_key(tenant, name, value) for name, value in known if value is not None]}
    value = _value(case, rule.same)
    if value is not None:
        row["mass_key"] = mass_key(tenant, rule.same, value)
        row["mass_count"] = rule.count
        row["mass_position"] = _known_since(case, lambda facts: (facts["kind"], facts.get(rule.same))).position
    return row


def _value(case: Case, name: str) -> str | None:
    value: str | None = case.customer_ref if name == "customer" else getattr(case, name)
    return value


def _known_since(case: Case, fact: Callable[[Any], Any]) -> Mark:
    """The event since which the fact is what it is."""
    found = case.marks[-1]
    now = fact(found.facts)
    for mark in reversed(case.marks):
        if mark.facts is not found.facts and fact(mark.facts) != now:
            break
        found = mark
    return found
