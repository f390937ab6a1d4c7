"""What each request may look like, and its answer, for the OpenAPI document: one story, told on 25 September 2026.

A test posts every one of them, in an order in which each is taken.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

_CASE: Final = "5MAY-X6NW"

REQUESTS: Final[Mapping[str, Any]] = {
    "receive": {
        "channel": "phone",
        "branch": "north-street",
        "narrative": "The machine kept my card, and nobody at the counter could tell me when I get it back.",
        "customer": {"ref": "C-10482", "name": "Ms. Chen", "phone": "555-0142"},
        "type": "atm_card_or_cash",
        "desired_outcomes": ["card_back"],
        "reply_by": "2026-09-26T10:00:00+08:00",
        "external_ref": "call-88213",
    },
    "open-incident": {"title": "Machines keep cards at North Street", "same": "cause", "value": "card_retained"},
    "apology": {"by_channel": "phone", "text": "We are sorry that you were left standing there."},
    "investigation": {
        "findings": "The reader was jammed. The counter had no list of whom to call.",
        "cause": "card_retained",
        "at_fault": True,
        "countermeasures": [
            {
                "text": "A list of whom to call hangs at every counter.",
                "owner": "s-204",
                "due_at": "2026-10-16T17:30:00+08:00",
            }
        ],
    },
    "proposals": {"kind": "refund", "text": "The fee for the new card is ours.", "amount": "900", "currency": "CNY"},
    "proposals-approval": {"reason": "We were at fault."},
    "proposals-rejection": {"reason": "The fee is 90, and not 900."},
    "confirmation": {"by_channel": "phone", "text": "That is fair."},
    "decline": {"by_channel": "phone", "reason": "The card was needed on that very day."},
    "on-the-spot": {
        "apology": {"by_channel": "counter", "text": "We are sorry for the wait."},
        "investigation": {"findings": "One counter of three was open.", "cause": "process_too_slow", "at_fault": True},
        "proposal": {"kind": "explanation", "text": "From Monday on two are open at noon."},
        "confirmation": {"by_channel": "counter"},
    },
    "follow-up": {"executed": True, "satisfaction": 9, "text": "The new card came on Tuesday."},
    "review": {"text": "Whoever stands at the counter could have called the branch that owns the machine."},
    "withdrawal": {"by_channel": "phone", "reason": "The card was in another coat."},
    "unsatisfied-closure": {"reason": "Everything that we may offer was declined."},
    "reopening": {"reason": "new-facts", "text": "The fee was charged once more."},
    "closure": {"reason": "All readers were replaced."},
    "contacts": {
        "direction": "outbound",
        "channel": "phone",
        "summary": "Told that the card is found, and where it is.",
        "promise": {"text": "The new card is sent by express.", "due_at": "2026-09-28T12:00:00+08:00"},
    },
    "callback": {"at": "2026-09-26T10:00:00+08:00"},
    "promises": {"text": "The new card is sent by express.", "due_at": "2026-09-28T12:00:00+08:00"},
    "promises-kept": {"text": "Sent at nine."},
    "assignment": {"owner": "s-204", "reason": "Knows the machine."},
    "handoffs": {"department": "cards", "reason": "Only they can make a card."},
    "handoffs-acceptance": {},
    "handoffs-refusal": {"reason": "It is not a card of ours."},
    "escalation": {"reason": "The customer needs the card tonight.", "to": "department_manager"},
    "classification": {"cause": "card_retained", "severity": "high"},
    "flags": {"add": ["complex"], "reason": "Two machines are concerned."},
    "actions": {"action": "customer_told", "text": "The card waits at the counter for three business days."},
    "corrections": {"position": 1, "text": "It was the machine on the left."},
    "notes": {"text": "The customer prefers to be called in the morning."},
    "acknowledgements": {"position": 12},
    "extensions": {"clock": "statutory", "reason": "The maker of the machine has to answer first."},
    "retiming": {"clock": "apology", "reason": "The new policy gives less time."},
    "legal-hold": {"reason": "The court has asked for the record."},
    "legal-hold-release": {"reason": "The court has closed the matter."},
    "links": {"case": _CASE, "relation": "same-matter"},
    "merge": {"into": _CASE, "reason": "It came by letter as well."},
    "request-erasure": {"reason": "asked by letter"},
    "approve-erasure": {},
    "reject-erasure": {"reason": "The account is still open."},
}
"""A body by the operation that takes it."""

_ID: Final = "01a1ffd5-c5d9-75c5-bfe3-8ca604983ff2"
_ANSWER: Final = {
    "id": _ID,
    "reference": _CASE,
    "state": "received",
    "version": 1,
    "position": 1,
    "deadlines": [
        {"kind": "statutory", "due_at": "2026-10-10T01:00:00+00:00", "status": "pending"},
        {"kind": "callback", "due_at": "2026-10-02T01:00:00+00:00", "status": "pending"},
        {"kind": "apology", "due_at": "2026-09-26T01:00:00+00:00", "status": "pending"},
    ],
}
_CASES: Final = [{"id": _ID, "reference": _CASE, "position": 42}]

SUCCESSES: Final[Mapping[str, Any]] = {
    **{name: _ANSWER for name in REQUESTS if not name.endswith("-erasure")},
    "request-erasure": {
        "customer_ref": "C-10482",
        "status": "requested",
        "requested_by": "s-117",
        "cases": _CASES,
    },
    "approve-erasure": {
        "customer_ref": "C-10482",
        "status": "erased",
        "requested_by": "s-117",
        "approved_by": "s-9",
        "key_id": "01a1ffd5-c5d9-7a11-8f00-52d7a6e30b1c",
        "cases": _CASES,
    },
    "reject-erasure": {"customer_ref": "C-10482", "status": "rejected", "rejected_by": "s-9", "cases": _CASES},
}
"""A good answer by the operation that gives it."""
