"""Moving a running clock: a longer term by approval, or another version of the policy. Source: DOMAIN, Clocks."""

from __future__ import annotations

from amends_domain import clocks
from amends_domain.calendars import DueTime, after
from amends_domain.case import Case
from amends_domain.commands import Extend, Retime
from amends_domain.decisions.ruling import Context, Decision, Rejection
from amends_domain.events import DeadlineExtended, DeadlineRetimed
from amends_domain.policy_rules import ROLES, ClockRule
from amends_domain.runs import Deadline, extended_due, next_term


def extend(case: Case, command: Extend, context: Context) -> Decision:
    """Give the approval that the rule's next longer term requires. Before the clock expires, never after."""
    running = _running(case, command.clock, context)
    if isinstance(running, Rejection):
        return running
    term = next_term(running.rule, running.term)
    if term is None:
        return Rejection("extension-not-allowed", f"The policy has no longer term for {command.clock}.")
    if term.approval is None:
        needs = f"the flag {term.flag}" if term.flag is not None else f"the action {term.action}"
        return Rejection("extension-not-allowed", f"{command.clock} is extended to {term.to} by {needs}.")
    role = context.actor.role
    if role not in ROLES or ROLES.index(role) < ROLES.index(term.approval):
        return Rejection("beyond-authority", f"To extend {command.clock} to {term.to} takes a {term.approval}.")
    return (
        DeadlineExtended(
            command.clock,
            running.generation,
            due_at=extended_due(running, term).at,
            previous_due_at=running.due_at,
            approved_by=context.actor.id,
            reason=command.reason,
        ),
    )


def retime(case: Case, command: Retime, context: Context) -> Decision:
    """Judge a running clock by the policy in force now: its rule, and the days off that are known by now."""
    running = _running(case, command.clock, context)
    if isinstance(running, Rejection):
        return running
    rule = context.policy.clock(command.clock)
    due = None if rule is None else _due_by(rule, running, case, context)
    if due is None:
        return Rejection("no-such-clock", f"The policy in force sets no time for {command.clock}.")
    if due.at <= context.now:
        return Rejection("in-the-past", f"By the policy in force it was due at {due.at.isoformat()}, which has passed.")
    if due.at == running.due_at and running.policy == context.policy.hash:
        return Rejection("nothing-changes", f"By the policy in force it is due at {due.at.isoformat()} as well.")
    return (
        DeadlineRetimed(
            command.clock,
            running.generation,
            due_at=due.at,
            previous_due_at=running.due_at,
            reason=command.reason,
        ),
    )


def _running(case: Case, clock: str, context: Context) -> Deadline | Rejection:
    running = clocks.running(clocks.obligations(case, context.policies), clock)
    if running is None:
        return Rejection("clock-not-running", "No clock of that name runs on this case.")
    if context.now > running.due_at:
        return Rejection(
            "deadline-expired",
            f"{clock} was due at {running.due_at.isoformat()}: a deadline is moved before it expires, never after.",
        )
    return running


def _due_by(rule: ClockRule, running: Deadline, case: Case, context: Context) -> DueTime | None:
    """When the rule makes the clock due that runs. What was agreed or promised is no policy's to move: None."""
    if rule.is_agreed or rule.is_promised:
        return None
    calendar = rule.calendar or context.policy.calendar
    terms = rule.extend if isinstance(rule.extend, tuple) else ()
    if 0 < running.term <= len(terms):
        return after(running.origin, terms[running.term - 1].to, calendar)
    return rule.due_after(running.origin, case.flags, calendar)
