"""What went round in circles: escalations, hand-offs, entries made late."""

from __future__ import annotations

from amends_domain.actors import is_system
from amends_domain.events import CaseEscalated, HandOffAccepted, HandOffRefused
from amends_domain.late_entries import late_entries
from amends_domain.measures.told import Counts, Span, Told

_ESCALATES = frozenset({"deadline", "asked"})


def escalations(told: Told, span: Span) -> Counts:
    """By what brought them about. Who is only told, by a rule or because staff are named, is no escalation."""
    if not told.is_record:
        return
    for entry in told.in_month(span):
        event = entry.recorded.event
        if isinstance(event, CaseEscalated):
            yield ("escalated" if event.cause in _ESCALATES else "notified", event.cause), 1


def hand_offs(told: Told, span: Span) -> Counts:
    if not told.is_record:
        return
    for entry in told.in_month(span):
        if isinstance(entry.recorded.event, HandOffAccepted):
            yield ("hand_off", "accepted"), 1
        elif isinstance(entry.recorded.event, HandOffRefused):
            yield ("hand_off", "refused"), 1


def entries(told: Told, span: Span) -> Counts:
    """What people entered, and what of it they entered late, by the policy of then."""
    for entry in told.in_month(span):
        if entry.recorded.policy is not None and not is_system(entry.recorded.actor):
            yield ("entry", "all"), 1
    for mark in late_entries(told.case, told.policies):
        if span.has(mark.recorded_at):
            yield ("entry", "late"), 1
