"""A month counted by hand: plain loops over raw events, sharing nothing with the product but the policy's numbers.

`count(events, begin, end)` is given every event recorded before `end`, in the order of the log, as `months.Row.raw`
has them. It knows the policy month.yaml by heart.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from zoneinfo import ZoneInfo

import chinese_calendar

from tests.support.by_hand_lives import HOUR, OPEN, Life, Raw, deadlines

DAY = timedelta(days=1)
ZONE = ZoneInfo("Asia/Shanghai")
QUOTAS: dict[str, tuple[int, int | None, str | None]] = {
    "north-street": (13, 53000, "25"),
    "harbour": (20, 21000, "2.5"),
    "nowhere": (5, None, None),
}
STANDARDS = {
    "first_apology": (("complaint-received",), ("apology-given",), 24),
    "decision": (("complaint-received",), ("customer-confirmed", "closed-unsatisfied"), 240),
    "answered": (("hand-off-offered",), ("hand-off-accepted", "hand-off-refused"), 12),
}


def percent(part: int, whole: int) -> Decimal | None:
    return None if whole == 0 else two_places(Decimal(100) * part / whole)


def two_places(value: Decimal) -> Decimal:
    return value.quantize(Decimal("0.01"), ROUND_HALF_UP)


def five_business_days_after(start: datetime) -> datetime:
    day, left = start.astimezone(ZONE).date(), 5
    while left:
        day += DAY
        left -= chinese_calendar.is_workday(day)
    return datetime.combine(day, time(17, 30), ZONE)


def count(events: Iterable[Raw], begin: datetime, end: datetime) -> dict[str | None, dict[str, Any]]:
    """The figures by branch, and (None) of all."""
    cases: dict[str, list[Raw]] = defaultdict(list)
    for event in events:
        cases[event["case"]].append(event)
    lives = [Life(events) for events in cases.values()]
    for life in lives:
        life.over = deadlines(life, end)
    branches = {life.branch for life in lives} | set(QUOTAS)
    return {
        branch: _figures([life for life in lives if branch in (None, life.branch)], begin, end, branch)
        for branch in (None, *branches)
    }


def _figures(lives: list[Life], begin: datetime, end: datetime, branch: str | None) -> dict[str, Any]:
    def inside(at: datetime) -> bool:
        return begin <= at < end

    n: Counter[str] = Counter()
    parts: dict[str, Counter[Any]] = defaultdict(Counter)
    stays: dict[str, list[int]] = defaultdict(list)
    quota_complaints: Counter[str] = Counter()
    for life in lives:
        complaint = life.became_complaint
        if life.is_incident:
            if inside(life.first["recorded_at"]):
                n["incidents"] += 1
                n["automatic"] += life.first["data"]["automatic"]
        else:
            if inside(life.first["recorded_at"]):
                if life.is_history:
                    n["imported"] += 1
                else:
                    parts["received"][life.first["data"]["kind"]] += 1
            if complaint is not None and inside(complaint["recorded_at"]):
                n["complaints"] += 1
                quota_complaints[life.branch] += 1
                for name in ("type", "cause", "channel", "grade"):
                    parts[name][life.facts[name] or ""] += 1
            if not life.in_history:
                parts["states"][life.state] += 1
                n["opening"] += life.was_open(begin)
                n["closing"] += life.state in OPEN
        handled = life.was_open(begin)
        entered = None
        seen_repeat = False
        for place, event in enumerate(life.counting):
            name, data, at = event["type"], event["data"], event["recorded_at"]
            before, after, kind = life.state_before(place), life.state_at[place], life.kind_at[place]
            if before in OPEN and before != after and entered is not None and inside(at):
                stays[str(before)] += [(at - entered) // timedelta(microseconds=1)] * (
                    life.kind_at[place - 1] == "complaint"
                )
            if before != after or name == "reclassified":
                entered = at
            if kind == "complaint" and "repeat" in life.flags_at[place] and not seen_repeat:
                seen_repeat = True
                n["repeats"] += inside(at)
            if not inside(at):
                continue
            if event["policy"] is not None and not event["actor"].startswith("system:"):
                n["entries"] += 1
                n["late"] += at > event["occurred_at"] + HOUR
            if life.is_incident:
                continue
            handled = handled or (after in OPEN and before not in OPEN)
            if name == "reclassified":
                n["turned"] += data["kind"] == "complaint"
            if name == "case-reopened":
                parts["reopened"][data["reason"]] += 1
            if before in OPEN and after not in OPEN:
                parts["closed"][after] += 1
                if kind != "complaint":
                    n["other_kinds"] += after == "withdrawn"
                elif after in ("withdrawn", "closed-unsatisfied"):
                    n["unresolved"] += 1
                elif after == "followed-up":
                    told = life.counting[:place]
                    confirmed = [each for each in told if each["type"] == "customer-confirmed"][-1]
                    is_quick = confirmed["data"]["on_the_spot"] or (
                        complaint is not None
                        and confirmed["recorded_at"] <= five_business_days_after(complaint["recorded_at"])
                    )
                    n["quickly" if is_quick else "resolved"] += 1
            if name == "followed-up":
                parts["answers"][data["satisfaction"]] += 1
                for indicator, answer in data.get("answers", {}).items():
                    parts[f"indicator {indicator}"][answer] += 1
            if name == "customer-confirmed":
                n["confirmed"] += 1
                n["on_the_spot"] += data["on_the_spot"]
            if name == "case-escalated":
                if data["cause"] in ("deadline", "asked"):
                    parts["escalated"][data["cause"]] += 1
                else:
                    n["notices"] += 1
            n["linked"] += name == "linked-to-incident"
            n["accepted"] += name == "hand-off-accepted"
            n["refused"] += name == "hand-off-refused"
        n["handled"] += handled and not life.is_incident
        cause = life.facts["cause"] or ""
        if not life.is_incident:
            for clock, _, how, certain, known, stopped in life.over:
                if how in ("met", "breached") and inside(certain):
                    parts["clock " + how][clock] += 1
                if clock == "promise":
                    over = None if how == "open" else certain
                    n["promises before"] += known < begin and (over is None or over >= begin)
                    n["promises made"] += inside(known)
                    n["promises open"] += over is None
                    n["promises " + how] += over is not None and inside(over)
                if clock == "corrective_action":
                    parts["before"][cause] += known < begin and (stopped is None or stopped >= begin)
                    parts["planned"][cause] += inside(known)
                    parts["done"][cause] += stopped is not None and inside(stopped)
                    parts["late"][cause] += how == "breached" and inside(certain)
                    parts["open"][cause] += stopped is None
    return _written(n, parts, stays, quota_complaints, branch) | {
        "standards": _standards(lives, begin, end),
        "recurrence": _recurrence(lives, begin, end),
        "discussed": _discussed(lives, begin, end),
    }


def _written(
    n: Counter[str],
    parts: dict[str, Counter[Any]],
    stays: dict[str, list[int]],
    quota_complaints: Counter[str],
    branch: str | None,
) -> dict[str, Any]:
    quotas = {name: quota for name, quota in QUOTAS.items() if branch in (None, name)}
    volume = sum(quota[0] for quota in quotas.values())
    customers = sum(quota[1] or 0 for quota in quotas.values())
    of_quota = sum(quota_complaints[name] for name in quotas)
    of_customers = sum(quota_complaints[name] for name, quota in quotas.items() if quota[1])
    of_branch = None if branch is None else quotas.get(branch, (0, None, None))[2]
    cap = None if of_branch is None else Decimal(of_branch)
    rate = two_places(Decimal(of_customers) * 10000 / customers) if customers else None
    met, breached = parts["clock met"], parts["clock breached"]
    answers = [parts["answers"][each] for each in range(1, 11)]
    given = sum(answers)
    total = sum(answer * number for number, answer in enumerate(answers, 1))
    escalations = sum(parts["escalated"].values())
    deducted = escalations * Decimal("0.6") + n["incidents"] * Decimal("0.5")
    customers_left = n["unresolved"] + n["resolved"] + n["quickly"]
    bought = 19 * n["unresolved"] + 54 * n["resolved"] + 82 * n["quickly"]
    causes = sorted({*parts["cause"], *(c for p in ("before", "planned", "done", "late", "open") for c in parts[p])})
    return {
        "records": sum(parts["received"].values()),
        "received": dict(parts["received"]),
        "turned": n["turned"],
        "complaints": n["complaints"],
        "quota": (of_quota, volume, percent(of_quota, volume)) if quotas else None,
        "per_10k": (of_customers, customers, rate, cap) if customers else None,
        "of_cap": two_places(100 * Decimal(of_customers) * 10000 / customers / cap) if cap and customers else None,
        "types": dict(parts["type"]),
        "causes": dict(parts["cause"]),
        "channels": dict(parts["channel"]),
        "grades": dict(parts["grade"]),
        "imported": n["imported"],
        "opening": n["opening"],
        "closing": n["closing"],
        "states": dict(parts["states"]),
        "closed": dict(parts["closed"]),
        "reopened": dict(parts["reopened"]),
        "reopen_rate": percent(sum(parts["reopened"].values()), sum(parts["closed"].values())),
        "clocks": {
            clock: (met[clock], met[clock] + breached[clock], percent(met[clock], met[clock] + breached[clock]))
            for clock in sorted({*met, *breached})
        },
        "timeliness": percent(sum(met.values()), sum(met.values()) + sum(breached.values())),
        "answers": tuple(answers),
        "unhappy": sum(answers[:6]),
        "neutral": sum(answers[6:8]),
        "delighted": sum(answers[8:]),
        "satisfied": percent(sum(answers[8:]), given),
        "unsatisfied": percent(sum(answers[:6]), given),
        "mean": two_places(Decimal(total) / given) if given else None,
        "on_the_spot": (n["on_the_spot"], n["confirmed"], percent(n["on_the_spot"], n["confirmed"])),
        "repeats": (n["repeats"], n["complaints"], percent(n["repeats"], n["complaints"])),
        "escalations": dict(parts["escalated"]),
        "notices": n["notices"],
        "incidents": (n["incidents"], n["automatic"], n["linked"]),
        "promises": tuple(n["promises " + each] for each in ("before", "made", "met", "breached", "cancelled", "open")),
        "promises_kept": percent(n["promises met"], n["promises met"] + n["promises breached"]),
        "hand_offs": (n["accepted"], n["refused"], n["handled"]),
        "per_case": two_places(Decimal(n["accepted"]) / n["handled"]) if n["handled"] else None,
        "late": (n["late"], n["entries"], percent(n["late"], n["entries"])),
        "stays": {state: _stay(sorted(each)) for state, each in stays.items()},
        "cause_rows": {
            cause: (
                parts["cause"][cause],
                *(parts[each][cause] for each in ("before", "planned", "done", "late", "open")),
            )
            for cause in causes
            if any(parts[each][cause] for each in ("cause", "before", "planned", "done", "late", "open"))
        },
        "score": (
            escalations,
            n["incidents"],
            deducted,
            None if branch in (None, "*") else max(Decimal(0), 100 - deducted),
        ),
        "recovery": (n["unresolved"], n["resolved"], n["quickly"], n["other_kinds"]),
        "expected": two_places(Decimal(bought) / customers_left) if customers_left else None,
        "index": _index(parts),
    }


def _stay(lengths: list[int]) -> tuple[int, Decimal, Decimal]:
    count = len(lengths)
    half = count // 2
    middle = Decimal(lengths[half]) if count % 2 else Decimal(lengths[half - 1] + lengths[half]) / 2
    rank = 0
    while 10 * rank < 9 * count:
        rank += 1
    return count, two_places(middle / 10**6), two_places(Decimal(lengths[rank - 1]) / 10**6)


def _index(parts: dict[str, Counter[Any]]) -> dict[str, Decimal | None]:
    def mean(name: str) -> Decimal | None:
        answers = parts[f"indicator {name}"]
        return Decimal(sum(a * c for a, c in answers.items())) / answers.total() if answers else None

    def weighed(*parts: tuple[int, Decimal | None]) -> Decimal | None:
        asked = [(weight, value) for weight, value in parts if value is not None]
        return sum((w * v for w, v in asked), Decimal(0)) / sum(w for w, _ in asked) if asked else None

    values = {name: mean(name) for name in ("listened", "explained", "speed")}
    values["manner"] = weighed((3, values["listened"]), (2, values["explained"]))
    values["index"] = weighed((60, values["manner"]), (40, values["speed"]))
    return {name: None if value is None else two_places(value) for name, value in values.items()}


def _months(begin: datetime, end: datetime) -> list[tuple[datetime, datetime]]:
    first = begin.astimezone(ZONE)
    starts = []
    for back in range(5, -1, -1):
        number = first.year * 12 + first.month - 1 - back
        starts.append(datetime(number // 12, number % 12 + 1, 1, tzinfo=ZONE))
    return list(zip(starts, [*starts[1:], end], strict=True))


def _standards(lives: list[Life], begin: datetime, end: datetime) -> dict[str, list[tuple[int, int, Decimal | None]]]:
    months = _months(begin, end)
    found: dict[str, list[tuple[int, int, Decimal | None]]] = {}
    for name, (begins, ends, hours) in STANDARDS.items():
        measured: list[tuple[datetime, timedelta]] = []
        for life in lives:
            since = None
            for event in life.counting if not life.is_incident else []:
                if event["type"] in ends and since is not None:
                    measured.append((event["recorded_at"], event["recorded_at"] - since))
                    since = None
                if event["type"] in begins and since is None:
                    since = event["occurred_at"]
        found[name] = []
        for first, last in months:
            took = [each for at, each in measured if first <= at < last]
            good = sum(each <= hours * HOUR for each in took)
            us = sum(each // timedelta(microseconds=1) for each in took)
            found[name].append((good, len(took), two_places(Decimal(us) / len(took) / 10**6) if took else None))
    events = [event for life in lives if not life.is_incident for event in life.counting]
    found["settled"] = []
    for first, last in months:
        of = sum(e["type"] == "followed-up" and first <= e["recorded_at"] < last for e in events)
        spoilt = sum(e["type"] == "case-reopened" and first <= e["recorded_at"] < last for e in events)
        found["settled"].append((max(0, of - spoilt), of, None))
    return found


def _recurrence(lives: list[Life], begin: datetime, end: datetime) -> list[tuple[str, str, int, datetime, int, int]]:
    found = []
    for life in lives:
        if life.is_incident or not life.facts["cause"]:
            continue
        for clock, number, _, _, known, stopped in life.over:
            if clock != "corrective_action" or stopped is None:
                continue
            done = max(stopped, known)
            if not begin < done + 30 * DAY <= end:
                continue
            came = [
                other.became_complaint["recorded_at"]
                for other in lives
                if other.became_complaint is not None
                and (other.branch, other.facts["cause"]) == (life.branch, life.facts["cause"])
            ]
            before = sum(done - 30 * DAY <= at <= done for at in came)
            after = sum(done < at <= done + 30 * DAY for at in came)
            found.append((life.branch, life.facts["cause"], number or 0, done, before, after))
    return sorted(found, key=lambda each: (each[3], each[0]))


def _discussed(lives: list[Life], begin: datetime, end: datetime) -> list[tuple[str, str]]:
    def inside(at: datetime) -> bool:
        return begin <= at < end

    scores: dict[str, list[tuple[Any, int, str]]] = {}
    for life in lives:
        if life.is_incident or life.kind != "complaint" or life.in_history:
            continue
        month = [event for event in life.counting if inside(event["recorded_at"])]
        breached = [clock for clock, _, how, certain, _, _ in life.over if how == "breached" and inside(certain)]
        began = life.first["recorded_at"]
        answers = [e for e in month if e["type"] == "followed-up"]
        best = [(e["recorded_at"] - began).total_seconds() // 1 for e in answers if e["data"]["satisfaction"] >= 9]
        confirmed = [
            (e["recorded_at"] - began).total_seconds() // 1 for e in month if e["type"] == "customer-confirmed"
        ]
        worst = min([e["data"]["satisfaction"] for e in answers], default=10)
        types = Counter(e["type"] for e in month)
        escalated = sum(e["type"] == "case-escalated" and e["data"]["cause"] in ("deadline", "asked") for e in month)
        for rule, score in (
            ("unsatisfied", types["closed-unsatisfied"]),
            ("most_breaches", len(breached)),
            ("most_escalated", escalated),
            ("unhappiest", 11 - worst if worst <= 6 else 0),
            ("reopened", types["case-reopened"]),
            ("passed_around", types["hand-off-accepted"]),
            ("broken_promises", breached.count("promise")),
            ("most_declined", types["customer-declined"]),
            ("longest", max(confirmed, default=0)),
            ("delighted", 10**15 - min(best) if best else 0),
        ):
            scores.setdefault(rule, [])
            if score > 0:
                scores[rule].append((-score, life.first["position"], life.first["case"]))
    chosen: list[tuple[str, str]] = []
    for _ in range(10):
        for rule, some in scores.items():
            free = sorted(each for each in some if each[2] not in [case for _, case in chosen])
            if free and len(chosen) < 10:
                chosen.append((rule, free[0][2]))
    return chosen
