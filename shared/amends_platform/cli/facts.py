"""What is known of a case, a few words each, under the name by which `amends show` lists it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from amends_platform.cli.tables import local_time

_Case = Mapping[str, Any]


def facts(case: _Case) -> Iterator[tuple[str, str]]:
    """(name, words) of what there is to say. `case` is the workflow's answer; of an older workflow it says less."""
    is_incident = case["kind"] == "incident"
    kind = (case["kind"], case["type"], case["cause"], case["product"], case["severity"])
    told = {
        "kind": " · ".join(filter(None, kind)),
        "incident": _incident_of(case) if is_incident else _incident(case.get("incident")),
        "owner": f"{case['owner']}, {'all branches' if case['branch'] == '*' else case['branch']}",
        "hand-off": _hand_off(case.get("hand_off")),
        "customer": None if is_incident else case["customer_ref"],
        "opened" if is_incident else "received": _received(case, is_incident=is_incident),
        "wants": ", ".join(case.get("desired_outcomes") or ()),
        "names": ", ".join(case.get("complained_of") or ()),
        "flags": ", ".join(case["flags"]),
        "repeats": _references((case.get("repeat_of"),)),
        "known as": case["external_ref"],
        "proposal": _proposal(case["proposal"]),
        "promised": "; ".join(_promise(each) for each in case.get("promises") or () if each["open"]),
        "to change": "; ".join(_countermeasure(each) for each in case.get("countermeasures") or ()),
        "merged": _merged(case),
        "held": "legal hold: nothing of the customer's may be erased" if case.get("held") else None,
        "erasure": _erasure(case),
        "linked to": _references(case.get("links")),
        "counted": _counts(case),
        "past": "a case from the past: its first cycle started no clocks" if case["historical"] else None,
    }
    for name, words in told.items():
        if words:
            yield name, words


def playbook(case: _Case, language: str) -> Mapping[str, Any] | None:
    """What to say and ask first on a case of this type: in the language, else in English, else in any."""
    books = case.get("playbook") or {}
    found: Mapping[str, Any] | None = books.get(language) or books.get("en") or next(iter(books.values()), None)
    return found


def clock_name(deadline: Mapping[str, Any]) -> str:
    """What a clock is called in a list of them: of promises there may be many, and some time is the customer's."""
    number = f" {deadline['number']}" if deadline.get("number") is not None else ""
    whose = " (the customer's)" if deadline.get("owed_by") == "customer" else ""
    return f"{deadline['kind']}{number}{whose}"


def _received(case: _Case, *, is_incident: bool) -> str:
    return local_time(case["received_at"]) + ("" if is_incident else f" by {case['channel']}")


def _hand_off(offer: Any) -> str | None:
    if offer is None:
        return None
    to = offer["to_person"] or f"the department {offer['to_department']}"
    return f"offered to {to} by {offer['offered_by']}, not accepted yet"


def _proposal(proposal: Any) -> str | None:
    if proposal is None:
        return None
    amount = f", {proposal['amount']} {proposal['currency']}" if proposal["amount"] is not None else ""
    waiting = f", waiting for a {proposal['approval_by']}" if proposal["approval_by"] else ""
    return f"{proposal['kind']}{amount}, by {proposal['proposed_by']}{waiting}"


def _promise(promise: Any) -> str:
    broken = " (broken)" if promise["status"] == "broken" else ""
    by = f", by {promise['promised_by']}" if promise["promised_by"] else ""
    return f"{promise['number']} for {local_time(promise['due_at'])}{broken}{by}"


def _countermeasure(planned: Any) -> str:
    return f"{planned['number']} by {local_time(planned['due_at'])}, {planned['owner']}"


def _incident(incident: Any) -> str | None:
    return None if incident is None else f"{incident['reference']}, {incident['title']}"


def _incident_of(case: _Case) -> str | None:
    of = case.get("incident_of")
    if of is None:
        return None
    count = case.get("children") or 0
    opened = ", opened by the policy" if of["automatic"] else ""
    return f"{of['title']}: {count} case{'' if count == 1 else 's'} whose {of['same']} is {of['value']}{opened}"


def _merged(case: _Case) -> str | None:
    if case.get("merged_into"):
        return f"it goes on as {case['merged_into']['reference']}"
    absorbed = _references(case.get("absorbed"))
    return f"{absorbed} goes on here" if absorbed else None


def _erasure(case: _Case) -> str | None:
    if case.get("erasure_requested_by"):
        return f"asked for by {case['erasure_requested_by']}, not answered yet"
    return f"personal data erased {local_time(case['erased_at'])}" if case.get("erased_at") else None


def _references(cases: Any) -> str:
    return ", ".join(each["reference"] for each in cases or () if each is not None)


def _counts(case: _Case) -> str:
    counted = (
        ("hand_offs", "hand-off", "hand-offs"),
        ("escalations", "escalation", "escalations"),
        ("late_entries", "late entry", "late entries"),
        ("corrections", "correction", "corrections"),
    )
    return ", ".join(f"{case[key]} {one if case[key] == 1 else many}" for key, one, many in counted if case.get(key))
