"""Everything that can be asked of a case, by name, for tests that ask for it in any order."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from amends_domain import commands as c
from amends_domain.commands import Command
from amends_domain.policy import Policy
from tests.support.lives import APOLOGY, FINDING, ON_THE_SPOT, Life
from tests.support.policy_documents import build, document

STAFF = ("s-1", "s-2", "s-3", "s-head")

_JAM = {"type": "atm_card_or_cash", "cause": "cash_jam"}
_CLOCKS: Mapping[str, Any] = {
    **document()["clocks"],
    "cash_jam": {**document()["clocks"]["cash_jam"], "when": _JAM},
    "refund_call": {"when": _JAM, "from": "action:refund_made", "stop": ["callback-made"], "due": "same_day"},
    "retained_card": {
        "from": "action:customer_told",
        "stop": ["action:card_collected"],
        "due": "3bd",
        "warn": ["1bd before"],
        "owed_by": "customer",
    },
    "hand_off": {
        "from": "hand-off-offered",
        "stop": ["hand-off-accepted", "hand-off-refused"],
        "due": "1bd",
        "warn": ["75%"],
    },
    "care": {"when": {"flag": ["vulnerable"]}, "from": "complaint-received", "stop": ["callback-made"], "due": "48h"},
    "reply": {
        "from": "complaint-received",
        "stop": ["action:decision_sent"],
        "due": "15bd",
        "extend": [{"to": "35bd", "requires": {"action": "holding_reply_sent"}}],
    },
}


def _policy(version: int, apology: str) -> Policy:
    clocks = {**_CLOCKS, "apology": {**_CLOCKS["apology"], "due": apology}}
    return build(version=version, clocks=clocks, heads={"north-street": "s-head"})


POLICY = _policy(3, "24h")
LATER_POLICY = _policy(4, "36h")

KINDS = ("complaint", "complaint", "complaint", "inquiry")
MATTERS: tuple[dict[str, str], ...] = ({}, _JAM, {"type": "mis_selling"})


class Asked(NamedTuple):
    """What is asked, of many variants the `choice`-th, at `at` where it names a time, by or about `person`."""

    life: Life
    other: Life
    choice: int
    at: datetime
    person: str

    def one_of(self, *options: Any) -> Any:
        return options[self.choice % len(options)]


def _proposal(asked: Asked) -> c.Propose:
    kind, amount = asked.one_of(("apology", None), ("refund", 10), ("refund", 900), ("refund", 9000), ("refusal", None))
    return c.Propose(kind, "…", None if amount is None else Decimal(amount), None if amount is None else "CNY")


def _finding(asked: Asked) -> c.Investigate:
    measures = asked.one_of((), (c.Countermeasure("Train.", asked.person, asked.at),))
    return replace(
        FINDING, cause=asked.one_of("process_too_slow", "cash_jam", "staff_attitude"), countermeasures=measures
    )


def _contact(asked: Asked) -> Any:
    explained = c.RecordContact("inbound", "phone", True, "…", reason_explained=True)
    return asked.one_of(
        explained,
        c.RecordContact("outbound", "phone", True, "…"),
        c.RecordContact("outbound", "phone", False, "…"),
        replace(explained, agreed_callback_at=asked.at),
        replace(explained, promise=c.PromiseToCustomer("…", asked.at)),
    )


def _callback(asked: Asked) -> c.AgreeCallback:
    contacts = asked.life.told.contacts
    return c.AgreeCallback(asked.at, contacts[-1].position if contacts and asked.choice % 2 else None)


def _classification(asked: Asked) -> Any:
    return asked.one_of(
        c.Classify(type="atm_card_or_cash", cause="cash_jam"),
        c.Classify(type="mis_selling"),
        c.Classify(type="waiting_time"),
        c.Classify(complained_of=(asked.person,)),
        c.Classify(kind="complaint", reason="…"),
        c.Classify(grade="major", reason="…"),
        c.Classify(severity="high", complained_of=(asked.person,)),
    )


def _flags(asked: Asked) -> c.ChangeFlags:
    flag = asked.one_of("urgent", "complex", "vulnerable", "persistent", "severe")
    return c.ChangeFlags(remove=(flag,)) if flag in asked.life.told.flags else c.ChangeFlags((flag,))


def _action(asked: Asked) -> c.Act:
    actions = ("refund_made", "customer_told", "card_collected", "corrective_action_done", "holding_reply_sent")
    return c.Act(asked.one_of(*actions, "decision_sent"))


COMMANDS: Mapping[str, Callable[[Asked], Command]] = {
    "apologize": lambda _: APOLOGY,
    "investigate": _finding,
    "propose": _proposal,
    "approve": lambda _: c.Approve("…"),
    "reject": lambda _: c.Reject("…"),
    "confirm": lambda _: c.Confirm("phone"),
    "decline": lambda _: c.Decline("phone", "…"),
    "on-the-spot": lambda asked: replace(ON_THE_SPOT, proposal=_proposal(asked), investigation=_finding(asked)),
    "follow-up": lambda asked: c.FollowUp(asked.one_of(True, False), 8),
    "review": lambda _: c.Review("…"),
    "withdraw": lambda _: c.Withdraw("phone", "…"),
    "close-unsatisfied": lambda _: c.CloseUnsatisfied("…"),
    "reopen": lambda asked: c.Reopen(asked.one_of("overdue", "recurrence", "new-facts")),
    "merge": lambda asked: c.Merge(asked.other.case_id, "…"),
    "assign": lambda asked: c.Assign(asked.person),
    "hand-off": lambda asked: asked.one_of(c.HandOver(to_person=asked.person), c.HandOver(to_department="cards")),
    "accept": lambda _: c.AcceptHandOff(),
    "refuse": lambda _: c.RefuseHandOff("…"),
    "contact": _contact,
    "agree-callback": _callback,
    "promise": lambda asked: c.MakePromise("…", asked.at),
    "keep-promise": lambda asked: c.KeepPromise(1 + asked.choice % max(asked.life.told.promises, 1)),
    "act": _action,
    "classify": _classification,
    "flag": _flags,
    "escalate": lambda _: c.Escalate("…"),
    "extend": lambda _: c.Extend("statutory", "…"),
    "retime": lambda _: c.Retime("apology", "…"),
    "link": lambda asked: c.Link(asked.other.case_id, "same-matter"),
    "correct": lambda asked: c.Correct(asked.life.told.marks[asked.choice % len(asked.life.told.marks)].position, "…"),
    "note": lambda _: c.AddNote("…"),
    "acknowledge": lambda asked: c.Acknowledge(
        asked.life.told.marks[asked.choice % len(asked.life.told.marks)].position
    ),
    "hold": lambda _: c.Hold("…"),
    "release-hold": lambda _: c.ReleaseHold("…"),
    "close-incident": lambda _: c.CloseIncident("…"),
}
