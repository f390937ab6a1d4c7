"""What happened, event by event, in a sentence each; and the words of people that belong to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from amends_platform.lengths import seconds_in_words

# What is recorded this much after it happened was entered late, and one should know.
_LATE_SECONDS: Final = 120

_Data = Mapping[str, Any]
# How a time is written: at a terminal in that machine's zone, in a dossier in the policy's.
_At = Callable[[str], str]
_WORDS: Final = ("narrative", "text", "findings", "reason", "summary")


def sentence(event: Mapping[str, Any], at: _At) -> str:
    """An event as the workflow answers it, in a sentence; `at` writes its times."""
    said = _said(event["type"], event["data"], at)
    late = (_time(event["recorded_at"]) - _time(event["occurred_at"])).total_seconds()
    # A reminder or a breach says itself how late it is, and a case from the past is no late entry.
    told_already = "late_by_ms" in event["data"] or event["data"].get("historical")
    if late > _LATE_SECONDS and not told_already:
        said += f" (happened {at(event['occurred_at'])}, entered {seconds_in_words(late)} later)"
    return said


def _said(event_type: str, data: _Data, at: _At) -> str:
    if event_type in _SENTENCES:
        return _SENTENCES[event_type](data)
    if event_type in _SENTENCES_WITH_TIMES:
        return _SENTENCES_WITH_TIMES[event_type](data, at)
    return event_type.replace("-", " ")


def quoted(event: Mapping[str, Any]) -> Iterator[str]:
    """The personal part, where the key may read it, a paragraph each."""
    missing = event.get("personal_missing")
    if missing is not None:
        yield f"[{'erased: its key is destroyed' if missing == 'erased' else 'cannot be read'}]"
    personal = event.get("personal") or {}
    customer = personal.get("customer")
    if customer:
        yield ", ".join(f"{name} {value}" for name, value in customer.items() if isinstance(value, str))
    for name in _WORDS:
        if personal.get(name):
            yield str(personal[name])
    for countermeasure in personal.get("countermeasures") or ():
        yield f"- {countermeasure}"


def _erased(data: _Data) -> str:
    approved = "" if data["approved_by"] == data["requested_by"] else f" and approved by {data['approved_by']}"
    return f"Personal data erased, asked for by {data['requested_by']}{approved}: {data['reason']}"


def _received(data: _Data) -> str:
    what = data.get("kind", "complaint")
    past = ", recorded now as a case from the past" if data.get("historical") else ""
    return f"{what.capitalize()} received by {data['channel']} at {data['branch']}{past}"


def _investigated(data: _Data) -> str:
    return f"Investigated: {data['cause']}; the organisation is {'' if data['at_fault'] else 'not '}at fault"


def _proposed(data: _Data) -> str:
    amount = f" of {data['amount']} {data['currency']}" if data.get("amount") is not None else ""
    waiting = f", which takes the approval of a {data['approval_by']}" if data.get("approval_by") else ""
    return f"Proposed: {data['kind']}{amount}{waiting}"


def _closed_unsatisfied(data: _Data) -> str:
    agreed = " and ".join(data["approved_by"])
    return f"Closed with the customer unsatisfied, approved by {agreed}; {data['liable']} stays answerable"


def _followed_up(data: _Data) -> str:
    return f"Followed up: it was carried out, and the customer gives {data['satisfaction']} of 10"


def _recorded_contact(data: _Data) -> str:
    explained = ", the reason for the delay explained" if data.get("reason_explained") else ""
    return f"Contact ({data['direction']}) by {data['channel']}{explained}"


def _agreed(data: _Data, at: _At) -> str:
    moved = "moved, with the customer's consent, to" if data.get("extension") else "agreed for"
    return f"Callback {moved} {at(data['at'])}"


def _promised(data: _Data, at: _At) -> str:
    merged = f", taken over from a merged case, where {data['promised_by']} made it" if data.get("from_case") else ""
    return f"Promise {data['number']} to the customer, for {at(data['due_at'])}{merged}"


def _planned(data: _Data, at: _At) -> str:
    return f"Countermeasure {data['number']}: {data['owner']} carries it out by {at(data['due_at'])}"


def _acted(data: _Data) -> str:
    return f"Done: {data['action']}{', countermeasure ' + str(data['number']) if data.get('number') else ''}"


def _offered(data: _Data) -> str:
    to = data.get("to_person") or f"the department {data.get('to_department')}"
    return f"Hand-off to {to} offered; until it is accepted the owner stays"


def _classified(data: _Data) -> str:
    said = [f"{name} {data[name]}" for name in ("type", "cause", "product", "severity") if data.get(name)]
    if data.get("desired_outcomes"):
        said.append(f"wants {', '.join(data['desired_outcomes'])}")
    if data.get("complained_of"):
        said.append(f"names {', '.join(data['complained_of'])}")
    return f"Classified{': ' if said else ''}{'; '.join(said)}"


def _graded(data: _Data) -> str:
    by_rule = ", by a rule of the policy" if data.get("by_rule") else ""
    return f"Grade raised from {data['previous_grade']} to {data['grade']}{by_rule}"


def _reclassified(data: _Data) -> str:
    broken = f": promise {data['broken_promise']} was broken" if data.get("broken_promise") else ""
    return f"The {data['previous_kind']} is now {'an' if data['kind'] == 'inquiry' else 'a'} {data['kind']}{broken}"


def _flagged(data: _Data) -> str:
    said = []
    if data.get("added"):
        said.append(f"Flagged {', '.join(data['added'])}")
    if data.get("removed"):
        said.append(f"{'no longer' if said else 'No longer'} {', '.join(data['removed'])}")
    repeats = ": the customer has complained of the like before" if data.get("earlier_case") else ""
    return f"{'; '.join(said) or 'Flags looked at'}{repeats}"


def _escalated(data: _Data, at: _At) -> str:
    to = data["to"].replace("_", " ")
    match data["cause"]:
        case "deadline":
            due_at = at(data["due_at"])
            early = _time(data["fell_due_at"]) < _time(data["due_at"])
            why = f"{data['clock']} {'is due' if early else 'was due'} {due_at} and is not met"
            return f"Escalated to the {to}: {why}{_late(data)}"
        case "notice":
            return f"The {to} is told at once"
        case "recusal":
            return f"The {to} is told: staff of the unit are complained of"
        case _:
            return f"Escalated to the {to}"


def _opened(data: _Data) -> str:
    where = "all branches" if data["branch"] == "*" else data["branch"]
    of_itself = ", by the policy, because so many came" if data.get("automatic") else ""
    return f"Incident opened: {data['title']} ({data['same']} {data['value']}, {where}){of_itself}"


def _joined(data: _Data) -> str:
    return f"Belongs to a mass incident now{', which the policy found' if data.get('automatic') else ''}"


def _children_acted(data: _Data) -> str:
    return f"Given to the incident's cases: {data['command']}, done by {data['applied']}, refused by {data['refused']}"


def _extended(data: _Data, at: _At) -> str:
    moved = f"from {at(data['previous_due_at'])} to {at(data['due_at'])}"
    return f"Longer term for {data['clock']}, {moved}, approved by {data['approved_by']}"


def _retimed(data: _Data, at: _At) -> str:
    moved = f"due {at(data['due_at'])}, before {at(data['previous_due_at'])}"
    return f"Judged by the policy in force now: {data['clock']} is {moved}"


def _reminded(data: _Data, at: _At) -> str:
    whose = " for the customer" if data.get("owed_by") == "customer" else ""
    return f"Reminder{whose}: {data['clock']} ({data['warning']}), due {at(data['due_at'])}{_late(data)}"


def _breached(data: _Data, at: _At) -> str:
    what = "LAPSED, the customer's own time" if data.get("owed_by") == "customer" else "BREACH"
    return f"{what}: {data['clock']} was due {at(data['due_at'])}{_late(data)}"


def _late(data: _Data) -> str:
    seconds = data.get("late_by_ms", 0) / 1000
    return f", noticed {seconds_in_words(seconds)} late" if seconds >= 1 else ""


_SENTENCES: Final[Mapping[str, Callable[[_Data], str]]] = {
    "complaint-received": _received,
    "apology-given": lambda data: f"Apologised by {data['by_channel']}",
    "investigation-completed": _investigated,
    "resolution-proposed": _proposed,
    "proposal-approved": lambda data: f"Proposal approved by {data['approved_by']}",
    "proposal-rejected": lambda data: f"Proposal rejected by {data['rejected_by']}",
    "customer-confirmed": lambda data: f"The customer accepted, by {data['by_channel']}",
    "customer-declined": lambda data: f"The customer declined, by {data['by_channel']}",
    "followed-up": _followed_up,
    "follow-up-failed": lambda _: "Followed up: it was not carried out",
    "review-recorded": lambda _: "Reviewed: what could have been done or said better",
    "complaint-withdrawn": lambda data: f"Withdrawn by the customer, by {data['by_channel']}",
    "case-reopened": lambda data: f"Reopened ({data['reason']}), cycle {data['cycle']}",
    "unsatisfied-closure-requested": lambda data: f"Closing it unsatisfied asked for by {data['requested_by']}",
    "unsatisfied-closure-approved": lambda data: f"Closing it unsatisfied approved by {data['approved_by']}",
    "closed-unsatisfied": _closed_unsatisfied,
    "merged-into": lambda data: f"Merged: it goes on as {data['into_reference']}",
    "case-absorbed": lambda data: f"Goes on here from now on: {data['reference']}, which was merged into this",
    "callback-made": lambda data: f"Called back, by {data['channel']}",
    "contact-attempted": lambda data: f"Tried to reach the customer by {data['channel']}",
    "contact-recorded": _recorded_contact,
    "owner-assigned": lambda data: f"Owner is now {data['owner']}, before {data['previous_owner']}",
    "hand-off-offered": _offered,
    "hand-off-accepted": lambda data: (
        f"Hand-off accepted: owner is now {data['owner']}, before {data['previous_owner']}"
    ),
    "hand-off-refused": lambda data: f"Hand-off refused by {data['refused_by']}: the owner stays",
    "promise-kept": lambda data: f"Promise {data['number']} kept",
    "action-taken": _acted,
    "case-classified": _classified,
    "grade-raised": _graded,
    "reclassified": _reclassified,
    "flags-changed": _flagged,
    "case-linked": lambda data: f"Linked to {data['reference']}: {data['relation']}",
    "linked-to-incident": _joined,
    "incident-opened": _opened,
    "incident-closed": lambda _: "Incident closed; its cases go on",
    "children-acted": _children_acted,
    "legal-hold-placed": lambda _: "Legal hold: nothing of the customer's may be erased",
    "legal-hold-released": lambda _: "Legal hold released",
    "erasure-requested": lambda data: f"Erasure asked for by {data['requested_by']}: {data['reason']}",
    "erasure-rejected": lambda data: f"Erasure rejected by {data['rejected_by']}",
    "personal-data-erased": _erased,
    "entry-corrected": lambda data: f"Correction of entry {data['corrects']}, at position {data['position']}",
    "note-added": lambda _: "Note",
}


_SENTENCES_WITH_TIMES: Final[Mapping[str, Callable[[_Data, _At], str]]] = {
    "callback-agreed": _agreed,
    "promise-made": _promised,
    "countermeasure-planned": _planned,
    "case-escalated": _escalated,
    "deadline-extended": _extended,
    "deadline-retimed": _retimed,
    "reminder-issued": _reminded,
    "deadline-breached": _breached,
}


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)
