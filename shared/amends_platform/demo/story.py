"""What happens in the demo, as data: who does what on which complaint, when. It is told for the policy `demo`.

Of its clocks: an apology is due 6 s after the complaint, with a reminder at 4.5 s; a callback 12 s after, with
reminders at 6 and 10 s, or later if the customer agrees; a follow-up 8 s after the customer accepted, with a
reminder at 5 s; a promise when it says; the call that a refund was made 10 s after it. What is not met climbs its
ladder: at once, after 4, 8 and 20 s.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from amends_platform.demo.steps import (
    AGENT,
    HANDLER,
    HEAD,
    SUPERVISOR,
    Part,
    Step,
    apology,
    callback,
    confirmation,
    follow_up,
    investigation,
    kept,
    promise,
    proposal,
    refund,
)

_CAST: Final = (
    Part(
        "sample:001",
        0.0,
        "{customer}'s card is in the machine, and she flies tomorrow",
        (
            apology(1.0),
            callback(2.5),
            investigation(3.5, "card_retained"),
            proposal(4.5, "offers to bring the card out tonight"),
            confirmation(6.0),
            promise(6.5, 4.0, "Somebody is at your door with the card.", "promises {customer} her card in 4 s"),
            kept(8.5, "is at the door with the card: the promise is kept"),
            follow_up(9.0, 9),
            Step(10.5, HANDLER, "review", {"text": "The machine needs a telephone number."}, "notes what to do better"),
        ),
    ),
    Part(
        "sample:003",
        1.0,
        "{customer}'s mother lost her card to a machine, and nobody is in charge of it",
        (
            apology(1.0),
            callback(2.0),
            investigation(3.0, "card_retained"),
            proposal(4.0, "brings the card to their door"),
            confirmation(5.0),
            follow_up(7.0, 10),
            Step(
                15.0,
                AGENT,
                "reopening",
                {"reason": "recurrence", "text": "The same machine again."},
                "reopens it: the same machine has kept the card again, and every clock starts afresh",
            ),
            apology(17.0),
            callback(19.0),
        ),
    ),
    Part(
        "sample:002",
        2.0,
        "{customer}'s 400 were counted and never came out",
        (
            apology(7.5, "apologises to {customer}, too late: the breach stays"),
            callback(9.0),
            investigation(10.0, "cash_jam"),
            proposal(11.0, "offers 400 back, which is beyond a handler", amount="400"),
            confirmation(12.0, "would tell {customer} at once"),
            Step(13.0, SUPERVISOR, "proposals/approval", {"reason": "The journal shows it."}, "approves the 400"),
            confirmation(14.5),
            refund(15.5, "pays the 400 back, and now owes {customer} a call"),
            callback(17.0, "calls {customer}: it is on his account"),
            follow_up(18.0, 6),
        ),
    ),
    Part(
        "sample:005",
        3.0,
        "{customer} has called three times, and nobody wrote it down. Nobody does now, either: watch it climb",
        (
            callback(17.0, "calls {customer} at last"),
            apology(18.0, "apologises to {customer} at last"),
        ),
    ),
    Part(
        "sample:007",
        4.0,
        "{customer} was sold a loan with more in it than he was told",
        (
            apology(1.5),
            callback(3.0),
            investigation(4.0, "special_terms_not_pointed_out"),
            proposal(5.0, "offers 250: for mis-selling, a head must approve any amount", amount="250"),
            Step(6.0, SUPERVISOR, "proposals/approval", {"reason": "Seems right."}, "would approve it"),
            Step(7.5, HEAD, "proposals/approval", {"reason": "He was not told."}, "approves it"),
            confirmation(9.0),
            follow_up(19.0, 7),
        ),
    ),
    Part(
        "sample:017",
        5.0,
        "{customer}'s bakery has no line on the third day, and he will call the newspaper",
        (
            apology(1.0),
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
            promise(6.0, 5.0, "The fitter is with you.", "promises {customer} the fitter in 5 s"),
            kept(14.0, "hears that the fitter has come. Too late: the breach stays"),
            callback(17.0, "calls {customer} back at the time agreed"),
        ),
    ),
    Part(
        "sample:021",
        6.0,
        "{customer} paid her rent twice, because the app froze",
        (
            apology(1.0),
            Step(
                2.0,
                AGENT,
                "handoffs",
                {"department": "payments", "reason": "They can see both payments."},
                "offers the case to payments; until they accept, it stays where it is",
            ),
            Step(2.7, HANDLER, "handoffs/acceptance", {}, "accepts it for payments, and owns it from now on"),
            callback(3.4),
            investigation(4.0, "system_failure"),
            proposal(5.0, "offers an apology"),
            Step(
                6.5,
                AGENT,
                "decline",
                {"by_channel": "phone", "reason": "It does not pay the rent."},
                "{customer} declines: an apology pays no rent",
            ),
            proposal(8.0, "offers 900 back, which a head may", role=HEAD, amount="900"),
            confirmation(9.5),
            follow_up(14.0, 10),
        ),
    ),
    Part(
        "sample:048",
        7.0,
        "{customer} writes through the newspaper: a village without a signal. A major case",
        (
            apology(2.0),
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
            callback(15.0, "calls {customer} back, too late"),
        ),
    ),
    Part(
        "sample:009",
        8.0,
        "{customer} waited an hour in the wrong queue",
        (
            apology(1.0),
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
    apology_at, callback_at = 2.0, 4.5
    match number % 6:
        case 1:
            apology_at = 5.2
        case 3:
            apology_at = 7.0
        case 5:
            callback_at = 13.0
    spoken = max(apology_at, callback_at)
    steps = [
        apology(apology_at),
        callback(callback_at),
        investigation(spoken + 1, sample.get("cause") or "process_too_slow"),
        proposal(spoken + 2, ""),
        confirmation(spoken + 3),
        follow_up(spoken + 6, 6 + number % 5),
    ]
    if sample.get("cause") == "cash_jam":
        # Which starts a clock that waits for a call.
        steps += [refund(spoken + 4, ""), callback(spoken + 5)]
    if sample.get("type") == "mis_selling":
        # A head must agree, whatever is offered.
        steps.append(Step(spoken + 2.5, HEAD, "proposals/approval", {"reason": "It is owed."}, ""))
    untold = sorted((step._replace(told="") for step in steps), key=lambda step: step.seconds)
    return Part(name, _QUEUE_FROM_SECONDS + number * _QUEUE_EVERY_SECONDS, "", tuple(untold))
