"""What was known then, and what had happened by then: both are read from the log, and neither changes a verdict."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import assume, given, settings

from amends_domain.case import Case
from amends_domain.clocks import obligations
from amends_domain.commands import Correct
from amends_domain.events import (
    ApologyGiven,
    CallbackAgreed,
    CallbackMade,
    CaseClassified,
    EntryCorrected,
    FlagsChanged,
    HandOffAccepted,
    HandOffOffered,
    InvestigationCompleted,
    PromiseKept,
    PromiseMade,
    ProposalApproved,
    ResolutionProposed,
)
from amends_domain.hindsight import Hindsight, happened_at, in_hindsight
from amends_domain.runs import Deadline, Verdict
from tests.support.lives import MONDAY, Life, folded, life, received
from tests.support.told_lives import Step, beginnings, steps, told

EVER = datetime(9999, 12, 31, tzinfo=UTC)
HOUR = timedelta(hours=1)
FINDING = InvestigationCompleted("process_too_slow", True)

Beginning = tuple[str, dict[str, str]]


def given_(**fields: Any) -> Life:
    return life().happened(received(**fields))


def seen(case: Life, at: datetime) -> Hindsight:
    """The case at an instant, by all that is known of it."""
    found = in_hindsight(case.case_id, case.recorded, case.deadlines(), at)
    assert found is not None
    return found


def run_of(view: Hindsight, kind: str) -> Deadline:
    return [deadline for deadline in view.deadlines if deadline.kind == kind][-1]


def stage(case: Case) -> tuple[Any, ...]:
    """Where a case stands in its life."""
    return case.status, case.cycle, case.kind, case.proposal, case.closure_approvals


# What an entry made late did.


def test_what_was_entered_late_had_happened_when_it_happened() -> None:
    late = given_().later(hours=8).happened(ApologyGiven("phone"), occurred_at=MONDAY + HOUR)
    before, after = seen(late, MONDAY + HOUR - timedelta(seconds=1)), seen(late, MONDAY + HOUR)
    assert (before.case.status, before.case.version, before.not_yet) == ("received", 1, (2,))
    assert (after.case.status, after.case.version, after.not_yet) == ("apologized", 2, ())


def test_before_it_happened_there_was_no_case() -> None:
    late = life().happened(received(), occurred_at=MONDAY - HOUR)
    assert in_hindsight(late.case_id, late.recorded, late.deadlines(), MONDAY - 2 * HOUR) is None
    assert seen(late, MONDAY - HOUR).case.status == "received"


def test_a_step_of_the_life_did_not_happen_before_the_one_it_was_taken_from() -> None:
    case = given_().later(hours=5).happened(ApologyGiven("phone"))
    claimed = case.later(hours=1).happened(FINDING, occurred_at=MONDAY + HOUR)
    assert seen(claimed, MONDAY + 4 * HOUR).case.status == "received"
    assert seen(claimed, MONDAY + 5 * HOUR).case.status == "investigated"


def test_an_answer_did_not_happen_before_what_it_answers() -> None:
    case = (
        given_()
        .later(hours=5)
        .happened(
            ApologyGiven("phone"),
            FINDING,
            ResolutionProposed("refund", "900", "CNY", "a-agent", "supervisor"),
            HandOffOffered("a-agent", "s-2"),
            PromiseMade(1, MONDAY + 40 * HOUR, "a-agent"),
        )
    )
    answered = case.later(hours=1).happened(
        ProposalApproved("s-9"), HandOffAccepted("s-2", "a-agent"), PromiseKept(1), occurred_at=MONDAY + HOUR
    )
    assert seen(answered, MONDAY + 2 * HOUR).not_yet == (2, 3, 4, 5, 6, 7, 8, 9)
    then = seen(answered, MONDAY + 5 * HOUR).case
    assert (then.version, then.owner, then.open_promises, then.approval_pending) == (9, "s-2", (), False)


def test_a_correction_counts_from_the_entry_that_it_corrects() -> None:
    wrong = given_().later(hours=2).happened(ApologyGiven("phone"))
    corrected = wrong.later(hours=9).does(Correct(2, "It was by letter.")).does(Correct(3, "By phone after all."))
    assert isinstance(corrected.recorded[-1].event, EntryCorrected)
    assert seen(corrected, MONDAY + HOUR).case.corrections == 0
    assert seen(corrected, MONDAY + 2 * HOUR).case.corrections == 2


def test_of_two_entries_that_contradict_each_other_the_one_recorded_later_is_believed() -> None:
    case = given_().later(hours=2).happened(CaseClassified(type="waiting_time"))
    claimed = case.later(hours=1).happened(CaseClassified(type="mis_selling"), occurred_at=MONDAY + HOUR)
    assert [seen(claimed, MONDAY + at * HOUR).case.type for at in (0, 1, 2, 9)] == [None, *["mis_selling"] * 3]


# What hindsight makes of deadlines.


def test_a_stop_entered_in_time_had_met_the_deadline_when_it_happened() -> None:
    case = given_().later(hours=8).happened(ApologyGiven("phone"), occurred_at=MONDAY + HOUR)
    assert run_of(seen(case, MONDAY), "apology").status is Verdict.PENDING
    assert run_of(seen(case, MONDAY + HOUR), "apology").status is Verdict.MET


def test_a_stop_entered_too_late_acquits_nobody_and_the_breach_comes_when_it_was_due() -> None:
    late = given_().later(hours=30).fired().happened(ApologyGiven("phone"), occurred_at=MONDAY + HOUR)
    due = MONDAY + 24 * HOUR
    then = seen(late, due - timedelta(seconds=1))
    assert (then.case.status, run_of(then, "apology").status) == ("apologized", Verdict.PENDING)
    broken = run_of(seen(late, due), "apology")
    assert (broken.status, broken.breach_recorded, broken.ended_at) == (Verdict.BREACHED, True, MONDAY + 30 * HOUR)


def test_a_breach_that_was_written_late_happened_when_it_was_due() -> None:
    slow = given_().later(hours=30).fired()
    due = MONDAY + 24 * HOUR
    assert {run_of(seen(slow, at), "apology").status for at in (MONDAY, due - timedelta(seconds=1))} == {
        Verdict.PENDING
    }
    assert run_of(seen(slow, due), "apology").breach_recorded
    assert seen(slow, due).case.escalations == 1


def test_a_clock_that_a_classification_called_for_ran_from_when_that_was_known() -> None:
    jam = CaseClassified(type="atm_card_or_cash", cause="cash_jam")
    case = given_().later(hours=5).happened(jam, occurred_at=MONDAY + 3 * HOUR)
    called_for = case.deadline("cash_jam")
    assert (called_for.started_by, called_for.called_for_by) == (1, 2)
    assert "cash_jam" not in {each.kind for each in seen(case, MONDAY + 2 * HOUR).deadlines}
    assert run_of(seen(case, MONDAY + 3 * HOUR), "cash_jam") == called_for


def test_a_clock_moved_at_a_time_ran_to_the_old_one_until_then() -> None:
    first, second = MONDAY + 48 * HOUR, MONDAY + 40 * HOUR
    case = given_().later(hours=6).happened(CallbackAgreed(first), occurred_at=MONDAY + 5 * HOUR)
    moved = case.later(hours=2).happened(CallbackAgreed(second), occurred_at=MONDAY + 4 * HOUR)
    at = {hours: [d for d in seen(moved, MONDAY + hours * HOUR).deadlines if d.kind == "callback"] for hours in (4, 5)}
    # Of two agreements in an order that cannot be, the clock follows the log's.
    assert [(d.generation, d.status) for d in at[4]] == [(1, Verdict.PENDING)]
    assert [(d.generation, d.due_at, d.status) for d in at[5]][1:] == [
        (2, first, Verdict.EXTENDED),
        (3, second, Verdict.PENDING),
    ]


def test_one_clock_never_runs_twice_at_a_time() -> None:
    called = given_().later(hours=6).happened(CallbackMade("outbound", "phone", True))
    again = called.later(hours=1).happened(CallbackAgreed(MONDAY + 48 * HOUR), occurred_at=MONDAY + 5 * HOUR)
    assert [d.generation for d in seen(again, MONDAY + 5 * HOUR).deadlines if d.kind == "callback"] == [1]
    assert [d.generation for d in seen(again, MONDAY + 6 * HOUR).deadlines if d.kind == "callback"] == [1, 2]


def test_a_timer_of_a_run_that_had_not_begun_had_not_fired() -> None:
    case = given_().later(days=10).happened(FlagsChanged(added=("complex",)))
    reminded = case.later(days=12).fired()
    times = happened_at(reminded.recorded, reminded.deadlines())
    began = times[1]
    runs = {(d.kind, d.generation): d for d in reminded.deadlines()}
    for each, at in zip(reminded.recorded[2:], times[2:], strict=True):
        event: Any = each.event
        if event.clock is not None and runs[event.clock, event.generation].started_by == 2:
            assert at >= began


# For every history.


@given(beginnings, steps(claims=False))
@settings(max_examples=40, deadline=None, derandomize=True)
def test_what_was_known_at_each_position_is_what_a_store_that_stopped_there_knew(
    beginning: Beginning, told_steps: list[Step]
) -> None:
    lives = list(told(beginning, told_steps))
    final = lives[-1]
    assert [each.told.version for each in lives] == list(range(1, final.told.version + 1))
    for stopped in lives:
        known = folded(final.recorded[: stopped.told.version])
        assert known == stopped.told
        assert obligations(known, final.policies) == stopped.deadlines()


@given(beginnings, steps(claims=False))
@settings(max_examples=40, deadline=None, derandomize=True)
def test_where_everything_is_entered_at_once_hindsight_is_what_was_known_then(
    beginning: Beginning, told_steps: list[Step]
) -> None:
    final = list(told(beginning, told_steps))[-1]
    # They alone count from before they were entered.
    assume(final.told.corrections == 0)
    moments = {at for each in final.recorded for at in (each.recorded_at, each.recorded_at + timedelta(seconds=1))}
    for at in moments:
        known = folded([each for each in final.recorded if each.recorded_at <= at])
        view = seen(final, at)
        assert view.case == known
        assert view.deadlines == obligations(known, final.policies)


@given(beginnings, steps(claims=True))
@settings(max_examples=80, deadline=None, derandomize=True)
def test_whatever_is_claimed_hindsight_keeps_to_the_verdicts_and_ends_with_what_is_known(
    beginning: Beginning, told_steps: list[Step]
) -> None:
    lives = list(told(beginning, told_steps))
    final = lives[-1]
    stages = {stage(each.told) for each in lives}
    assert seen(final, EVER) == Hindsight(final.told, final.deadlines(), ())
    judged = {(run.kind, run.generation): run for run in final.deadlines()}
    happened: set[int] = set()
    for at in sorted({at for each in final.recorded for at in (each.occurred_at, each.recorded_at)}):
        view = seen(final, at)
        gone_by = set(range(1, final.told.version + 1)) - set(view.not_yet)
        assert happened <= gone_by
        happened = gone_by
        assert view.case.version == len(gone_by)
        assert stage(view.case) in stages
        for run in view.deadlines:
            known = judged[run.kind, run.generation]
            assert run.status in (known.status, Verdict.PENDING)
            assert run.status is not Verdict.BREACHED or run.due_at <= at
            if known.status is Verdict.BREACHED and known.due_at <= at:
                assert run.status is Verdict.BREACHED
        running = [(run.kind, run.number) for run in view.deadlines if run.ended_by is None]
        assert len(running) == len(set(running))
