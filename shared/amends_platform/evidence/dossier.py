"""The dossier: a case as a person reads it who was not there. What it says; `dossier_html` and `dossier_pdf` print it.

Made of the events and nothing else, so the same case gives the same dossier, wherever and whenever it is made.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from amends_domain.case import ALL_BRANCHES, Case
from amends_domain.events import (
    CallbackMade,
    ComplaintReceived,
    ContactAttempted,
    ContactRecorded,
    DeadlineBreached,
)
from amends_domain.late_entries import late_entries
from amends_domain.runs import Deadline, Verdict
from amends_platform.evidence.subject import Subject, policies_used
from amends_platform.evidence.tree_head import TreeHead
from amends_platform.words import words
from amends_store.records import StoredEvent

# A dossier is proven letter by letter, so it has one language.
_SAID: Final = words("en")

_CONTACTS: Final = frozenset({CallbackMade.TYPE, ContactAttempted.TYPE, ContactRecorded.TYPE})


@dataclass(frozen=True)
class ClockTold:
    """One run of a clock. `verdict` is one of the words of `Verdict`."""

    name: str
    verdict: str
    started_at: str
    due_at: str
    ended_at: str
    explanation: str


@dataclass(frozen=True)
class ContactTold:
    """An exchange with the customer, and whoever spoke."""

    at: str
    how: str
    outcome: str
    spoken_by: str


@dataclass(frozen=True)
class EntryTold:
    """An event in a sentence, and what people said in it. `is_breach`: to be seen at a glance."""

    version: int
    at: str
    sentence: str
    actor: str
    words: tuple[str, ...]
    is_breach: bool


@dataclass(frozen=True)
class PolicyTold:
    """A policy that the case was judged by, and from where in its history on."""

    name: str
    version: int
    hash: str
    events: str


@dataclass(frozen=True)
class Dossier:
    """Everything that is printed, in its order; facts are (name, words)."""

    reference: str
    status: str
    zone: str
    notice: str | None
    facts: tuple[tuple[str, str], ...]
    customer: tuple[tuple[str, str], ...]
    narrative: tuple[str, ...]
    clocks: tuple[ClockTold, ...]
    contacts: tuple[ContactTold, ...]
    timeline: tuple[EntryTold, ...]
    policies: tuple[PolicyTold, ...]
    proof: tuple[tuple[str, str], ...]


def dossier_of(subject: Subject, head: TreeHead) -> Dossier:
    """The dossier of a case whose events are proven by the checkpoint with this tree head."""
    case = subject.case
    return Dossier(
        reference=subject.reference,
        status=case.status.value,
        zone=str(subject.zone),
        notice=_notice(subject),
        facts=tuple((name, words) for name, words in _facts(subject) if words),
        customer=tuple(_customer(subject)),
        narrative=tuple(_narrative(subject)),
        clocks=tuple(_clock(subject, deadline) for deadline in subject.deadlines),
        contacts=tuple(_contact(subject, event) for event in subject.events if event.type in _CONTACTS),
        timeline=tuple(_entry(subject, event) for event in subject.events),
        policies=tuple(_policies(subject)),
        proof=tuple(_proof(subject, head)),
    )


def _notice(subject: Subject) -> str | None:
    """What a reader must know about the words that are not there."""
    if subject.words is None:
        return "Names, numbers and everybody's words are left out of this copy. They are in the log, sealed."
    missing = {words.missing for words in subject.words.values() if words.missing is not None}
    if "erased" in missing:
        return (
            "Personal data of this customer was erased: the key that opened it was destroyed. "
            "What happened, when, and by whom is proven all the same."
        )
    if missing:
        return "Some words could not be opened with the key of this system. They are in the log, sealed."
    return None


def _facts(subject: Subject) -> Iterator[tuple[str, str]]:
    case = subject.case
    branch = "all branches" if case.branch == ALL_BRANCHES else case.branch
    yield "State", f"{case.status.value} ({'open' if case.is_open else 'closed'})"
    yield "Kind", ", ".join(filter(None, (case.kind, case.type, case.cause, case.product, case.severity)))
    yield "Grade", case.grade
    yield "Received", f"{subject.local(case.received_at)}, by {case.channel}"
    if subject.local(case.recorded_at) != subject.local(case.received_at):
        yield "Recorded", subject.local(case.recorded_at)
    yield "Branch", branch
    yield "Owner", case.owner
    yield "Customer", case.customer_ref if case.incident_of is None else ""
    yield "Known elsewhere as", case.external_ref or ""
    yield "Flags", ", ".join(case.flags)
    yield "Wants", ", ".join(case.desired_outcomes)
    yield "Names staff", ", ".join(case.complained_of) if subject.words is not None else ""
    yield "Proposal", _proposal(case)
    yield "Satisfaction", f"{case.satisfaction} of 10" if case.satisfaction is not None else ""
    yield "Cycle", f"{case.cycle}: it was reopened" if case.cycle > 1 else ""
    yield "Incident", "the case belongs to a mass incident" if case.incident is not None else ""
    yield "Merged", _merged(subject)
    yield "Legal hold", "nothing of the customer's may be erased" if case.held else ""
    yield "Erased", "" if case.erased_at is None else f"what was personal until {subject.local(case.erased_at)}"
    yield "Past", "a case from the past: its first cycle started no clocks" if case.historical else ""
    yield "Counted", _counts(subject)


def _proposal(case: Case) -> str:
    offer = case.proposal
    if offer is None:
        return ""
    amount = f", {offer.amount} {offer.currency}" if offer.amount is not None else ""
    waiting = f", waiting for a {offer.approval_by}" if offer.approval_by else ""
    return f"{offer.kind}{amount}, by {offer.proposed_by}{waiting}"


def _merged(subject: Subject) -> str:
    """Each case has a bundle of its own: their streams are proven apart."""
    data = [subject.told(event) for event in subject.events]
    into = [each["data"]["into_reference"] for each in data if each["type"] == "merged-into"]
    absorbed = [each["data"]["reference"] for each in data if each["type"] == "case-absorbed"]
    told = [f"it goes on as {into[0]}, which has a bundle of its own"] if into else []
    if absorbed:
        told.append(f"{', '.join(absorbed)} went on here; what happened before has a bundle of its own")
    return "; ".join(told)


def _counts(subject: Subject) -> str:
    case = subject.case
    breaches = sum(each.status is Verdict.BREACHED and not each.is_customers for each in subject.deadlines)
    counted = (
        (breaches, "breach", "breaches"),
        (case.hand_offs, "hand-off", "hand-offs"),
        (case.escalations, "escalation", "escalations"),
        (len(late_entries(case, subject.policies)), "late entry", "late entries"),
        (case.corrections, "correction", "corrections"),
    )
    return ", ".join(f"{count} {one if count == 1 else many}" for count, one, many in counted if count)


def _customer(subject: Subject) -> Iterator[tuple[str, str]]:
    """Who complained, as recorded when it was received."""
    for name, value in (_first_words(subject).get("customer") or {}).items():
        if value not in (None, ""):
            yield name.replace("_", " ").capitalize(), _plain(value)


def _plain(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_plain(each)}" for name, each in value.items())
    return ", ".join(map(_plain, value)) if isinstance(value, list) else str(value)


def _narrative(subject: Subject) -> list[str]:
    return _paragraphs(_first_words(subject).get("narrative") or "")


def _first_words(subject: Subject) -> Mapping[str, Any]:
    words = (subject.words or {}).get(1)
    return words.personal if words is not None and words.personal is not None else {}


def _paragraphs(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def _clock(subject: Subject, deadline: Deadline) -> ClockTold:
    number = f" {deadline.number}" if deadline.number is not None else ""
    whose = " (the customer's)" if deadline.is_customers else ""
    again = f", run {deadline.generation}" if deadline.generation > 1 and deadline.number is None else ""
    return ClockTold(
        name=f"{deadline.kind}{number}{whose}{again}",
        verdict=deadline.status.value,
        started_at=subject.local(deadline.started_at),
        due_at=subject.local(deadline.due_at) + (" (provisional)" if deadline.provisional else ""),
        ended_at="" if deadline.ended_at is None else subject.local(deadline.ended_at),
        explanation=subject.explanations.get((deadline.kind, deadline.generation), ""),
    )


def _contact(subject: Subject, event: StoredEvent) -> ContactTold:
    data = subject.told(event)["data"]
    outcome = "customer reached" if data["reached"] else "customer not reached"
    if data.get("reason_explained"):
        outcome += ", the reason for the delay explained"
    return ContactTold(
        subject.local(event.occurred_at),
        f"{data['direction']}, by {data['channel']}",
        outcome,
        data.get("spoken_by") or event.actor,
    )


def _entry(subject: Subject, event: StoredEvent) -> EntryTold:
    told = subject.told(event)
    # What the complaint says has a section of its own.
    is_first = event.type == ComplaintReceived.TYPE
    words = () if is_first and told["personal"] else tuple(_SAID.quoted(told))
    return EntryTold(
        version=event.version,
        at=subject.local(event.recorded_at),
        sentence=_SAID.sentence(told, lambda at: subject.local(datetime.fromisoformat(at))),
        actor=event.actor,
        words=tuple(line for each in words for line in _paragraphs(each)),
        is_breach=event.type == DeadlineBreached.TYPE,
    )


def _policies(subject: Subject) -> Iterator[PolicyTold]:
    for policy_hash in policies_used(subject.events):
        policy = subject.policies[policy_hash]
        versions = [
            event.version
            for event in subject.events
            if event.policy_hash is not None and event.policy_hash.hex() == policy_hash
        ]
        yield PolicyTold(policy.name, policy.version, policy.hash, _ranges(versions))


def _ranges(numbers: list[int]) -> str:
    """[1, 2, 3, 7] as "1–3, 7"."""
    ranges: list[list[int]] = []
    for number in numbers:
        if ranges and ranges[-1][-1] == number - 1:
            ranges[-1][1:] = [number]
        else:
            ranges.append([number])
    return ", ".join("–".join(map(str, each)) for each in ranges)


def _proof(subject: Subject, head: TreeHead) -> Iterator[tuple[str, str]]:
    case = subject.case
    yield "Case", str(case.id)
    yield "Tenant", subject.tenant
    yield "Events", f"{len(subject.events)}, at positions {case.first_position} to {case.position} of the log"
    yield "Log", head.origin
    yield "Checkpoint", f"of {head.tree_size} events"
    yield "Root", head.root_hash.hex()
    yield "How to check", "amends verify-bundle FILE --key KEY; with other people's tools as README.txt says"
