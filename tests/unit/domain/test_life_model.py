"""Any sequence of commands, against a model of the life cycle small enough to be checked by reading."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from amends_domain.case import CLOSED
from amends_domain.commands import (
    Act,
    AgreeCallback,
    Apologize,
    Approve,
    Command,
    Confirm,
    Decline,
    FollowUp,
    Investigate,
    Propose,
    RecordContact,
    Reject,
    Reopen,
    Review,
    Withdraw,
)
from amends_domain.decide import Rejection
from amends_domain.events import DeadlineBreached
from amends_domain.runs import Verdict
from tests.support.lives import HANDLER, HEAD, Life, life, receive

# The model: (state, approval pending) and, for each command, where it leads. Anything else is refused.
MODEL: dict[tuple[str, bool], dict[str, tuple[str, bool]]] = {
    ("received", False): {"apologize": ("apologized", False)},
    ("apologized", False): {"investigate": ("investigated", False)},
    ("investigated", False): {"propose": ("proposed", False), "propose-high": ("proposed", True)},
    ("proposed", True): {"approve": ("proposed", False), "reject": ("investigated", False)},
    ("proposed", False): {"confirm": ("customer-confirmed", False), "decline": ("investigated", False)},
    ("customer-confirmed", False): {
        "follow-up": ("followed-up", False),
        "follow-up-failed": ("customer-confirmed", False),
    },
    ("followed-up", False): {"review": ("followed-up", False), "reopen": ("received", False)},
    ("withdrawn", False): {"reopen": ("received", False)},
}
for (_state, _pending), _moves in MODEL.items():
    if _state not in ("followed-up", "withdrawn"):
        _moves["withdraw"] = ("withdrawn", False)
        _moves["contact"] = _moves["act"] = (_state, _pending)

COMMANDS: dict[str, Command] = {
    "apologize": Apologize("phone", "Sorry."),
    "investigate": Investigate("It jammed.", "process_too_slow", True),
    "propose": Propose("apology", "A letter."),
    "propose-high": Propose("refund", "Money.", Decimal(900), "CNY"),
    "approve": Approve("Fair."),
    "reject": Reject("No."),
    "confirm": Confirm("phone"),
    "decline": Decline("phone", "No."),
    "follow-up": FollowUp(True, 9),
    "follow-up-failed": FollowUp(False),
    "review": Review("Listen."),
    "withdraw": Withdraw("phone", "Settled."),
    "reopen": Reopen("overdue"),
    "contact": RecordContact("outbound", "phone", True, "Called."),
    "act": Act("refund_made"),
}


class CaseLife(RuleBasedStateMachine):
    """Commands, time passing, and the timer that fires what is due, in any order."""

    @initialize()
    def begin(self) -> None:
        self.life: Life = life().does(receive())
        self.model = ("received", False)
        self.breaches: set[tuple[str, int]] = set()

    @rule(name=st.sampled_from(sorted(COMMANDS)))
    def command(self, name: str) -> None:
        by = HANDLER if name.startswith("propose") else HEAD
        outcome = self.life.decided(COMMANDS[name], by)
        leads_to = MODEL[self.model].get(name)
        if leads_to is None:
            assert isinstance(outcome, Rejection), f"{name} in {self.model} was allowed"
            return
        assert not isinstance(outcome, Rejection), outcome
        self.life = self.life.happened(*outcome)
        self.model = leads_to

    @rule(hours=st.integers(1, 60))
    def time_passes(self, hours: int) -> None:
        self.life = self.life.later(hours=hours)

    @rule(days=st.integers(1, 6))
    def agree_on_a_callback(self, days: int) -> None:
        outcome = self.life.decided(AgreeCallback(self.life.later(days=days).now))
        if not isinstance(outcome, Rejection):
            self.life = self.life.happened(*outcome)

    @rule()
    def timer_fires(self) -> None:
        while True:
            due = [firing for firing in self.life.firings() if firing.at <= self.life.now]
            if not due:
                return
            deadline, event = due[0].deadline, due[0].event
            if isinstance(event, DeadlineBreached):
                assert (deadline.kind, deadline.generation) not in self.breaches, "a deadline fired twice"
                self.breaches.add((deadline.kind, deadline.generation))
            self.life = self.life.happened(event)

    @invariant()
    def state_is_the_models(self) -> None:
        assert self.life.case is not None
        assert (self.life.case.status.value, self.life.case.approval_pending) == self.model

    @invariant()
    def no_breach_is_ever_erased(self) -> None:
        breached = {(d.kind, d.generation) for d in self.life.deadlines() if d.status is Verdict.BREACHED}
        assert self.breaches <= breached

    @invariant()
    def an_open_case_in_time_has_its_callback_clock_or_had_its_callback(self) -> None:
        assert self.life.case is not None
        runs = [d for d in self.life.deadlines() if d.kind == "callback" and d.cycle == self.life.case.cycle]
        assert runs, "a cycle without a callback clock"
        if self.life.case.status in CLOSED:
            assert all(d.ended_at is not None or d.status is Verdict.BREACHED for d in self.life.deadlines())


TestCaseLife = CaseLife.TestCase
TestCaseLife.settings = settings(max_examples=120, stateful_step_count=40, deadline=None)
