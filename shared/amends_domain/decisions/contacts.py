"""Contacts with the customer, and what is told them in one: when they are called back, and what will happen by when."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from amends_domain import clocks
from amends_domain.calendars import after
from amends_domain.case import Case, CustomerContact
from amends_domain.commands import AgreeCallback, KeepPromise, MakePromise, RecordContact
from amends_domain.decisions.ruling import Context, Decision, Rejection, in_the_past
from amends_domain.events import (
    CallbackAgreed,
    CallbackMade,
    ContactAttempted,
    ContactRecorded,
    Event,
    PromiseKept,
    PromiseMade,
)
from amends_domain.policy_rules import ExtendByAgreement
from amends_domain.runs import Deadline


def record_contact(case: Case, command: RecordContact, context: Context) -> Decision:
    facts: dict[str, Any] = {
        "direction": command.direction,
        "channel": command.channel,
        "reached": command.reached,
        "reason_explained": command.reason_explained,
        "spoken_by": command.spoken_by or context.actor.id,
        "summary": command.summary,
    }
    # A call that only tells the customer why they must wait is not the call they are waiting for.
    delays = command.reason_explained or command.agreed_callback_at is not None
    if command.direction == "outbound" and not command.reached:
        contact: Event = ContactAttempted(**facts)
    elif command.direction == "outbound" and not delays:
        contact = CallbackMade(**facts)
    else:
        contact = ContactRecorded(**facts)
    if not command.reached and (command.agreed_callback_at is not None or command.promise is not None):
        return Rejection("customer-not-reached", "Nothing is agreed with, or promised to, a customer not reached.")
    agreed: Decision = ()
    if command.agreed_callback_at is not None:
        this_contact = CustomerContact(0, case.version + 1, case.cycle, command.reason_explained)
        agreed = _agree(case, command.agreed_callback_at, this_contact, None, context)
    promised: Decision = ()
    if command.promise is not None:
        promised = _promise(case, command.promise.text, command.promise.due_at, context, command.spoken_by)
    if isinstance(agreed, Rejection) or isinstance(promised, Rejection):
        return agreed if isinstance(agreed, Rejection) else promised
    return (contact, *agreed, *promised)


def agree_callback(case: Case, command: AgreeCallback, context: Context) -> Decision:
    contact = None
    if command.contact_position is not None:
        cited = [c for c in case.contacts if c.position == command.contact_position]
        if not cited:
            return Rejection(
                "no-such-contact",
                f"Position {command.contact_position} is no contact in which this customer was spoken to.",
            )
        contact = cited[0]
    return _agree(case, command.at, contact, command.contact_position, context)


def _agree(
    case: Case, at: datetime, contact: CustomerContact | None, contact_position: int | None, context: Context
) -> Decision:
    """Agree on a callback at `at`: freely while it is not later than due; later only as an extension.

    Source: DOMAIN, clocks: callback and callback extension.
    """
    now = context.now
    if at <= now:
        return in_the_past(at, "a callback is agreed for a time to come")
    running = clocks.current(clocks.obligations(case, context.policies), case.cycle)
    if running is None or running.ended_at is not None:
        return _agree_anew(at, contact_position, context)
    if now > running.due_at:
        return Rejection(
            "deadline-expired",
            f"The callback was due at {running.due_at.isoformat()} and that has passed: "
            "a deadline is extended before it expires, never after.",
        )
    if at <= running.due_at:
        return (CallbackAgreed(at=at, contact_position=contact_position),)
    refused = _cannot_extend(case, at, contact, running)
    return refused or (CallbackAgreed(at=at, extension=True, contact_position=contact_position),)


def _agree_anew(at: datetime, contact_position: int | None, context: Context) -> Decision:
    for rule in context.policy.clocks:
        if rule.is_agreed and rule.at_most is not None:
            latest = after(context.now, rule.at_most, context.policy.calendar).at
            if at > latest:
                return Rejection("too-late", f"A callback may be agreed for {latest.isoformat()} at the latest.")
    return (CallbackAgreed(at=at, contact_position=contact_position),)


def _cannot_extend(case: Case, at: datetime, contact: CustomerContact | None, running: Deadline) -> Rejection | None:
    due = running.due_at.isoformat()
    extend = running.rule.extend
    if not isinstance(extend, ExtendByAgreement):
        return Rejection("extension-not-allowed", f"The callback is due at {due} and the policy has no extension.")
    if contact is None:
        return Rejection(
            "extension-needs-contact",
            f"The callback is due at {due}. A later time takes a recorded contact in which the reason was "
            "explained and the customer agreed: cite it as contact_position.",
        )
    agreements = (m.version for m in case.marks if m.type == CallbackAgreed.TYPE and m.cycle == case.cycle)
    if contact.cycle != case.cycle or contact.version <= max(agreements, default=0):
        return Rejection(
            "contact-already-used",
            "That contact is older than the present agreement: speak with the customer again.",
        )
    if not contact.reason_explained:
        return Rejection(
            "reason-not-explained",
            "In that contact the reason for the delay was not explained to the customer.",
        )
    latest = after(running.due_at, extend.at_most, running.calendar).at
    if at > latest:
        return Rejection("too-late", f"The callback may be moved to {latest.isoformat()} at the latest.")
    return None


def make_promise(case: Case, command: MakePromise, context: Context) -> Decision:
    return _promise(case, command.text, command.due_at, context)


def _promise(case: Case, text: str, due_at: datetime, context: Context, spoken_by: str | None = None) -> Decision:
    # One that is entered late may have been broken by then.
    if due_at <= (context.occurred_at or context.now):
        return in_the_past(due_at, "a promise is for a time to come")
    return (PromiseMade(case.promises + 1, due_at, promised_by=spoken_by or context.actor.id, text=text),)


def keep_promise(case: Case, command: KeepPromise, _context: Context) -> Decision:
    """A promise is kept once, late rather than never: that it was broken first stays in the log."""
    if command.number > case.promises:
        return Rejection("no-such-promise", f"Promise {command.number} was never made on this case.")
    if command.number not in (promise.number for promise in case.open_promises):
        return Rejection("promise-settled", f"Promise {command.number} is not open any more.")
    return (PromiseKept(command.number, text=command.text),)
