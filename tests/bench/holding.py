"""What intake holds of memory while it works: what it keeps of cases and keys has an end, and nothing else stays."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

from tests.bench import receiving
from tests.bench.http_load import Load, generated
from tests.bench.measuring import QUICK, Figures, Outcome, Plan, Rounds
from tests.bench.receiving import BARE, CONNECTIONS, OURS, Service
from tests.bench.servers import Bench, resident_mb

# Intake keeps the keys of 20,000 customers at hand.
_FILLED_AFTER = 40_000
_REQUESTS = 100_000
_SECONDS_AT_ONCE = 4.0

ABOUT = """
The two services of the benchmark of intake, each under the same requests until it has answered {requests:,} more than
the {filled:,} by which all that it means to keep is full. `fresh MB` is resident memory once the service has started,
`full MB` after those, `late MB` at the end; `grown` is how many times `full` that is.
"""


async def run(bench: Bench, plan: Plan, on_step: Callable[[str], None]) -> Outcome:
    filled, requests = (1_000, 2_000) if plan is QUICK else (_FILLED_AFTER, _REQUESTS)
    async with bench.database() as database:
        api_key = await receiving.prepared(database)
        numbers = itertools.count(0, 100_000)
        found: dict[str, list[Figures]] = {}
        for name, running in ((OURS, receiving.intake), (BARE, receiving.bare)):
            async with running(bench, database, api_key) as service:
                fresh = resident_mb(service.pid)
                on_step(f"{name}, {filled:,} requests")
                await _answer(service, filled, numbers)
                full = resident_mb(service.pid)
                on_step(f"{name}, {requests:,} requests more")
                await _answer(service, requests, numbers)
                late = resident_mb(service.pid)
                found[name] = [{"fresh MB": fresh, "full MB": full, "late MB": late, "grown": late / full}]
    rounds = Rounds(found)
    about = ABOUT.format(requests=requests, filled=filled)
    return rounds.outcome("Memory under load", about, rounds.figure(OURS, "grown", aim=1.05, at_most=True))


async def _answer(service: Service, count: int, numbers: Iterator[int]) -> None:
    """Have the service answer so many requests at least, each of a customer not seen before."""
    answered = 0
    while answered < count:
        load = Load(service.port, service.request(), CONNECTIONS, _SECONDS_AT_ONCE, next(numbers))
        answers = await generated(load)
        if answers.refused is not None:
            raise RuntimeError(f"a request was refused: {answers.refused}")
        answered += answers.count
