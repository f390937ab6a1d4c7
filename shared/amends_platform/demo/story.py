"""What happens in the demo, as data: who does what on which complaint, when. It is told for the policy `demo`.

Of its clocks: an apology is due 6 s after the complaint, with a reminder at 4.5 s; a callback 12 s after, with
reminders at 6 and 10 s, or later if the customer agrees; a follow-up 8 s after the customer accepted, with a
reminder at 5 s.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

AGENT, HANDLER, SUPERVISOR, HEAD = "agent", "handler", "supervisor", "department_head"


class Moment(NamedTuple):
    """What a step may refer to: the time it is, and where in the log the last contact of the case stands."""

    now: datetime
    contact_position: int | None

    def in_seconds(self, seconds: float) -> str:
        return (self.now + timedelta(seconds=seconds)).isoformat()


class Step(NamedTuple):
    """`role` gives the command `path` with `body`, so many seconds after the complaint.

    `told` is for who watches: what the role does, or a sentence of its own where it begins with the customer.
    """

    seconds: float
    role: str
    path: str
    body: Mapping[str, Any] | Callable[[Moment], Mapping[str, Any]]
    told: str


class Part(NamedTuple):
    """One complaint's story; `seconds` after the demo began. Untold ones fill the queue."""

    sample: str
    seconds: float
    told: str
    steps: tuple[Step, ...]


def _apology(seconds: float, told: str = "apologises to {customer}") -> Step:
    text = "We are sorry. Thank you for telling us; here is what we shall do next."
    return Step(seconds, AGENT, "apology", {"by_channel": "phone", "text": text}, told)


def _callback(seconds: float, told: str = "calls {customer} back") -> Step:
    body = {"direction": "outbound", "channel": "phone", "summary": "Spoke about what happened and what comes next."}
    return Step(seconds, HANDLER, "contacts", body, told)


def _investigation(seconds: float, cause: str, told: str = "has found out what happened") -> Step:
    body = {
        "findings": "Looked through the records and asked everybody who was there.",
        "cause": cause,
        "at_fault": True,
        "countermeasures": ["Shown to the team, with what to do instead."],
    }
    return Step(seconds, HANDLER, "investigation", body, told)


def _proposal(seconds: float, told: str, *, role: str = HANDLER, amount: str | None = None) -> Step:
    body: dict[str, Any] = {"kind": "apology", "text": "What we offer, and by when it is done."}
    if amount is not None:
        body |= {"kind": "refund", "amount": amount, "currency": "EUR"}
    return Step(seconds, role, "proposals", body, told)


def _confirmation(seconds: float, told: str = "{customer} accepts") -> Step:
    return Step(seconds, AGENT, "confirmation", {"by_channel": "phone"}, told)


def _follow_up(seconds: float, satisfaction: int) -> Step:
    told = f"asks whether it was done: yes, and {{customer}} gives {satisfaction} of 10"
    return Step(seconds, AGENT, "follow-up", {"executed": True, "satisfaction": satisfaction}, told)


