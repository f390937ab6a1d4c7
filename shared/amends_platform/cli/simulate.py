"""`amends simulate`."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated, Final

import typer

from amends_platform.cli.client import AsJson

if TYPE_CHECKING:
    from datetime import date

    from amends_domain.policy import Policy
    from amends_platform.simulation.tally import Seen

_CASES_A_MONTH: Final = 400.0
_MONTHS_MAX: Final = 600
# Calendars know neither the days before the year 1 nor those after 9999.
_FROM_YEAR_MIN: Final = 1_900
_FROM_YEAR_MAX: Final = 9_900


def simulate(
    policy: Annotated[
        str | None,
        typer.Argument(metavar="[POLICY]", help="A policy file, or the name of a built-in [default: AMENDS_POLICY]."),
    ] = None,
    against: Annotated[
        str | None,
        typer.Option("--against", metavar="POLICY", help="Let the same people come under this one, too, and compare."),
    ] = None,
    years: Annotated[
        float, typer.Option("--years", metavar="N", min=0.08, max=_MONTHS_MAX / 12, help="Of how many years.")
    ] = 1.0,
    begin: Annotated[
        str | None,
        typer.Option("--from", metavar="MONTH", help="From which month on, such as 2026-01 [default: the policy's]."),
    ] = None,
    cases: Annotated[
        float, typer.Option("--cases", metavar="N", min=0, max=1_000_000, help="About so many come in a month.")
    ] = _CASES_A_MONTH,
    pace: Annotated[
        float,
        typer.Option("--pace", metavar="X", min=0.05, max=20, help="Staff take so many times as long over everything."),
    ] = 1.0,
    seed: Annotated[int, typer.Option("--seed", metavar="N", help="Let other people come.")] = 1,
    as_json: AsJson = False,
) -> None:
    """Play years of complaint life under a policy, in seconds, and say what each branch would have seen.

    The core, the policy and the timers are the real ones; who comes and what staff do is drawn from the seed: the same
    arguments give the same answer. Branches are those to which the policy gives quotas, else six of an invented bank.
    Needs no database and no server, and records nothing.
    """
    from amends_platform.cli.policy import load
    from amends_platform.cli.settings import load_settings
    from amends_platform.cli.simulate_page import document, tell

    judge = load(policy or str(load_settings().policy), as_json=as_json).policy
    draft = None if against is None else load(against, as_json=as_json).policy
    first = _month(begin, judge)
    months = max(1, round(12 * years))
    began = time.monotonic()
    played = [_played(each, judge, first, months, cases, pace, seed) for each in (judge, draft) if each is not None]
    if as_json:
        document(played, first, months, seed)
    else:
        tell(played, first, months, seed, time.monotonic() - began)


def _played(policy: Policy, home: Policy, first: date, months: int, cases: float, pace: float, seed: int) -> Seen:
    """Under `policy`, at the branches of `home`: only then are two comparable."""
    from amends_platform.cli.progress import meter
    from amends_platform.demo.samples import sample_complaints
    from amends_platform.simulation.bank import branches_of
    from amends_platform.simulation.playing import simulate as play
    from amends_platform.simulation.telling import Town

    town = Town(policy, branches_of(home), sample_complaints(), seed, pace)
    with meter(f"simulating {policy.name}", "days", 30 * months) as shown:
        return play(town, first, months, cases, shown.reach)


def _month(text: str | None, policy: Policy) -> date:
    """The first day of it. Raises WrongUsage."""
    from datetime import date

    from amends_platform.failures import WrongUsage

    if text is None:
        return policy.effective_from.replace(day=1)
    try:
        month = date.fromisoformat(f"{text}-01")
    except ValueError:
        raise WrongUsage(f"expected a month after --from such as 2026-01, not {text!r}") from None
    if not _FROM_YEAR_MIN <= month.year <= _FROM_YEAR_MAX:
        raise WrongUsage(f"expected a year after --from from {_FROM_YEAR_MIN} to {_FROM_YEAR_MAX}, not {month.year}")
    return month
