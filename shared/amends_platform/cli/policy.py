"""`amends policy`: is this policy file right, and when would a clock be due under it, and why."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from amends_platform.cli.listing import Listed
from amends_platform.failures import Failure, WrongUsage

if TYPE_CHECKING:
    from amends_domain.calendars import Calendar, DueTime
    from amends_domain.policy import ClockRule, Policy
    from amends_platform.policy.files import LoadedPolicy

app = typer.Typer(
    cls=Listed,
    help="A policy: check it, ask it, try it on history, put it in force.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

_Json = Annotated[bool, typer.Option("--json", help="Answer in JSON, for programs.")]


@app.command()
def check(
    file: Annotated[str, typer.Argument(help="A policy file, or the name of a built-in policy.")],
    as_json: _Json = False,
) -> None:
    """Say whether a policy is right, or name every mistake with its line. Exit code 1 when it is not."""
    loaded = load(file, as_json=as_json)
    policy, calendar = loaded.policy, loaded.calendar
    clocks = [rule.name for rule in policy.clocks]
    if as_json:
        answer = {
            "ok": True,
            "policy": policy.name,
            "version": policy.version,
            "hash": policy.hash,
            "effective_from": policy.effective_from.isoformat(),
            "clocks": clocks,
            "sources": {rule.name: rule.source for rule in policy.clocks},
            "packs": _packs(policy),
            "holidays": calendar["source"],
            "holidays_known_through": calendar["known_through"],
            "mistakes": [],
        }
        print(json.dumps(answer, ensure_ascii=False))
        return
    print(f"{file} is good: {policy.name} version {policy.version}, in force from {policy.effective_from}")
    print(f"  hash      {policy.hash}")
    print(f"  clocks    {', '.join(clocks) or 'none'}")
    for pack, names in _packs(policy).items():
        print(f"  includes  {pack}: {', '.join(names)}")
    known = f"{calendar['country']}, known through {calendar['known_through']}" if calendar["country"] else "none"
    print(f"  holidays  {known}")


@app.command()
def due(
    clock: Annotated[str, typer.Argument(help="The clock's name in the policy.")],
    from_: Annotated[
        str,
        typer.Option("--from", help="When it starts, as 2026-02-13T09:00; without an offset, in the policy's zone."),
    ],
    policy_name: Annotated[
        str, typer.Option("--policy", envvar="AMENDS_POLICY", help="A policy file, or the name of a built-in policy.")
    ] = "bank-cn",
    flags: Annotated[
        list[str] | None, typer.Option("--flag", help="A flag of the case, such as urgent. May be repeated.")
    ] = None,
    as_json: _Json = False,
) -> None:
    """Say when a clock would be due, and which days were counted and skipped."""
    from amends_domain.documents import closest

    policy = load(policy_name, as_json=as_json).policy
    rule = policy.clock(clock)
    if rule is None:
        names = [each.name for each in policy.clocks]
        hint = closest(clock, names) or f": expected one of {', '.join(names)}"
        raise WrongUsage(f"{policy.name} has no clock {clock!r}{hint}")
    start = _instant(from_, policy.calendar)
    calendar = policy.calendar_of(rule)
    due_time = rule.due_after(start, flags or (), calendar)
    answer = _answer(rule, start, due_time, calendar)
    if as_json:
        head = {
            "clock": clock,
            "policy": policy.name,
            "version": policy.version,
            "pack": rule.pack,
            "source": rule.source,
            "from": _local(start, calendar),
        }
        print(json.dumps({**head, **answer}, ensure_ascii=False))
        return
    for line in _told(answer, rule, calendar):
        print(line)


def _packs(policy: Policy) -> dict[str, list[str]]:
    """The included packs and their clocks."""
    packs: dict[str, list[str]] = {}
    for rule in policy.clocks:
        if rule.pack is not None:
            packs.setdefault(rule.pack, []).append(rule.name)
    return packs


def load(name: str, *, as_json: bool) -> LoadedPolicy:
    """The policy of that name or file. Raises Failure with its mistakes; where JSON is asked for, it prints them."""
    from amends_platform.policy.files import PolicyFileError, load_policy

    try:
        return load_policy(name)
    except PolicyFileError as error:
        if as_json:
            mistakes = [mistake._asdict() for mistake in error.mistakes]
            print(json.dumps({"ok": False, "mistakes": mistakes}, ensure_ascii=False))
        count = len(error.mistakes)
        raise Failure(f"{name} is refused: {count} mistake{'' if count == 1 else 's'}\n{error}") from None


def _instant(text: str, calendar: Calendar) -> datetime:
    from amends_domain.calendars import first_instant

    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        instant = None
    # Far from the ends of the calendar, so that ten years on still fits.
    if instant is None or not 1900 <= instant.year <= 2200:
        raise WrongUsage(f"expected a time after --from such as 2026-02-13T09:00, not {text!r}")
    return instant if instant.tzinfo is not None else first_instant(instant, calendar.timezone)


def _local(instant: datetime, calendar: Calendar) -> str:
    return instant.astimezone(calendar.timezone).isoformat()


def _answer(rule: ClockRule, start: datetime, due_time: DueTime | None, calendar: Calendar) -> dict[str, Any]:
    if due_time is None:
        return {"due_at": None, "warnings": [], "ladder": [], "counted": [], "skipped": [], "provisional": False}
    warnings = ((warning.label, warning.at(start, due_time.at, calendar)) for warning in rule.warnings)
    return {
        "due_at": _local(due_time.at, calendar),
        "warnings": [
            {"label": label, "at": _local(at, calendar)} for label, at in warnings if start < at < due_time.at
        ],
        "ladder": [
            {"label": step.label, "to": step.to, "grades": sorted(step.grades), "at": _local(at, calendar)}
            for step, at in ((step, step.at(due_time.at, calendar)) for step in rule.ladder)
            if at > start
        ],
        "counted": [day.isoformat() for day in due_time.counted],
        "skipped": [{"date": day.isoformat(), "reason": reason} for day, reason in due_time.skipped],
        "provisional": due_time.provisional,
    }


def _told(answer: dict[str, Any], rule: ClockRule, calendar: Calendar) -> Sequence[str]:
    given = "that was promised" if rule.is_promised else "agreed with the customer"
    if answer["due_at"] is None:
        return [f"{rule.name} is due at the time {given}; the policy sets no latest time"]
    latest = f" at the latest: the time is {given}" if rule.is_agreed else ""
    lines = [f"{rule.name} is due {answer['due_at']}{latest}"]
    if rule.source is not None:
        lines.append(f"  source   {rule.source}" + (f" (pack {rule.pack})" if rule.pack else ""))
    lines += [f"  warn     {warning['at']}  {warning['label']}" for warning in answer["warnings"]]
    lines += [
        f"  tell     {step['at']}  {step['to']}" + (f" ({', '.join(step['grades'])} cases)" if step["grades"] else "")
        for step in answer["ladder"]
    ]
    lines += [f"  counted  {day}" for day in answer["counted"]]
    lines += [f"  skipped  {day['date']}  {day['reason']}" for day in answer["skipped"]]
    if answer["provisional"]:
        lines.append(f"  provisional: holidays are known through {calendar.known_through}, later ones may be decreed")
    return lines