_CAST: Final = (
    Part(
        "sample:001",
        0.0,
        "{customer}'s card is in the machine, and she flies tomorrow",
        (
            _apology(1.0),
            _callback(2.5),
            _investigation(3.5, "card_retained"),
            _proposal(4.5, "offers to bring the card out tonight"),
            _confirmation(6.0),
            _follow_up(9.0, 9),
            Step(10.5, HANDLER, "review", {"text": "The machine needs a telephone number."}, "notes what to do better"),
        ),
    ),
    Part(
        "sample:003",
        1.0,
        "{customer}'s mother lost her card to a machine, and nobody is in charge of it",
        (
            _apology(1.0),
            _callback(2.0),
            _investigation(3.0, "card_retained"),
            _proposal(4.0, "brings the card to their door"),
            _confirmation(5.0),
            _follow_up(7.0, 10),
            Step(
                15.0,
                AGENT,
                "reopening",
                {"reason": "recurrence", "text": "The same machine again."},
                "reopens it: the same machine has kept the card again, and every clock starts afresh",
            ),
            _apology(17.0),
            _callback(19.0),
        ),
    ),
    Part(
        "sample:002",
        2.0,
        "{customer}'s 400 were counted and never came out",
        (
            _apology(7.5, "apologises to {customer}, too late: the breach stays"),
            _callback(9.0),
            _investigation(10.0, "cash_jam"),
            _proposal(11.0, "offers 400 back, which is beyond a handler", amount="400"),
            _confirmation(12.0, "would tell {customer} at once"),
            Step(13.0, SUPERVISOR, "proposals/approval", {"reason": "The journal shows it."}, "approves the 400"),
            _confirmation(14.5),
            _follow_up(18.0, 6),
        ),
    ),
    Part(
        "sample:005",
        3.0,
        "{customer} has called three times, and nobody wrote it down. Nobody does now, either",
        (
            _callback(17.0, "calls {customer} at last"),
            _apology(18.0, "apologises to {customer} at last"),
        ),
    ),
    Part(
        "sample:007",
        4.0,
        "{customer} was sold a loan with more in it than he was told",
        (
            _apology(1.5),
            _callback(3.0),
            _investigation(4.0, "special_terms_not_pointed_out"),
            _proposal(5.0, "offers 250: for mis-selling, a head must approve any amount", amount="250"),
            Step(6.0, SUPERVISOR, "proposals/approval", {"reason": "Seems right."}, "would approve it"),
            Step(7.5, HEAD, "proposals/approval", {"reason": "He was not told."}, "approves it"),
            _confirmation(9.0),
            _follow_up(19.0, 7),
        ),
    ),
    Part(
        "sample:017",
        5.0,
        "{customer}'s bakery has no line on the third day, and he will call the newspaper",
        (
            _apology(1.0),
            Step(
                3.0,
                HANDLER,
                "callback",
                lambda moment: {"at": moment.in_seconds(17)},
                "would put the callback off, without asking {customer}",
            ),
            Step(
                4.5,
                HANDLER,
                "contacts",
                lambda moment: {
                    "direction": "outbound",
                    "channel": "phone",
                    "summary": "The fitter comes this afternoon; he would rather hear from us after that.",
                    "reason_explained": True,
                    "agreed_callback_at": moment.in_seconds(14),
                },
                "explains the delay, and {customer} agrees to a later call: the old deadline is off, a new one runs",
            ),
            _callback(17.0, "calls {customer} back at the time agreed"),
        ),
    ),
    Part(
        "sample:021",
        6.0,
        "{customer} paid her rent twice, because the app froze",
        (
            _apology(1.0),
            _callback(3.0),
            _investigation(4.0, "system_failure"),
            _proposal(5.0, "offers an apology"),
            Step(
                6.5,
                AGENT,
                "decline",
                {"by_channel": "phone", "reason": "It does not pay the rent."},
                "{customer} declines: an apology pays no rent",
            ),
            _proposal(8.0, "offers 900 back, which a head may", role=HEAD, amount="900"),
            _confirmation(9.5),
            _follow_up(14.0, 10),
        ),
    ),
    Part(
        "sample:048",
        7.0,
        "{customer} writes through the newspaper: a village without a signal. A major case",
        (
            _apology(2.0),
            Step(
                13.5,
                HANDLER,
                "contacts",
                lambda moment: {
                    "direction": "outbound",
                    "channel": "phone",
                    "summary": "Asked for more time.",
                    "reason_explained": True,
                    "agreed_callback_at": moment.in_seconds(6),
                },
                "would move the callback, but it has expired",
            ),
            _callback(15.0, "calls {customer} back, too late"),
        ),
    ),
    Part(
        "sample:009",
        8.0,
        "{customer} waited an hour in the wrong queue",
        (
            _apology(1.0),
            Step(
                3.0,
                AGENT,
                "withdrawal",
                {"by_channel": "phone", "reason": "The apology was all she wanted."},
                "{customer} withdraws: the apology was all she wanted",
            ),
        ),
    ),
)

_QUEUE_FROM_SECONDS: Final = 2.5
_QUEUE_EVERY_SECONDS: Final = 0.45


def story(samples: Mapping[str, Mapping[str, Any]]) -> tuple[Part, ...]:
    """The cast's parts, and one for every other sample: most are handled in time, some are not."""
    cast = {part.sample for part in _CAST}
    others = [name for name in samples if name not in cast]
    return (*_CAST, *(_routine(number, name, samples[name]) for number, name in enumerate(others)))


def _routine(number: int, name: str, sample: Mapping[str, Any]) -> Part:
    apology, callback = 2.0, 4.5
    match number % 6:
        case 1:
            apology = 5.2
        case 3:
            apology = 7.0
        case 5:
            callback = 13.0
    spoken = max(apology, callback)
    steps = [
        _apology(apology),
        _callback(callback),
        _investigation(spoken + 1, "process_too_slow"),
        _proposal(spoken + 2, ""),
        _confirmation(spoken + 3),
        _follow_up(spoken + 6, 6 + number % 5),
    ]
    if sample.get("type") == "mis_selling":
        # A head must agree, whatever is offered.
        steps.append(Step(spoken + 2.5, HEAD, "proposals/approval", {"reason": "It is owed."}, ""))
    untold = sorted((step._replace(told="") for step in steps), key=lambda step: step.seconds)
    return Part(name, _QUEUE_FROM_SECONDS + number * _QUEUE_EVERY_SECONDS, "", tuple(untold))
