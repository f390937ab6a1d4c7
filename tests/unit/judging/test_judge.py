"""The judge of histories judges rightly: a good one passes, and each way of breaking a promise is named."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import orjson
import pytest

from amends_domain.events import ApologyGiven, CallbackMade, CaseEscalated, DeadlineBreached, ReminderIssued
from amends_platform.replaying.expected import CASE_COLUMNS, NOTHING
from tests.support.judging.asked import Answer, Command
from tests.support.judging.history import TIMERS, History, ReceiptRow, Said, SignedRow, Timer
from tests.support.judging.judge import PROMISES, judge
from tests.support.judging.made import Run, run_of
from tests.support.lives import MONDAY, received
from tests.support.months import ENDS, made_up
from tests.support.notifying import Kept
from tests.support.policy_documents import build, document

UNTOUCHED, TREATED, STRANGER = UUID(int=1), UUID(int=2), UUID(int=3)
POLICY = build(
    clocks={name: rule for name, rule in document()["clocks"].items() if name in ("apology", "callback")},
    ladder=[{"after": "1h", "to": "service_admin", "when": {"clock": "apology"}}],
)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
APOLOGY_DUE, CALLBACK_DUE = MONDAY + DAY, MONDAY + 7 * DAY
IN_A_MONTH = MONDAY + 30 * DAY


def remind(run: Run, clock: str, step: int, due_at: Any, at: Any) -> None:
    label = POLICY.clocks[[rule.name for rule in POLICY.clocks].index(clock)].warnings[step].label
    run.happens(UNTOUCHED, ReminderIssued(clock, 1, step, label, due_at, at), at, by=TIMERS)


def breach(run: Run, clock: str, due_at: Any) -> None:
    run.happens(UNTOUCHED, DeadlineBreached(clock, 1, due_at), due_at, by=TIMERS)


def escalate(run: Run) -> None:
    at = APOLOGY_DUE + HOUR
    event = CaseEscalated("service_admin", "deadline", "apology", 1, 2, APOLOGY_DUE, fell_due_at=at)
    run.happens(UNTOUCHED, event, at, by=TIMERS)


STEPS: dict[str, Callable[[Run], None]] = {
    "received": lambda run: run.happens(UNTOUCHED, received(), MONDAY),
    "another received": lambda run: run.happens(TREATED, received(), MONDAY + HOUR),
    "apologized": lambda run: run.happens(TREATED, ApologyGiven("phone"), MONDAY + 2 * HOUR),
    "called": lambda run: run.happens(TREATED, CallbackMade("outbound", "phone", True), MONDAY + 3 * HOUR),
    "apology reminder": lambda run: remind(run, "apology", 0, APOLOGY_DUE, MONDAY + 18 * HOUR),
    "apology breach": lambda run: breach(run, "apology", APOLOGY_DUE),
    "apology escalation": escalate,
    "first callback reminder": lambda run: remind(run, "callback", 0, CALLBACK_DUE, CALLBACK_DUE - DAY),
    "second callback reminder": lambda run: remind(run, "callback", 1, CALLBACK_DUE, CALLBACK_DUE - 2 * HOUR),
    "callback breach": lambda run: breach(run, "callback", CALLBACK_DUE),
}


def run_by(*steps: str) -> Run:
    run = Run({POLICY.hash: POLICY})
    for step in steps:
        STEPS[step](run)
    return run


def without(*left_out: str) -> History:
    return run_by(*(step for step in STEPS if step not in left_out)).history(IN_A_MONTH)


def with_again(repeated: str) -> History:
    return run_by(*(name for step in STEPS for name in ([step, step] if step == repeated else [step]))).history(
        IN_A_MONTH
    )


def and_then(case_id: UUID, event: Any, at: Any) -> History:
    run = run_by(*STEPS)
    run.happens(case_id, event, at, by=TIMERS)
    return run.history(max(IN_A_MONTH, at))


def changed(values: Any, number: int, **changes: Any) -> list[Any]:
    """The list with one of its items changed."""
    item = values[number]
    # Events are named tuples, commands are not.
    item = item._replace(**changes) if hasattr(item, "_replace") else replace(item, **changes)
    return [*values[:number], item, *values[number:][1:]]


def answered(good: History, number: int, **changes: Any) -> History:
    """Another answer to a command."""
    [first] = good.commands[number].answers
    other = first._replace(content=orjson.dumps(first.said | changes))
    return replace(good, commands=changed(good.commands, number, answers=[other]))


def refusal(code: str = "deadline-expired", status: int = 409, at: float = 0.0) -> Answer:
    return Answer(status, orjson.dumps({"type": f"urn:amends:problem:{code}"}), at, at + 0.5)


def refused(good: History, number: int, *answers: Answer) -> History:
    return replace(good, commands=changed(good.commands, number, answers=list(answers), sent=len(answers)))


def other_command(**fields: Any) -> Command:
    given: dict[str, Any] = {
        "correlation_id": STRANGER,
        "actor": "dev-agent",
        "key": "k",
        "path": "/x",
        "body": b"",
    }
    return Command(**(given | fields))


def swapped(values: Any, one: int, other: int) -> list[Any]:
    items = list(values)
    items[one], items[other] = items[other], items[one]
    return items


def with_live(good: History, column: str, value: Any) -> History:
    rows = good.live[TREATED]
    assert rows.case is not None
    case = list(rows.case)
    case[CASE_COLUMNS.index(column)] = value
    return replace(good, live={**good.live, TREATED: rows._replace(case=tuple(case))})


def with_rows(good: History, **rows: Any) -> History:
    return replace(good, live={**good.live, UNTOUCHED: good.live[UNTOUCHED]._replace(**rows)})


def stored_again(good: History, **changes: Any) -> History:
    return replace(good, stored=[*good.stored, replace(good.stored[0], sequence=99, **changes)])


def waiting(clock: str = "apology") -> Timer:
    return Timer(UNTOUCHED, clock, 1, 0, APOLOGY_DUE)


def announced(good: History, note: str) -> History:
    return replace(good, announced=[Kept(1, "amends.v1.default.audit.checkpoint", {}, orjson.dumps({"note": note}))])


Tampering = Callable[[History], History]

# The promise that must be named, and what its evidence must hold.
BROKEN: dict[str, tuple[Tampering, str, str]] = {
    "an acknowledged command is gone": (
        lambda good: replace(good, log=good.log[:3]),
        "what_is_acknowledged_is_in_the_log",
        "the log has none of its events",
    ),
    "half of a command is gone": (
        lambda good: replace(good, commands=changed(good.commands, 0, events=2)),
        "commands_have_one_effect",
        "not 2",
    ),
    "a position is missing": (
        lambda good: replace(good, log=good.log[1:]),
        "positions_have_no_gap",
        "position 2 stands where 1 should be",
    ),
    "a version is there twice": (
        lambda good: replace(good, log=changed(good.log, 3, version=2)),
        "versions_have_no_gap",
        f"case {TREATED}: version 2 at position 4 where 3 should be",
    ),
    "time ran backwards": (
        lambda good: replace(good, log=changed(good.log, 3, recorded_at=MONDAY)),
        "time_never_runs_back",
        "position 4 is recorded at",
    ),
    "an event was changed": (
        lambda good: replace(good, log=changed(good.log, 2, data="{}")),
        "events_are_what_was_hashed",
        "position 3",
    ),
    "an event is there twice": (
        lambda good: replace(good, log=changed(good.log, 3, id=good.log[2].id)),
        "no_event_is_there_twice",
        "positions [3, 4]",
    ),
    "a stream lacks its beginning": (
        lambda good: replace(good, log=good.log[1:]),
        "streams_can_be_replayed",
        f"case {UNTOUCHED}: BrokenStream",
    ),
    "a reader saw something else": (
        lambda good: replace(good, seen=changed(good.seen, 2, data="{}")),
        "a_reader_sees_the_log_as_it_is",
        "a reader saw position 3",
    ),
    "a reader missed something": (
        lambda good: replace(good, seen=good.seen[:-1]),
        "a_reader_sees_the_log_as_it_is",
        "a reader saw 9 events",
    ),
    "a reader saw what was never there": (
        lambda good: replace(good, log=good.log[:-1]),
        "a_reader_sees_the_log_as_it_is",
        "a reader saw position 10",
    ),
    "an answer names another position": (
        lambda good: answered(good, 1, position=1),
        "what_is_acknowledged_is_in_the_log",
        "position 1, version 1",
    ),
    "an answer names another version": (
        lambda good: answered(good, 1, version=7),
        "what_is_acknowledged_is_in_the_log",
        "version 7",
    ),
    "an answer names another case": (
        lambda good: answered(good, 1, id=str(UNTOUCHED)),
        "what_is_acknowledged_is_in_the_log",
        str(UNTOUCHED),
    ),
    "recorded for another": (
        lambda good: replace(good, commands=changed(good.commands, 1, actor="dev-handler")),
        "what_is_acknowledged_is_in_the_log",
        "recorded as done by ['dev-agent']",
    ),
    "one command, two effects": (
        lambda good: replace(
            good,
            log=changed(good.log, 3, correlation_id=good.log[2].correlation_id),
            commands=changed(good.commands, 2, events=1),
        ),
        "commands_have_one_effect",
        "apology-given at 3",
    ),
    "one command, two commits": (
        lambda good: replace(
            good,
            log=changed(good.log, 3, correlation_id=good.log[2].correlation_id),
            commands=changed(good.commands, 2, events=None),
        ),
        "commands_have_one_effect",
        "not of one moment",
    ),
    "one command, scattered": (
        lambda good: replace(
            good,
            log=changed(good.log, 3, correlation_id=good.log[1].correlation_id),
            commands=changed(good.commands, 1, events=None),
        ),
        "commands_have_one_effect",
        "not in a row",
    ),
    "done on a version that was past": (
        lambda good: replace(good, commands=changed(good.commands, 3, if_match=1)),
        "what_is_for_a_version_finds_it",
        "it was for version 1, and the log has callback-made at 4 (version 3",
    ),
    "refused, yet recorded": (
        lambda good: refused(good, 2, refusal()),
        "what_is_refused_leaves_no_trace",
        "apology-given at 3",
    ),
    "refused, yet it has a receipt": (
        lambda good: replace(
            good,
            commands=[*good.commands, other_command(sent=1, answers=[refusal()])],
            receipts={**good.receipts, ("dev-agent", "k"): ReceiptRow(TREATED, 1, 1, 1)},
        ),
        "what_is_refused_leaves_no_trace",
        "its receipt says 1 to 1",
    ),
    "an unforeseen refusal": (
        lambda good: replace(good, commands=[*good.commands, other_command(sent=1, answers=[refusal("no-such-case")])]),
        "refusals_are_foreseen",
        "no-such-case",
    ),
    "a repeat is answered otherwise": (
        lambda good: replace(
            good,
            commands=changed(
                good.commands, 1, answers=[*good.commands[1].answers, Answer(200, b'{"position": 3}', 8.0, 9.0)]
            ),
        ),
        "repeats_get_the_same_answer",
        "and again 200 (id None, position 3",
    ),
    "a repeat is refused": (
        lambda good: replace(
            good, commands=changed(good.commands, 1, answers=[*good.commands[1].answers, refusal(at=8.0)])
        ),
        "repeats_get_the_same_answer",
        "refused when it was sent again",
    ),
    "a receipt is gone": (
        lambda good: replace(good, receipts={}),
        "receipts_say_what_is_recorded",
        "its receipt says nothing",
    ),
    "a receipt says otherwise": (
        lambda good: replace(good, receipts={**good.receipts, ("dev-agent", "key-3"): ReceiptRow(TREATED, 3, 3, 3)}),
        "receipts_say_what_is_recorded",
        "its receipt says 3 to 3, version 3",
    ),
    "a receipt of nothing": (
        lambda good: replace(good, receipts={**good.receipts, ("dev-agent", "ab12"): ReceiptRow(TREATED, 3, 3, 3)}),
        "receipts_say_what_is_recorded",
        "key ab12",
    ),
    "nobody sent it": (
        lambda good: replace(good, commands=good.commands[1:]),
        "everything_was_asked_for",
        f"position 1 (complaint-received of case {UNTOUCHED}, by dev-agent)",
    ),
    "the order of the log is not that of time": (
        lambda good: replace(good, commands=changed(good.commands, 0, first_sent_at=9.0)),
        "what_was_answered_first_stands_first",
        "at position 1, and position 4 was answered before it was sent",
    ),
    "a timer waits overdue": (
        lambda good: replace(good, overdue=[waiting()]),
        "no_timer_is_overdue",
        f"case {UNTOUCHED}: apology (generation 1, step 0)",
    ),
    "a good timer was set aside": (
        lambda good: replace(good, quarantined=[waiting()]),
        "only_what_was_spoilt_is_quarantined",
        "nobody spoilt it",
    ),
    "a message never came": (
        lambda good: replace(good, stored=good.stored[:-1]),
        "everything_gets_out",
        "position 10 (deadline-breached",
    ),
    "messages out of order": (
        lambda good: replace(good, stored=swapped(good.stored, 4, 5)),
        "the_stream_is_in_order",
        "came when 1 was the last",
    ),
    "a message about nothing": (
        lambda good: replace(good, log=good.log[:-1]),
        "the_stream_tells_only_of_the_log",
        "which is not in the log",
    ),
    "a message says something else": (
        lambda good: stored_again(good, raw=good.stored[0].raw.replace(b"north", b"south")),
        "the_stream_tells_only_of_the_log",
        "what the log does not",
    ),
    "a message has another id for the broker": (
        lambda good: stored_again(good, headers=good.stored[0].headers | {"Nats-Msg-Id": "another"}),
        "the_stream_tells_only_of_the_log",
        "message 99",
    ),
    "a consumer never got it": (
        lambda good: replace(good, delivered=good.stored[:-1]),
        "a_consumer_acts_once_and_in_order",
        "never got position 10",
    ),
    "a consumer got them out of order": (
        lambda good: replace(good, delivered=swapped(good.stored, 4, 5)),
        "a_consumer_acts_once_and_in_order",
        "when 1 was the last that it had acted on",
    ),
    "the read model is wrong": (
        lambda good: with_live(good, "state", "proposed"),
        "the_read_model_is_the_log_replayed",
        "state is proposed",
    ),
    "the read model lacks a case": (
        lambda good: replace(good, live={}),
        "the_read_model_is_the_log_replayed",
        "row is missing",
    ),
    "the read model lacks a deadline": (
        lambda good: with_rows(good, deadlines={}),
        "the_read_model_is_the_log_replayed",
        "deadline ('apology', 1) is missing",
    ),
    "the read model lacks an alert": (
        lambda good: with_rows(good, alerts={}),
        "the_read_model_is_the_log_replayed",
        "alert 5 is missing",
    ),
    "the read model has a timer for nothing": (
        lambda good: with_rows(good, timers={("apology", 1, 1): ("default",)}),
        "the_read_model_is_the_log_replayed",
        "timer ('apology', 1, 1) is there",
    ),
    "the read model has a case of its own": (
        lambda good: replace(good, live={**good.live, STRANGER: NOTHING}),
        "the_read_model_is_the_log_replayed",
        f"case {STRANGER} has rows",
    ),
    "a checkpoint is beyond the log": (
        lambda good: replace(good, checkpoints=dict(good.checkpoints) | {"notifier": 11}),
        "no_checkpoint_is_beyond_the_log",
        "notifier is 11, and the log ends at 10",
    ),
    "more was signed than there is": (
        lambda good: replace(good, signed=[SignedRow(11, b"")]),
        "no_checkpoint_is_beyond_the_log",
        "11 events were signed",
    ),
    "the tree is beyond the log": (
        lambda good: replace(good, tiled=256),
        "no_checkpoint_is_beyond_the_log",
        "the tree holds 256",
    ),
    "a follower stays behind": (
        lambda good: replace(good, checkpoints=dict(good.checkpoints) | {"read-model": 9}),
        "followers_catch_up",
        "read-model is 9",
    ),
    "the sealer's checkpoint is not that of the tree": (
        lambda good: replace(good, checkpoints=dict(good.checkpoints) | {"sealer": 256}),
        "the_tree_is_as_far_as_its_checkpoint",
        "the tree holds 0 events",
    ),
    "another root was signed": (
        lambda good: replace(good, signed=[good.signed[-1]._replace(root_hash=bytes(32))]),
        "what_was_signed_is_true",
        f"of 10 events {bytes(32).hex()} was signed",
    ),
    "what was announced was not signed": (
        lambda good: announced(good, f"amends/default\n7\n{'A' * 43}=\n\n"),
        "what_was_announced_was_signed",
        "announces 7 events",
    ),
    "what was announced is no checkpoint": (
        lambda good: announced(good, "hello"),
        "what_was_announced_was_signed",
        "is of no checkpoint",
    ),
    "what was signed was not announced": (
        lambda good: replace(good, checkpoints=dict(good.checkpoints) | {"announcer": 10}),
        "what_was_announced_was_signed",
        "the checkpoint of 10 events is not in the stream",
    ),
    "our own tools object": (
        lambda good: replace(good, said=[Said("amends verify", 1, "position 7")]),
        "our_own_tools_find_nothing",
        "amends verify ended with 1: position 7",
    ),
    "a breach never came": (
        lambda _: without("callback breach"),
        "everything_due_has_fired",
        "deadline-breached of callback (generation 1) was due",
    ),
    "a reminder never came": (
        lambda _: without("second callback reminder"),
        "everything_due_has_fired",
        "reminder-issued of callback (generation 1, step 1) was due",
    ),
    "a step of the ladder never came": (
        lambda _: without("apology escalation"),
        "everything_due_has_fired",
        "case-escalated of apology (generation 1, step 2) was due",
    ),
    "a breach came twice": (
        lambda _: with_again("callback breach"),
        "deadlines_fire_once",
        "deadline-breached of callback (generation 1) at positions [10, 11]",
    ),
    "a reminder came twice": (
        lambda _: with_again("first callback reminder"),
        "deadlines_fire_once",
        "step 0) at positions [8, 9]",
    ),
    "a step of the ladder came twice": (
        lambda _: with_again("apology escalation"),
        "deadlines_fire_once",
        "case-escalated of apology",
    ),
    "a breach of what was done in time": (
        lambda _: and_then(TREATED, DeadlineBreached("apology", 1, MONDAY + HOUR + DAY), MONDAY + 8 * DAY),
        "nothing_fires_that_is_not_due",
        "position 11 (version 4): it ended at",
    ),
    "a breach for no deadline": (
        lambda _: and_then(TREATED, DeadlineBreached("statutory", 1, MONDAY + DAY), MONDAY + 8 * DAY),
        "nothing_fires_that_is_not_due",
        "no policy started such a clock",
    ),
    "a reminder of what was done": (
        lambda _: and_then(
            TREATED,
            ReminderIssued("apology", 1, 0, "75%", MONDAY + HOUR + DAY, MONDAY + 19 * HOUR),
            MONDAY + 19 * HOUR,
        ),
        "nothing_fires_that_is_not_due",
        "version 2 had ended the clock",
    ),
}


@pytest.mark.parametrize("what", BROKEN)
def test_it_names_the_promise_that_was_broken(what: str) -> None:
    tamper, promise, evidence = BROKEN[what]
    found = [each.evidence for each in judge(tamper(without())) if each.promise == promise]
    assert any(evidence in each for each in found), found


def test_every_promise_has_a_history_that_breaks_it() -> None:
    assert {promise.__name__ for promise in PROMISES} == {promise for _, promise, _ in BROKEN.values()}


def test_a_history_that_keeps_every_promise_passes() -> None:
    assert judge(without()) == []


@pytest.mark.parametrize("seed", range(2))
def test_whatever_a_desk_did_passes(seed: int) -> None:
    desk = made_up(seed, cases=12)
    assert judge(run_of(desk.rows, {policy.hash: policy for policy in desk.policies}).history(ENDS)) == []


def test_a_repeat_of_the_same_message_is_no_fault() -> None:
    assert judge(stored_again(without())) == []


def test_whoever_knows_no_answer_may_find_it_done_or_not() -> None:
    good = without()
    cut = refused(good, 2, Answer(503, b"", 0, 0))
    never = replace(good, commands=[*good.commands, other_command(sent=3)])
    assert judge(cut) == judge(never) == []


def test_a_refusal_after_a_lost_answer_does_not_say_that_it_was_not_done() -> None:
    good = without()
    [*commands] = good.commands
    commands[2] = replace(commands[2], answers=[refusal()], sent=2)
    assert judge(replace(good, commands=commands)) == []


def test_what_is_still_under_way_is_no_fault() -> None:
    good = without()
    behind = {"read-model": 0, "notifier": 4}
    under_way = replace(
        good, checkpoints=behind, live={}, stored=good.stored[:4], delivered=good.stored[:4], seen=good.seen[:2]
    )
    assert {each.promise for each in judge(under_way)} == {
        "everything_gets_out",
        "a_consumer_acts_once_and_in_order",
        "followers_catch_up",
        "a_reader_sees_the_log_as_it_is",
    }
    assert judge(replace(under_way, is_quiet=False)) == []


def test_a_timer_that_we_spoilt_may_be_set_aside_or_wait() -> None:
    spoilt = with_rows(without(), timers={("poison", 1, 0): ("default",)})
    assert judge(replace(spoilt, quarantined=[waiting("poison")], poisoned=frozenset({"poison"}))) == []
