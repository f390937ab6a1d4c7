"""A month at the terminal: a line a branch, the clocks, and the cases worth discussing."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from rich.text import Text

from amends_platform.cli.tables import output, print_table
from amends_platform.words import Words

_Json = dict[str, Any]
_NOTHING: Final = "–"
# Where a terminal is narrow: the last columns first, and never the branch, the complaints and what is in time.
_GIVE_UP: Final = (9, 8, 7, 6, 3, 2, 5)


def show(pack: _Json, said: Words) -> None:
    """Print the summary. Shape of `pack`: what GET /v1/reports/{month} answers."""
    console = output()
    text = said.text
    title = text("Complaints in {month}", month=said.month(pack["month"]))
    console.print(Text(title, "bold"))
    state = text("frozen") if pack["is_over"] else text("to date, {time}", time=_time(pack, said))
    console.print(Text(said.clauses((state, text("times of {zone}", zone=pack["timezone"]))), "dim"))
    if pack["reconciles"]:
        console.print(Text(text("Every total reconciles with its parts, and with what the log holds."), "green"))
    else:
        wrong = [each["name"] for each in pack["reconciliations"] if each["difference"]]
        console.print(
            Text(f"▲ {text('{count} totals do not reconcile.', count=len(wrong))} {', '.join(wrong)}", "bold red")
        )
    console.print()
    _branches(pack, said)
    _clocks(pack["total"], said)
    _discussed(pack["total"], said)
    console.print()
    for line in _facts(pack, said):
        console.print(Text(line, "dim"))


def _branches(pack: _Json, said: Words) -> None:
    text = said.text
    columns = (
        text("Branch"),
        text("Complaints"),
        text("of the quota"),
        text("per 10,000 customers"),
        text("in time"),
        text("satisfaction rate"),
        text("On the spot"),
        text("reopened"),
        text("escalations"),
        text("score"),
    )
    rows = [_row(one, said) for one in (*pack["branches"], pack["total"])]
    print_table(output(), columns, rows, give_up=_GIVE_UP)


def _row(one: _Json, said: Words) -> list[Text | str]:
    volumes = one["volumes"]
    quota, per_10k = volumes["against_quota"], volumes["per_10k_customers"]
    name = said.text("All branches") if one["branch"] is None else _branch(one["branch"], said)
    score = one["scorecard"]["score"]
    is_over = quota is not None and quota["percent"] is not None and quota["percent"] > 100
    is_above = per_10k is not None and per_10k["of_cap"] is not None and per_10k["of_cap"] > 100
    return [
        Text(name, "bold" if one["branch"] is None else ""),
        said.number(volumes["complaints"]),
        _marked(_percent(None if quota is None else quota["percent"], said), is_bad=is_over),
        _marked(_NOTHING if per_10k is None else said.number(_exact(per_10k["rate"]), 2), is_bad=is_above),
        _percent(one["timeliness"]["kept"]["percent"], said),
        _percent(one["satisfaction"]["satisfied"]["percent"], said),
        _percent(one["on_the_spot"]["percent"], said),
        said.number(one["flow"]["reopened"]),
        said.number(one["escalations"]["count"]),
        _NOTHING if score is None else said.number(_exact(score)),
    ]


def _clocks(total: _Json, said: Words) -> None:
    if not total["timeliness"]["clocks"]:
        return
    print()
    text = said.text
    columns = (text("Clock"), text("met"), text("met or breached"), text("in time"))
    rows = [
        (
            said.code("clock", each["clock"]),
            said.number(each["kept"]["part"]),
            said.number(each["kept"]["whole"]),
            _percent(each["kept"]["percent"], said),
        )
        for each in total["timeliness"]["clocks"]
    ]
    print_table(output(), columns, rows)


def _discussed(total: _Json, said: Words) -> None:
    if not total["discussed"]:
        return
    print()
    columns = (said.text("Case"), said.text("Branch"), said.text("chosen for"))
    rows = [
        (Text(each["reference"], "bold"), each["branch"], said.term("discussed", each["rule"]))
        for each in total["discussed"]
    ]
    print_table(output(), columns, rows)


def _facts(pack: _Json, said: Words) -> list[str]:
    policies = said.listed(f"{each['name']} {each['version']}" for each in pack["policies"])
    cut = said.text("position {position} of the log", position=said.number(pack["position"]))
    checkpoint = pack["checkpoint"]
    if checkpoint is None:
        return [f"{cut}, {policies}"]
    size, root = said.number(checkpoint["tree_size"]), checkpoint["root_hash"]
    return [f"{cut}, {policies}", said.text("{size} events, root {root}", size=size, root=root)]


def _branch(name: str, said: Words) -> str:
    return said.text("Incidents of all branches") if name == "*" else name


def _time(pack: _Json, said: Words) -> str:
    return said.instant(pack["until"], pack["timezone"])


def _marked(words: str, *, is_bad: bool) -> Text | str:
    # Not by colour alone.
    return Text(f"{words} ▲", "bold red") if is_bad else words


def _percent(value: float | None, said: Words) -> str:
    return _NOTHING if value is None else said.percent(_exact(value) / 100)


def _exact(value: float) -> Decimal:
    """The decimal that the number was written as."""
    return Decimal(str(value))
