"""`make soak`: faults by the hundred, in rounds on a new world each, until so many or so long."""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import re
import shlex
import signal
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console

from tests.faults import schedule
from tests.faults.evidence import keep
from tests.faults.kinds import KINDS
from tests.faults.kinds.kind import Fault
from tests.faults.soak import Recovery, Run, running_bench
from tests.faults.telling import Progress, table

# A history is judged whole each time, so it should not grow for ever.
_FAULTS_A_ROUND = 50
_SENTENCE_CHARACTERS_MAX = 1_000
# PostgreSQL is given a disk of its own to fill.
_AS_ROOT = "disk-full"
_SECONDS = {"s": 1, "m": 60, "h": 3600}


def main() -> int:
    """Returns 0 when every promise was kept, 1 when one was broken."""
    # Behind a shell Ctrl-C is ignored; whatever ends a run, no server and no disk is left.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    asked = _arguments()
    out = Console(highlight=False, soft_wrap=True)
    progress = Progress(asked.faults)
    recoveries: list[Recovery] = []
    give_up_at = time.monotonic() + asked.seconds
    struck, seed = 0, asked.seed
    try:
        while struck < asked.faults and time.monotonic() < give_up_at:
            faults = _faults(asked, seed, min(_FAULTS_A_ROUND, asked.faults - struck))
            run = asyncio.run(_round(faults, seed, asked.keep / f"seed-{seed}", progress))
            progress.over(run)
            recoveries += run.recoveries
            if run.broken:
                progress.close()
                _tell_broken(out, asked, seed, faults, run)
                return 1
            struck, seed = struck + len(faults), seed + 1
    finally:
        progress.close()
    out.print(table(recoveries))
    out.print(f"{struck:,} faults, seeds {asked.seed} to {seed - 1}: every promise was kept")
    return 0


async def _round(faults: list[Fault], seed: int, evidence: Path, progress: Progress) -> Run:
    async with running_bench(seed, progress.show) as bench:
        run = await bench.play(faults)
        if not run.broken:
            run = await bench.examine()
        if run.broken:
            keep(evidence, bench.world, faults, run)
        return run


def _faults(asked: argparse.Namespace, seed: int, count: int) -> list[Fault]:
    if asked.schedule is not None:
        return schedule.read(asked.schedule.read_bytes())
    return schedule.plan(seed, count, [KINDS[name] for name in asked.only])


def _tell_broken(out: Console, asked: argparse.Namespace, seed: int, faults: list[Fault], run: Run) -> None:
    evidence = asked.keep / f"seed-{seed}"
    for sentence in run.broken[:30]:
        out.print(sentence[:_SENTENCE_CHARACTERS_MAX], markup=False)
    only = "" if len(asked.only) == len(KINDS) else " --only " + " ".join(asked.only)
    again = f"--seed {seed} --faults {len(faults)}{only}"
    out.print(f"{len(run.broken)} promises broken. Evidence: {evidence}")
    out.print(f"again with: make soak ARGS={shlex.quote(again)}")
    out.print(f"or with:    make soak ARGS={shlex.quote(f'--seed {seed} --schedule {evidence}/schedule.jsonl')}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make soak", description=__doc__)
    parser.add_argument("--faults", type=_some, default=1_000, help="how many [1000]")
    parser.add_argument(
        "--for", dest="seconds", type=_seconds, default=float("inf"), help="no longer than 90s, 10m, 2h"
    )
    parser.add_argument("--seed", type=int, default=None, help="the same faults and commands as a run before")
    parser.add_argument("--only", nargs="+", choices=list(KINDS), default=list(KINDS), metavar="KIND", help="of these")
    parser.add_argument("--schedule", type=Path, default=None, help="the faults of this file, as a run before wrote it")
    keep_in = Path(tempfile.gettempdir()) / "amends-faults"
    parser.add_argument("--keep", type=Path, default=keep_in, help=f"where evidence goes [{keep_in}]")
    asked = parser.parse_args()
    if asked.seed is None:
        asked.seed = random.randrange(1_000_000)
    if asked.schedule is not None:
        asked.faults = len(schedule.read(asked.schedule.read_bytes()))
    elif os.geteuid() != 0 and _AS_ROOT in asked.only:
        asked.only = [kind for kind in asked.only if kind != _AS_ROOT]
        if not asked.only:
            parser.error(f"only root can try {_AS_ROOT}")
        print(f"{_AS_ROOT} is left out: only root can try it", file=sys.stderr)
    print(f"seed {asked.seed}", file=sys.stderr, flush=True)
    return asked


def _some(text: str) -> int:
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError("must be a number from 1")
    return int(text)


def _seconds(text: str) -> float:
    match = re.fullmatch(r"([0-9]+)([smh])", text)
    if match is None:
        raise argparse.ArgumentTypeError("must look like 90s, 10m or 2h")
    return float(int(match[1]) * _SECONDS[match[2]])


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
