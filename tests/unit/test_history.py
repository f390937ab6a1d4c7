"""The judge of histories judges rightly: a good one passes, and each way of breaking a promise is named."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest

from amends_domain.case import Case
from amends_domain.clocks import obligations
from amends_domain.event_codec import encode
from amends_domain.events import ApologyGiven, CallbackMade, CaseEscalated, DeadlineBreached, Event, ReminderIssued
from amends_domain.evolve import evolve
from amends_notifier.messages import message_of
from amends_platform.recorded import recorded
from amends_store.leaf import leaf_hash
from amends_store.records import StoredEvent
from tests.support.history import TIMERS, History, ReceiptRow, judge
from tests.support.lives import MONDAY, received
from tests.support.load import Command
from tests.support.notifying import Kept
from tests.support.policy_documents import build, document

UNTOUCHED, TREATED = uuid4(), uuid4()
POLICY = build(
    clocks={name: rule for name, rule in document()["clocks"].items() if name in ("apology", "callback")},
    ladder=[{"after": "1h", "to": "service_admin", "when": {"clock": "apology"}}],
)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
APOLOGY_DUE, CALLBACK_DUE = MONDAY + DAY, MONDAY + 7 * DAY


@dataclass
class Run:
    """A run of the system as it would be recorded, answered, published and projected, event by event."""

    log: list[StoredEvent] = field(default_factory=list)
    commands: list[Command] = field(default_factory=list)
    messages: list[Kept] = field(default_factory=list)
    receipts: dict[tuple[str, str], ReceiptRow] = field(default_factory=dict)
    cases: dict[UUID, Case] = field(default_factory=dict)

    def happens(self, case_id: UUID, event: Event, at: datetime, *, by: str = "dev-agent") -> None:
        case = self.cases.get(case_id)
        row = StoredEvent(
            position=len(self.log) + 1,
            stream_id=case_id,
            version=1 if case is None else case.version + 1,
            id=uuid4(),
            type=event.TYPE,
            schema_version=1,
            occurred_at=at,
            recorded_at=at,
            tenant="default",
            actor=by,
            correlation_id=uuid4(),
            causation_id=None,
            policy_hash=bytes.fromhex(POLICY.hash),
            data=orjson.dumps(encode(event)[0]).decode(),
            sealed=None,
            key_id=None,
            leaf_hash=b"",
        )
        row = row._replace(leaf_hash=leaf_hash(row))
        self.log.append(row)
        self.cases[case_id] = evolve(case, case_id, recorded(row))
        message = message_of(row, event, self.cases[case_id])
        self.messages.append(Kept(row.position, message.subject, message.headers, message.payload))
        if by != TIMERS:
            key, answer = row.id.hex, {"id": str(case_id), "position": row.position, "version": row.version}
            command = Command(row.correlation_id, by, key, event.TYPE, b"", 1, 200, orjson.dumps(answer), 1)
            self.commands.append(command)
            self.receipts[by, key] = ReceiptRow(case_id, row.position, row.version)

    def remind(self, clock: str, step: int, due_at: datetime, at: datetime) -> None:
        label = POLICY.clocks[[rule.name for rule in POLICY.clocks].index(clock)].warnings[step].label
        self.happens(UNTOUCHED, ReminderIssued(clock, 1, step, label, due_at, at), at, by=TIMERS)

    def breach(self, clock: str, due_at: datetime) -> None:
        self.happens(UNTOUCHED, DeadlineBreached(clock, 1, due_at), due_at, by=TIMERS)

    def escalate(self) -> None:
        at = APOLOGY_DUE + HOUR
        event = CaseEscalated("service_admin", "deadline", "apology", 1, 2, APOLOGY_DUE, fell_due_at=at)
        self.happens(UNTOUCHED, event, at, by=TIMERS)

    def history(self) -> History:
        live_deadlines = {
            case.id: {
                (each.kind, each.generation): {
                    "status": each.status.value,
                    "due_at": each.due_at,
                    "ended_at": each.ended_at,
                    "breach_recorded": each.breach_recorded,
                }
                for each in obligations(case, {POLICY.hash: POLICY})
            }
            for case in self.cases.values()
        }
        return History(
            commands=self.commands,
            log=self.log,
            seen=list(self.log),
            messages=self.messages,
            receipts=self.receipts,
            live_cases={case.id: case.__dict__ | {"state": case.status.value} for case in self.cases.values()},
            live_deadlines=live_deadlines,
            timers_left=0,
            policies={POLICY.hash: POLICY},
            at=MONDAY + 30 * DAY,
        )


STEPS: dict[str, Callable[[Run], None]] = {
    "received": lambda run: run.happens(UNTOUCHED, received(), MONDAY),
    "another received": lambda run: run.happens(TREATED, received(), MONDAY + HOUR),
    "apologized": lambda run: run.happens(TREATED, ApologyGiven("phone"), MONDAY + 2 * HOUR),
    "called": lambda run: run.happens(TREATED, CallbackMade("outbound", "phone", True), MONDAY + 3 * HOUR),
    "apology reminder": lambda run: run.remind("apology", 0, APOLOGY_DUE, MONDAY + 18 * HOUR),
    "apology breach": lambda run: run.breach("apology", APOLOGY_DUE),
    "apology escalation": lambda run: run.escalate(),
    "first callback reminder": lambda run: run.remind("callback", 0, CALLBACK_DUE, CALLBACK_DUE - DAY),
    "second callback reminder": lambda run: run.remind("callback", 1, CALLBACK_DUE, CALLBACK_DUE - 2 * HOUR),
    "callback breach": lambda run: run.breach("callback", CALLBACK_DUE),
}


def run_of(*steps: str) -> Run:
    run = Run()
    for step in steps:
        STEPS[step](run)
    return run


def without(*left_out: str) -> History:
    return run_of(*(step for step in STEPS if step not in left_out)).history()


def with_again(repeated: str) -> History:
    return run_of(*(name for step in STEPS for name in ([step, step] if step == repeated else [step]))).history()


def changed(values: Any, number: int, **changes: Any) -> list[Any]:
    """The list with one of its items changed."""
    changed_item = values[number]._replace(**changes) if isinstance(values[number], tuple) else None
    return [*values[:number], changed_item or replace(values[number], **changes), *values[number:][1:]]


def test_a_history_that_keeps_every_promise_passes() -> None:
    assert judge(without()) == []


def the_log_lost_its_end(good: History) -> History:
    return replace(good, log=good.log[:3], seen=good.seen[:3], messages=good.messages[:3])


def two_messages_changed_places(good: History) -> History:
    messages = list(good.messages)
    messages[4], messages[5] = messages[5], messages[4]
    return replace(good, messages=messages)


def a_message_came_twice_with_other_words(good: History) -> History:
    message = good.messages[0]
    return replace(good, messages=[*good.messages, replace(message, raw=message.raw.replace(b"north", b"south"))])


def a_refused_command_was_recorded(good: History) -> History:
    refusal = orjson.dumps({"type": "urn:amends:problem:deadline-expired"})
    return replace(good, commands=changed(good.commands, 2, status=409, content=refusal))


def the_read_model_says_otherwise(good: History) -> History:
    wrong = {**good.live_cases[TREATED], "state": "proposed"}
    return replace(good, live_cases={**good.live_cases, TREATED: wrong})


def a_deadline_is_forgotten(good: History) -> History:
    return replace(good, live_deadlines={**good.live_deadlines, UNTOUCHED: {}})


def answered(good: History, number: int, **changes: Any) -> History:
    content = orjson.dumps(good.commands[number].answer | changes)
    return replace(good, commands=changed(good.commands, number, content=content))


BROKEN: dict[str, tuple[Callable[[History], History], str]] = {
    "an acknowledged command is gone": (the_log_lost_its_end, "acknowledged, and the log has 0 of its 1 events"),
    "a position is missing": (lambda good: replace(good, log=good.log[1:]), "positions are not 1, 2, 3"),
    "a version is there twice": (lambda good: replace(good, log=changed(good.log, 3, version=2)), "versions are"),
    "time ran backwards": (
        lambda good: replace(good, log=changed(good.log, 3, recorded_at=MONDAY)),
        "recorded before the one before it",
    ),
    "an event was changed": (lambda good: replace(good, log=changed(good.log, 2, data="{}")), "leaf hash"),
    "a reader saw something else": (
        lambda good: replace(good, seen=changed(good.seen, 2, data="{}")),
        "not what a reader saw",
    ),
    "a reader missed something": (lambda good: replace(good, seen=good.seen[:-1]), "a reader saw 9 events"),
    "an answer names another position": (lambda good: answered(good, 1, position=1), "answered ("),
    "an answer names another version": (lambda good: answered(good, 1, version=7), "answered ("),
    "nobody sent it": (lambda good: replace(good, commands=good.commands[1:]), "that nobody sent"),
    "a receipt is gone": (lambda good: replace(good, receipts={}), "its receipt says None"),
    "refused, yet recorded": (a_refused_command_was_recorded, "yet recorded"),
    "an unforeseen refusal": (
        lambda good: replace(good, commands=changed(good.commands, 2, status=404, content=b"{}")),
        "answered 404",
    ),
    "a message never came": (lambda good: replace(good, messages=good.messages[:-1]), "never got out"),
    "messages out of order": (two_messages_changed_places, "came after"),
    "a message about nothing": (
        lambda good: replace(good, log=good.log[:-1], seen=good.seen[:-1]),
        "which is not in the log",
    ),
    "one id, two messages": (a_message_came_twice_with_other_words, "told twice, differently"),
    "the read model is wrong": (the_read_model_says_otherwise, "state is proposed in the read model"),
    "the read model lacks a case": (lambda good: replace(good, live_cases={}), "the read model lacks case"),
    "the read model lacks a deadline": (a_deadline_is_forgotten, "deadlines are {}"),
    "a timer is left": (lambda good: replace(good, timers_left=1), "1 timers are left"),
}


@pytest.mark.parametrize("what", BROKEN)
def test_it_names_what_was_tampered_with(what: str) -> None:
    tamper, sentence = BROKEN[what]
    assert any(sentence in broken for broken in judge(tamper(without())))


@pytest.mark.parametrize("breach", ["apology breach", "callback breach"])
def test_it_names_a_breach_that_never_came(breach: str) -> None:
    assert any("no breach is recorded" in broken for broken in judge(without(breach)))


@pytest.mark.parametrize(("reminder", "step"), [("apology reminder", 0), ("second callback reminder", 1)])
def test_it_names_a_reminder_that_never_came(reminder: str, step: int) -> None:
    assert any(f"reminders [{step}] never came" in broken for broken in judge(without(reminder)))


def test_it_names_a_step_of_the_ladder_that_never_came() -> None:
    assert any("steps [2] of its ladder never came" in broken for broken in judge(without("apology escalation")))


@pytest.mark.parametrize(
    "firing", ["apology breach", "callback breach", "first callback reminder", "apology escalation"]
)
def test_it_names_what_fired_twice(firing: str) -> None:
    assert any("fired 2 times" in broken for broken in judge(with_again(firing)))


def test_a_breach_of_what_was_done_in_time_is_named() -> None:
    run = run_of(*STEPS)
    run.happens(TREATED, DeadlineBreached("apology", 1, MONDAY + HOUR + DAY), MONDAY + 8 * DAY, by=TIMERS)
    assert any("breached at" in broken for broken in judge(run.history()))


def test_a_breach_for_no_deadline_is_named() -> None:
    run = run_of(*STEPS)
    run.happens(TREATED, DeadlineBreached("statutory", 1, MONDAY + DAY), MONDAY + 8 * DAY, by=TIMERS)
    assert any("fired for no deadline" in broken for broken in judge(run.history()))


def test_a_repeat_of_the_same_message_is_no_fault() -> None:
    good = without()
    again = replace(good.messages[0], sequence=99)
    assert judge(replace(good, messages=[*good.messages, again])) == []
