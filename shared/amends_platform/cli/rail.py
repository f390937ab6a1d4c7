"""The six steps of a complaint's life as a rail: which are done, where it stands, and where it left them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from rich.console import Console
from rich.text import Text

from amends_domain.case import COMPLAINT, Status
from amends_domain.events import (
    ApologyGiven,
    CaseReopened,
    ComplaintReceived,
    CustomerConfirmed,
    FollowedUp,
    InvestigationCompleted,
    ResolutionProposed,
)
from amends_platform.cli.signs import marked
from amends_platform.words import Words

_STEPS: Final[Mapping[str, str]] = {
    Status.RECEIVED: ComplaintReceived.TYPE,
    Status.APOLOGIZED: ApologyGiven.TYPE,
    Status.INVESTIGATED: InvestigationCompleted.TYPE,
    Status.PROPOSED: ResolutionProposed.TYPE,
    Status.CUSTOMER_CONFIRMED: CustomerConfirmed.TYPE,
    Status.FOLLOWED_UP: FollowedUp.TYPE,
}
_STYLES: Final = {"done": "green", "now": "bold yellow", "ahead": "dim", "ended": "bold red"}


def rail(console: Console, said: Words, case: Any, events: Sequence[Any]) -> Text | None:
    """The rail; None where the record is none that has one."""
    if case["kind"] != COMPLAINT:
        return None
    stops = (marked(console, how, said.code("state", step), _STYLES[how]) for step, how in _stops(case, events))
    return Text("  ").join(stops)


def _stops(case: Any, events: Sequence[Any]) -> Iterator[tuple[str, str]]:
    steps, state = list(_STEPS), case["state"]
    if state in _STEPS:
        reached = steps.index(state)
        is_over = state == Status.FOLLOWED_UP
        for number, step in enumerate(steps):
            how = "done" if number < reached or (is_over and number == reached) else "now"
            yield step, how if number <= reached else "ahead"
        return
    # It ended elsewhere: what was done in this cycle was done.
    happened: set[str] = set()
    for event in events:
        if event["type"] == CaseReopened.TYPE:
            happened = {ComplaintReceived.TYPE}
        happened.add(event["type"])
    for step in steps:
        if _STEPS[step] in happened:
            yield step, "done"
    yield state, "ended"
