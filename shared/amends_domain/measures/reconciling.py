"""Whether totals reconcile: each equation of the pack, its two sides counted from different ends."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from amends_domain.measures.contribution import Sum
from amends_domain.measures.figures import Figures, Part


@dataclass(frozen=True)
class Reconciliation:
    """The parts, with their signs, and the total that they should make. `difference` is parts less total: 0 is well.

    `branch` None: of all together.
    """

    name: str
    branch: str | None
    parts: tuple[Part, ...]
    total: int
    difference: int

    @property
    def holds(self) -> bool:
        return self.difference == 0


def equation(name: str, branch: str | None, parts: Sequence[Part], total: int) -> Reconciliation:
    return Reconciliation(name, branch, tuple(parts), total, sum(part.count for part in parts) - total)


def within(one: Figures) -> Iterator[Reconciliation]:
    """The equations between the figures of one branch, or of all."""
    volumes, flow = one.volumes, one.flow
    closed = [Part(f"-{part.name}", -part.count) for part in flow.closed]

    def holds(name: str, parts: Sequence[Part], total: int) -> Reconciliation:
        return equation(name, one.branch, parts, total)

    yield holds("kinds", volumes.received, volumes.records)
    received_complaints = next(part.count for part in volumes.received if part.name == "complaint")
    turned = Part("turned_into_complaints", volumes.turned_into_complaints)
    yield holds("complaints", (Part("complaint", received_complaints), turned), volumes.complaints)
    yield holds("types", volumes.types, volumes.complaints)
    yield holds("causes", volumes.causes, volumes.complaints)
    yield holds("channels", volumes.channels, volumes.complaints)
    yield holds("grades", volumes.grades, volumes.complaints)
    yield holds(
        "flow",
        (
            Part("opening", flow.opening),
            Part("received", flow.received),
            Part("reopened", flow.reopened),
            *closed,
        ),
        flow.closing,
    )
    clocks = [Part(clock.clock, clock.kept.whole) for clock in one.timeliness.clocks]
    yield holds("clocks", clocks, one.timeliness.kept.whole)
    answers = one.satisfaction
    groups = [Part(name, getattr(answers, name)) for name in ("unhappy", "neutral", "delighted")]
    yield holds("answers", groups, sum(answers.answers))
    followed_up = next(part.count for part in flow.closed if part.name == "followed-up")
    yield holds("answers_of_follow_ups", (Part("answers", sum(answers.answers)),), followed_up)
    promises = one.promises
    yield holds(
        "promises",
        [Part(name, getattr(promises, name)) for name in ("kept", "broken", "dropped", "open")],
        promises.before + promises.made,
    )
    before, planned, done, after = (
        sum(getattr(row, name) for row in one.causes) for name in ("before", "planned", "done", "open")
    )
    parts = (Part("before", before), Part("planned", planned), Part("-done", -done))
    yield holds("countermeasures", parts, after)
    closings = [part.count for part in flow.closed if part.name != "merged"]
    ways = ("unresolved", "resolved", "resolved_quickly", "other_kinds")
    yield holds("closings", [Part(name, getattr(one.recovery, name)) for name in ways], sum(closings))


def over_branches(total: Sum) -> Iterator[Reconciliation]:
    """Every count of every branch, against those that were counted for all together."""
    names = sorted({str(key[0]) for key in total.total} | {str(key[0]) for c in total.branches.values() for key in c})
    for name in names:
        yield equation(
            f"branches:{name}",
            None,
            [Part(branch, _of(name, total.branches[branch])) for branch in sorted(total.branches)],
            _of(name, total.total),
        )


def with_log(total: Sum, logged: Mapping[str, int], cases: int) -> Iterator[Reconciliation]:
    """What was read, against what the database counts: events of the month by type, and cases ever begun."""
    read = Counter({str(key[1]): count for key, count in total.total.items() if key[0] == "logged"})
    for event_type in sorted({*read, *logged}):
        yield equation(f"log:{event_type}", None, (Part("read", read[event_type]),), logged.get(event_type, 0))
    states = [Part(str(key[1]), count) for key, count in sorted(total.total.items(), key=str) if key[0] == "state"]
    apart = [
        Part("history" if key[0] == "apart" else "incidents", count)
        for key, count in sorted(total.total.items(), key=str)
        if key[0] in ("apart", "incident_state")
    ]
    yield equation("states", None, (*states, *apart), cases)


def _of(name: str, counts: Mapping[tuple[str | int, ...], int]) -> int:
    return sum(count for key, count in counts.items() if key[0] == name)
