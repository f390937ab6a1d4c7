"""Events by what one looks for in a history: steps, contacts, clocks, the rest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from amends_platform.words import message

Group = Literal["steps", "contacts", "clocks", "rest"]

GROUPS: Final[Mapping[str, str]] = {
    "steps": message("Steps"),
    "contacts": message("Contacts and promises"),
    "clocks": message("Clocks"),
    "rest": message("Everything else"),
}

_CONTACTS: Final = frozenset(
    {
        "callback-made",
        "contact-attempted",
        "contact-recorded",
        "callback-agreed",
        "promise-made",
        "promise-kept",
        "action-taken",
    }
)
_CLOCKS: Final = frozenset(
    {"reminder-issued", "deadline-breached", "case-escalated", "deadline-extended", "deadline-retimed"}
)
_STEPS: Final = frozenset(
    {
        "complaint-received",
        "apology-given",
        "investigation-completed",
        "countermeasure-planned",
        "resolution-proposed",
        "proposal-approved",
        "proposal-rejected",
        "customer-confirmed",
        "customer-declined",
        "followed-up",
        "follow-up-failed",
        "review-recorded",
        "complaint-withdrawn",
        "case-reopened",
        "unsatisfied-closure-requested",
        "unsatisfied-closure-approved",
        "closed-unsatisfied",
        "merged-into",
        "incident-opened",
        "incident-closed",
    }
)


def group_of(event_type: str) -> Group:
    """Where one would look for it."""
    if event_type in _STEPS:
        return "steps"
    if event_type in _CONTACTS:
        return "contacts"
    return "clocks" if event_type in _CLOCKS else "rest"
