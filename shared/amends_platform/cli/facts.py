"""What is known of a case, a few words each, under the name by which `amends show` lists it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from amends_platform.cli.tables import local_time
from amends_platform.words import Words

_Case = Mapping[str, Any]


def facts(said: Words, case: _Case) -> Iterator[tuple[str, str]]:
    """(name, words) of what there is to say. `case` is the workflow's answer; of an older workflow it says less."""
    is_incident = case["kind"] == "incident"
    received = said.text("opened") if is_incident else said.text("received")
    told = (
        (said.text("kind"), _kind(said, case)),
        (
            said.text("incident"),
            _incident_of(said, case) if is_incident else _incident(said, case.get("incident")),
        ),
        (said.text("owner"), said.clauses((case["owner"], _branch(said, case["branch"])))),
        (said.text("hand-off"), _hand_off(said, case.get("hand_off"))),
        (said.text("customer"), None if is_incident else case["customer_ref"]),
        (received, _received(said, case, is_incident=is_incident)),
        (said.text("wants"), _codes(said, "outcome", case.get("desired_outcomes"))),
        (said.text("names"), said.listed(case.get("complained_of") or ())),
        (said.text("flags"), _codes(said, "flag", case["flags"])),
        (said.text("repeats"), _references(said, (case.get("repeat_of"),))),
        (said.text("known as"), case["external_ref"]),
        (said.text("proposal"), _proposal(said, case["proposal"])),
        (said.text("promised"), _parted(said, [_promise(said, each) for each in _open_promises(case)])),
        (
            said.text("to change"),
            _parted(said, [_countermeasure(said, each) for each in case.get("countermeasures") or ()]),
        ),
        (said.text("merged"), _merged(said, case)),
        (
            said.text("held"),
            said.text("legal hold: nothing of the customer's may be erased") if case.get("held") else "",
        ),
        (said.text("erasure"), _erasure(said, case)),
        (said.text("linked to"), _references(said, case.get("links"))),
        (said.text("counted"), _counts(said, case)),
        (
            said.text("past"),
            said.text("a case from the past: its first cycle started no clocks") if case["historical"] else "",
        ),
    )
    for name, words in told:
        if words:
            yield name, words


def playbook(case: _Case, language: str) -> Mapping[str, Any] | None:
    """What to say and ask first on a case of this type: in the language, else in English, else in any."""
    books = case.get("playbook") or {}
    found: Mapping[str, Any] | None = books.get(language) or books.get("en") or next(iter(books.values()), None)
    return found


def clock_name(said: Words, deadline: Mapping[str, Any]) -> str:
    """What a clock is called in a list of them: of promises there may be many, and some time is the customer's."""
    name = said.code("clock", deadline["kind"])
    if deadline.get("number") is not None:
        name = f"{name} {deadline['number']}"
    return said.text("{clock} (the customer's)", clock=name) if deadline.get("owed_by") == "customer" else name


def _kind(said: Words, case: _Case) -> str:
    named = (said.code(name, case[name]) for name in ("kind", "type", "cause", "product", "severity") if case[name])
    return " · ".join(named)


def _branch(said: Words, branch: str) -> str:
    return said.text("all branches") if branch == "*" else branch


def _codes(said: Words, kind: str, codes: Any) -> str:
    return said.listed(said.code(kind, each) for each in codes or ())


def _parted(said: Words, parts: list[str]) -> str:
    return said.text("; ").join(parts)


def _received(said: Words, case: _Case, *, is_incident: bool) -> str:
    at = local_time(case["received_at"])
    if is_incident:
        return at
    return said.text("{at} by {channel}", at=at, channel=said.code("channel", case["channel"]))


def _hand_off(said: Words, offer: Any) -> str | None:
    if offer is None:
        return None
    values = {"person": offer["to_person"], "offerer": offer["offered_by"]}
    if offer["to_person"]:
        return said.text("offered to {person} by {offerer}, not accepted yet", **values)
    return said.text(
        "offered to the department {department} by {offerer}, not accepted yet",
        department=said.code("department", offer["to_department"]),
        offerer=offer["offered_by"],
    )


def _proposal(said: Words, proposal: Any) -> str | None:
    if proposal is None:
        return None
    kind = said.code("proposal", proposal["kind"])
    amount = "" if proposal["amount"] is None else f"{proposal['amount']} {proposal['currency']}"
    role = proposal["approval_by"] and said.term("role", proposal["approval_by"])
    return said.clauses(
        (
            kind,
            amount,
            said.text("by {person}", person=proposal["proposed_by"]),
            said.text("waiting for the {role}", role=role) if role else "",
        )
    )


def _open_promises(case: _Case) -> list[Any]:
    return [each for each in case.get("promises") or () if each["open"]]


def _promise(said: Words, promise: Any) -> str:
    values = {"number": promise["number"], "at": local_time(promise["due_at"])}
    when = (
        said.text("{number} for {at} (broken)", **values)
        if promise["status"] == "broken"
        else said.text("{number} for {at}", **values)
    )
    by = said.text("by {person}", person=promise["promised_by"]) if promise["promised_by"] else ""
    return said.clauses((when, by))


def _countermeasure(said: Words, planned: Any) -> str:
    at = local_time(planned["due_at"])
    return said.clauses((said.text("{number} by {at}", number=planned["number"], at=at), planned["owner"]))


def _incident(said: Words, incident: Any) -> str | None:
    return None if incident is None else said.clauses((incident["reference"], said.incident_title(incident["title"])))


def _incident_of(said: Words, case: _Case) -> str | None:
    of = case.get("incident_of")
    if of is None:
        return None
    cases = said.plural(
        "{title}: {count} case whose {same} is {value}",
        "{title}: {count} cases whose {same} is {value}",
        case.get("children") or 0,
        title=said.incident_title(of["title"]),
        same=said.code("fact", of["same"]),
        value=said.code(of["same"], of["value"]),
    )
    return said.clauses((cases, said.text("opened by the policy") if of["automatic"] else ""))


def _merged(said: Words, case: _Case) -> str | None:
    if case.get("merged_into"):
        return said.text("it goes on as {reference}", reference=case["merged_into"]["reference"])
    absorbed = _references(said, case.get("absorbed"))
    return said.text("{references} goes on here", references=absorbed) if absorbed else None


def _erasure(said: Words, case: _Case) -> str | None:
    if case.get("erasure_requested_by"):
        return said.text("asked for by {person}, not answered yet", person=case["erasure_requested_by"])
    return said.text("personal data erased {at}", at=local_time(case["erased_at"])) if case.get("erased_at") else None


def _references(said: Words, cases: Any) -> str:
    return said.listed(each["reference"] for each in cases or () if each is not None)


def _counts(said: Words, case: _Case) -> str:
    counted: tuple[tuple[str, Callable[[int], str]], ...] = (
        ("hand_offs", lambda n: said.plural("{count} hand-off", "{count} hand-offs", n)),
        ("escalations", lambda n: said.plural("{count} escalation", "{count} escalations", n)),
        ("late_entries", lambda n: said.plural("{count} late entry", "{count} late entries", n)),
        ("corrections", lambda n: said.plural("{count} correction", "{count} corrections", n)),
    )
    return said.listed(say(case[key]) for key, say in counted if case.get(key))
