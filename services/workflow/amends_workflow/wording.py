"""An explanation in a sentence."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from amends_domain.case import Case, Mark
from amends_domain.policy import Policy
from amends_domain.reference import reference_of
from amends_domain.runs import Deadline, Verdict
from amends_workflow.timing import Basis, Move

_GIVEN = {
    "agreed": "the time agreed with the customer",
    "promised": "the time that was promised",
    "reply_by": "the time by which the customer asked for a reply",
}
_WHY = {
    "agreed": "the customer agreed",
    "approved": "a longer term was approved",
    "retimed": "it was timed anew by another version of the policy",
    "urgent": "the case became urgent",
}


def sentence(
    case: Case,
    deadline: Deadline,
    policy: Policy,
    start: Mark,
    end: Mark | None,
    basis: Basis,
    moved: Sequence[Move],
) -> str:
    """Why the clock is due when it is, what moved it and why, and how it ended."""
    zone = policy.calendar_of(deadline.rule).timezone
    number = "" if deadline.number is None else f" (number {deadline.number})"
    pack = "" if deadline.rule.pack is None else f", by the pack {deadline.rule.pack},"
    customers = "; it is the customer's own time" if deadline.is_customers else ""
    source = "" if deadline.rule.source is None else f" Source of the rule: {deadline.rule.source}."
    return (
        f"By {policy.name} version {policy.version}{pack} the clock {deadline.kind}{number} of case"
        f" {reference_of(case.first_position)} ran from {start.type} at {_local(deadline.started_at, zone)}"
        f" to {_local(deadline.due_at, zone)}, {_reason(deadline, basis)}{_moves(moved, zone)}{customers};"
        f" {_outcome(deadline, end, zone)}.{source}"
    )


def _reason(deadline: Deadline, basis: Basis) -> str:
    if basis.by in _GIVEN:
        return _GIVEN[basis.by]
    since = "that" if basis.counted_from == deadline.started_at else "the case became urgent"
    why = f"{basis.duration} after {since} ({basis.by} of the rule)"
    if basis.counted is not None and basis.counted.skipped:
        why += ", skipping " + ", ".join(f"{day} ({reason})" for day, reason in basis.counted.skipped)
    return why


def _moves(moved: Sequence[Move], zone: ZoneInfo) -> str:
    if not moved:
        return ""
    told = ", ".join(
        f"from {_local(move.before.due_at, zone)} because {_because(move.why)} ({move.mark.type})" for move in moved
    )
    return f", moved {len(moved)} time{'s' if len(moved) > 1 else ''} before: {told}"


def _because(why: str) -> str:
    if why in _WHY:
        return _WHY[why]
    what, _, name = why.partition(":")
    return {"flag": f"the case has the flag {name}", "action": f"{name} was done"}.get(what, f"of {why}")


def _outcome(deadline: Deadline, end: Mark | None, zone: ZoneInfo) -> str:
    ended = "" if end is None or deadline.ended_at is None else f"{end.type} at {_local(deadline.ended_at, zone)}"
    match deadline.status:
        case Verdict.PENDING:
            return "it is running"
        case Verdict.MET:
            return f"it was met by {ended}"
        case Verdict.EXTENDED:
            return f"it was replaced by {ended}"
        case Verdict.CANCELLED:
            return f"it was cancelled by {ended}"
        case Verdict.BREACHED:
            return "it was breached" + (f", and {ended} came too late" if ended else "")


def _local(at: datetime, zone: ZoneInfo) -> str:
    return at.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S %Z")
