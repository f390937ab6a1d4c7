"""What those who ask are promised: the read model is the log replayed, row by row, up to where it stands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from typing import Any

from amends_domain.events import CaseEscalated, DeadlineBreached, Recorded, ReminderIssued
from amends_platform.replaying.expected import (
    ALERT_COLUMNS,
    CASE_COLUMNS,
    DEADLINE_COLUMNS,
    NOTHING,
    TIMER_COLUMNS,
    Values,
    differing,
)
from tests.support.judging.history import History


def the_read_model_is_the_log_replayed(history: History) -> Iterator[str]:
    """Cases, deadlines, alerts and timers, and nothing besides."""
    stands_at = history.checkpoints.get("read-model", 0)
    for case_id, life in history.lives.items():
        if life.broken is not None:
            continue
        live = history.live.get(case_id, NOTHING)
        if live == life.rows:
            continue
        at = f"case {case_id} (read model at {stands_at})"
        yield from _differing(f"{at}: case", CASE_COLUMNS, _one(life.rows.case), _one(live.case))
        yield from _differing(f"{at}: deadline", DEADLINE_COLUMNS, life.rows.deadlines, live.deadlines)
        yield from _differing(f"{at}: alert", ALERT_COLUMNS, life.rows.alerts, live.alerts)
        gone = _fired_since(life.events, stands_at)
        timers = {key: values for key, values in life.rows.timers.items() if key in live.timers or key[:2] not in gone}
        waiting = {key: values for key, values in live.timers.items() if key[0] not in history.poisoned}
        yield from _differing(f"{at}: timer", TIMER_COLUMNS, timers, waiting)
    for case_id in history.live.keys() - history.lives.keys():
        yield f"case {case_id} has rows in the read model, and no event in the log"


def _differing(
    what: str, columns: tuple[str, ...], wanted: Mapping[Any, Values], live: Mapping[Any, Values]
) -> Iterator[str]:
    for key in sorted(wanted.keys() | live.keys()):
        if key not in live:
            yield f"{what} {key} is missing"
        elif key not in wanted:
            yield f"{what} {key} is there, and does not follow from the log"
        else:
            yield from (f"{what} {key}: {each}" for each in differing(columns, wanted[key], live[key]))


def _one(values: Values | None) -> Mapping[str, Values]:
    return {} if values is None else {"row": values}


def _fired_since(events: Sequence[Recorded], position: int) -> Set[tuple[str, int]]:
    """The runs of clocks of which something came that the read model has not seen: their timers are gone, and rightly.

    Of a broken promise comes something that does not say which it was: it excuses none that waits for something else.
    """
    return {
        (event.clock or "", event.generation or 0)
        for each in events
        if each.position > position
        and isinstance(event := each.event, ReminderIssued | DeadlineBreached | CaseEscalated)
    }
