"""Any sequence of all commands, by anybody, on two cases of one customer: what never happens whatever people do."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from amends_domain.access.roles import ROLES
from amends_domain.clocks import obligations
from amends_domain.commands import ApproveErasure, Command, Merge, RejectErasure, RequestErasure
from amends_domain.decide import Actor, Rejection
from amends_domain.decisions.erasure import decide_erasure
from amends_domain.decisions.links import absorb
from amends_domain.event_codec import EVENT_CLASSES
from amends_domain.events import (
    CustomerConfirmed,
    CustomerDeclined,
    DeadlineBreached,
    Event,
    ProposalApproved,
    ResolutionProposed,
)
from amends_domain.evolve import fold
from amends_domain.policy import Policy
from amends_domain.runs import Deadline, Verdict
from amends_domain.transitions import TRANSITIONS, allowed
from tests.support.desk import COMMANDS, KINDS, LATER_POLICY, MATTERS, POLICY, STAFF, Asked
from tests.support.lives import MONDAY, OTHER_ID, Life, life, receive

# From DOMAIN, by hand: what staff complained of may not do, and which events end a clock that nobody met.
RECUSED_FROM = {
    "investigate",
    "propose",
    "approve",
    "reject",
    "on-the-spot",
    "close-unsatisfied",
    "withdraw",
    "follow-up",
}
RECUSED_FROM |= {"accept", "merge", "extend", "retime", "release-hold"}
ENDS_CLOCKS = {"complaint-withdrawn", "merged-into", "followed-up", "closed-unsatisfied", "case-classified"}
HEADS = ("department_head", "executive")

LIFE_CYCLE = {"apologize", "investigate", "propose", "approve", "reject", "confirm", "decline", "follow-up", "reopen"}
LIFE_CYCLE |= {"close-unsatisfied"}

Matter = dict[str, str]

staff = st.sampled_from(STAFF)
# Mostly somebody who may do much, so that cases get somewhere.
roles = st.sampled_from(("department_head", "department_head", "executive", "handler", "supervisor", "agent", *ROLES))
choices = st.integers(0, 40)
hours = st.integers(-2, 200)


class Desk(RuleBasedStateMachine):
    """Two cases of one customer: commands, time, another policy, timers in time or late, in any order."""

    @initialize(
        kinds=st.tuples(st.sampled_from(KINDS), st.sampled_from(KINDS)),
        channel=st.sampled_from(("phone", "media")),
        matters=st.tuples(st.sampled_from(MATTERS), st.sampled_from(MATTERS)),
        accused=st.sampled_from(((), (), ("s-2",), ("s-1", "s-3"), ("s-1", "s-head"))),
    )
    def begin(
        self, kinds: tuple[str, str], channel: str, matters: tuple[Matter, Matter], accused: tuple[str, ...]
    ) -> None:
        agent = Actor("s-1", "agent", None)
        told = receive(kind=kinds[0], channel=channel, complained_of=accused, **matters[0])
        first = life(POLICY).does(told, agent)
        later = life(POLICY, case_id=OTHER_ID, position=1000).later(hours=3)
        second = later.does(receive(kind=kinds[1], **matters[1]), agent)
        self.now = second.now
        self.lives = [first.at(self.now), second]
        self.approved_by: list[str | None] = [None, None]
        self.history: list[dict[tuple[str, int], Deadline]] = [{}, {}]
        self.fired: list[set[tuple[str, int, int]]] = [set(), set()]

    @rule(which=st.integers(0, 1), choice=choices, variant=choices, at=hours, person=staff, who=staff, role=roles)
    def do_something_possible(
        self, which: int, choice: int, variant: int, at: int, person: str, who: str, role: str
    ) -> None:
        # A case that is closed again and again is never settled.
        names = [name for name in allowed(self.lives[which].told) if name not in ("withdraw", "merge") or choice < 8]
        if names:
            self._ask(which, names[choice % len(names)], variant, at, person, Actor(who, role, None))

    @rule(
        which=st.integers(0, 1), choice=choices, variant=choices, who=staff, role=st.sampled_from(("handler", *HEADS))
    )
    def life_goes_on(self, which: int, choice: int, variant: int, who: str, role: str) -> None:
        names = [name for name in allowed(self.lives[which].told) if name in LIFE_CYCLE]
        if names:
            self._ask(which, names[choice % len(names)], variant, 24, who, Actor(who, role, None))

    @rule(
        which=st.integers(0, 1),
        name=st.sampled_from(sorted(COMMANDS)),
        variant=choices,
        at=hours,
        person=staff,
        who=staff,
        role=roles,
        branch=st.sampled_from((None, None, "north-street", "harbour")),
    )
    def ask_for_anything(
        self, which: int, name: str, variant: int, at: int, person: str, who: str, role: str, branch: str | None
    ) -> None:
        self._ask(which, name, variant, at, person, Actor(who, role, branch))

    @rule(which=st.integers(0, 1), name=st.sampled_from(("classify", "flag")), variant=choices, person=staff, who=staff)
    def more_becomes_known(self, which: int, name: str, variant: int, person: str, who: str) -> None:
        self._ask(which, name, variant, 24, person, Actor(who, "agent", None))

    @rule(minutes=st.sampled_from((1, 20, 60, 300, 1440, 4000, 12000)))
    def time_passes(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)
        self.lives = [each.at(self.now) for each in self.lives]

    @rule(which=st.integers(0, 1), how_many=st.integers(1, 30))
    def timers_fire(self, which: int, how_many: int) -> None:
        for _ in range(how_many):
            case = self.lives[which]
            due = [f for f in case.firings() if f.at <= case.now]
            if not due:
                return
            f = min(due, key=lambda f: (f.at, f.deadline.kind, f.deadline.generation, f.step))
            name = (f.deadline.kind, f.deadline.generation, f.step)
            assert name not in self.fired[which], f"{name} fired twice"
            self.fired[which].add(name)
            self.lives[which] = case.happened(f.event, occurred_at=f.at, policy=f.deadline.policy)
            self._nothing_is_lost(which)

    @rule(who=staff, role=st.sampled_from(("handler", *HEADS)), answer=st.sampled_from((None, True, False)))
    def the_customer_asks_to_be_forgotten(self, who: str, role: str, answer: bool | None) -> None:
        cases = {each.case_id: which for which, each in enumerate(self.lives)}
        command = RequestErasure("…") if answer is None else ApproveErasure() if answer else RejectErasure()
        told = [each.told for each in self.lives]
        outcome = decide_erasure(told, command, "a-key", self.lives[0].context(Actor(who, role, None)))
        if isinstance(outcome, Rejection):
            return
        if answer:
            asked = next(case.erasure for case in told if case.erasure is not None)
            assert asked.requested_by != who, "one person alone erased a customer"
            assert not any(case.held for case in told), "a case under legal hold was erased"
            assert {case.id for case, _ in outcome} == set(cases), "a case of the customer was left out"
        for case, event in outcome:
            which = cases[case.id]
            self.lives[which] = self.lives[which].happened(event)
            after = self.lives[which].told
            assert (after.status, after.owner, after.cycle) == (case.status, case.owner, case.cycle)
            self._nothing_is_lost(which)

    @precondition(lambda self: self.lives[0].policy is POLICY)
    @rule()
    def another_policy_is_published(self) -> None:
        self.lives = [each.under(LATER_POLICY) for each in self.lives]

    def _ask(self, which: int, name: str, variant: int, at: int, person: str, by: Actor) -> None:
        case, other = self.lives[which], self.lives[1 - which]
        command = COMMANDS[name](Asked(case, other, variant, self.now + timedelta(hours=at), person))
        outcome = case.decided(command, by, other=other)
        if name not in allowed(case.told):
            assert isinstance(outcome, Rejection), f"{name} was not allowed and happened"
        if isinstance(outcome, Rejection):
            return
        assert by.branch in (None, case.told.branch)
        assert not (by.id in case.told.complained_of and name in RECUSED_FROM), f"{by.id} is recused and could {name}"
        self._customer_is_told_of_nothing_unapproved(which, outcome, by)
        after = case.happened(*outcome)
        if isinstance(command, Merge):
            gained = absorb(other.told, case.told, other.context(by, case))
            self.lives[1 - which] = other.happened(*gained)
            self._what_was_owed_goes_along(case, self.lives[1 - which])
            self._nothing_is_lost(1 - which)
        self.lives[which] = after
        self._nothing_is_lost(which)
        self._what_it_says_is_what_happens(command, case, after)

    def _customer_is_told_of_nothing_unapproved(self, which: int, events: tuple[Event, ...], by: Actor) -> None:
        case = self.lives[which].told
        for event in events:
            match event:
                case ResolutionProposed():
                    self.approved_by[which] = None
                case ProposalApproved():
                    self.approved_by[which] = by.role
                case CustomerConfirmed() | CustomerDeclined():
                    assert not case.approval_pending
                    if case.type == "mis_selling":
                        assert self.approved_by[which] in HEADS, "mis-selling settled without a head's approval"
                case _:
                    pass

    def _nothing_is_lost(self, which: int) -> None:
        case = self.lives[which]
        before, now = self.history[which], {(d.kind, d.generation): d for d in case.deadlines()}
        types = {mark.version: mark.type for mark in case.told.marks}
        for name, was in before.items():
            run = now[name]
            assert run.due_at == was.due_at, f"{name} was moved silently"
            if was.status is not Verdict.PENDING:
                assert run.status is was.status, f"{name} was {was.status} and is {run.status}"
        for name, run in now.items():
            if run.status is Verdict.CANCELLED:
                assert run.ended_by is not None
                assert types[run.ended_by] in ENDS_CLOCKS, f"{name} was ended by {types[run.ended_by]}"
            if run.status is Verdict.EXTENDED:
                assert (run.kind, run.generation + 1) in now, f"{name} was replaced by nothing"
        self.history[which] = now
        breaches = [
            (f.deadline.kind, f.deadline.generation) for f in case.firings() if isinstance(f.event, DeadlineBreached)
        ]
        owed = [
            n
            for n, d in now.items()
            if d.status is Verdict.PENDING or (d.status is Verdict.BREACHED and not d.breach_recorded)
        ]
        assert sorted(breaches) == sorted(owed), "a deadline without the event that it will be, or one too many"

    def _what_was_owed_goes_along(self, merged: Life, survivor: Life) -> None:
        theirs = {d.kind: d for d in survivor.deadlines() if d.status is not Verdict.CANCELLED}
        promises = [promise.due_at for promise in survivor.told.open_promises]
        for promise in merged.told.open_promises:
            assert promise.due_at in promises, "a promise was lost"
        for run in merged.deadlines():
            if run.ended_at is None and not run.rule.is_promised:
                found = theirs.get(run.kind)
                assert found is not None, f"{run.kind} was lost"
                assert found.status is not Verdict.PENDING or found.due_at <= run.due_at, f"{run.kind} is due later"

    def _what_it_says_is_what_happens(self, command: Command, before: Life, after: Life) -> None:
        leads_to = TRANSITIONS[command.NAME].leads_to
        stayed = after.told.status is before.told.status
        assert stayed or after.told.status is leads_to, f"{command.NAME} led to {after.told.status}"
        if command.NAME == "reopen":
            assert (after.told.cycle, after.told.owner) == (before.told.cycle + 1, before.told.owner)

    @invariant()
    def every_case_has_an_owner_who_is_not_complained_of(self) -> None:
        for each in self.lives:
            assert each.told.owner
            assert each.told.owner not in each.told.complained_of

    @invariant()
    def a_stream_folded_at_once_is_what_it_was_step_by_step_and_what_was_given_stays(self) -> None:
        each = self.lives[-1]
        half = len(each.recorded) // 2
        middle = fold(None, each.case_id, each.recorded[:half])
        before = None if middle is None else replace(middle)
        assert fold(middle, each.case_id, each.recorded[half:]) == each.told
        assert middle == before

    @invariant()
    def time_never_runs_backwards(self) -> None:
        for each in self.lives:
            recorded = [mark.recorded_at for mark in each.told.marks]
            assert recorded == sorted(recorded)
            assert all(MONDAY <= mark.occurred_at <= mark.recorded_at for mark in each.told.marks)

    @invariant()
    def every_cycle_of_a_complaint_has_the_clocks_of_one(self) -> None:
        for each in self.lives:
            if each.told.kind == "complaint" and each.told.is_open:
                kinds = {d.kind for d in each.deadlines() if d.cycle == each.told.cycle}
                assert kinds >= {"apology", "callback", "statutory", "reply"}

    @invariant()
    def money_that_a_machine_kept_has_its_clock_as_long_as_the_case_is_known_for_that(self) -> None:
        for each in self.lives:
            case = each.told
            if (
                case.kind == "complaint"
                and case.is_open
                and (case.type, case.cause) == ("atm_card_or_cash", "cash_jam")
            ):
                runs = [d for d in each.runs("cash_jam") if d.cycle == case.cycle]
                assert any(run.status is not Verdict.CANCELLED for run in runs), "nobody owes the refund"

    @invariant()
    def what_clocks_pass_over_is_nothing_to_any(self) -> None:
        each = self.lives[-1]
        assert each.deadlines() == obligations(each.told, {name: _hearing_all(p) for name, p in each.policies.items()})

    @invariant()
    def a_closed_case_owes_only_what_it_gave_its_word_for(self) -> None:
        for each in self.lives:
            if not each.told.is_open:
                running = {d.kind for d in each.deadlines() if d.status is Verdict.PENDING}
                assert running <= {"promise", "corrective_action"}


def _hearing_all(policy: Policy) -> Policy:
    """The same, but that its clocks look at everything that happens."""
    same = replace(policy)
    vars(same)["clock_events"] = frozenset(EVENT_CLASSES)
    return same


TestDesk = Desk.TestCase
TestDesk.settings = settings(max_examples=100, stateful_step_count=50, deadline=None, derandomize=True)


def test_every_command_is_asked_for() -> None:
    assert set(COMMANDS) == set(TRANSITIONS)
