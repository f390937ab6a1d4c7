"""Things done that a clock may wait for, countermeasures among them. Source: DOMAIN, the life of a case: act."""

from __future__ import annotations

from amends_domain.case import Case
from amends_domain.commands import Act
from amends_domain.decisions.ruling import Context, Decision, Rejection
from amends_domain.events import ActionTaken

CORRECTIVE_ACTION_DONE = "corrective_action_done"


def act(case: Case, command: Act, _context: Context) -> Decision:
    if command.action != CORRECTIVE_ACTION_DONE:
        if not case.is_open:
            return Rejection(
                "illegal-state", f"The case is {case.status.value}: only its countermeasures are carried out now."
            )
        return (ActionTaken(action=command.action, text=command.text),)
    still_open = sorted(case.open_countermeasures, key=lambda each: each.due_at)
    number = command.number
    if number is None and still_open:
        number = still_open[0].number
    if number is not None and number not in (each.number for each in still_open):
        return Rejection("no-such-countermeasure", f"Countermeasure {number} of this case is not open.")
    return (ActionTaken(action=command.action, number=number, text=command.text),)
