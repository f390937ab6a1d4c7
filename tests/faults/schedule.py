"""Which faults strike when: from a seed, and as lines of JSON, by which a run can be played once more."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, replace

import orjson

from tests.faults.kinds.kind import Fault, Kind

_AFTER = (3, 30)
# How many strike while the one before still lasts.
_BESIDE = 0.2


def plan(seed: int, count: int, kinds: Sequence[Kind]) -> list[Fault]:
    """So many faults. The same seed and kinds make the same ones; a longer plan begins as a shorter one."""
    chance = random.Random(seed)
    faults = []
    for number in range(1, count + 1):
        (kind,) = chance.choices(kinds, [each.weight for each in kinds])
        faults.append(
            Fault(
                number,
                after=chance.randint(*_AFTER),
                kind=kind.name,
                victim=chance.choice(kind.victims),
                seconds=round(chance.uniform(*kind.seconds), 2),
                beside=chance.random() < _BESIDE,
            )
        )
    return faults


def one_of_each(kinds: Iterable[Kind], seed: int) -> list[Fault]:
    """Every kind once, one after the other, on a victim that the seed chooses; none for long."""
    chance = random.Random(seed)
    return [
        Fault(number, after=10, kind=kind.name, victim=chance.choice(kind.victims), seconds=kind.seconds[0])
        for number, kind in enumerate(kinds, 1)
    ]


def written(faults: Iterable[Fault]) -> bytes:
    """A line of JSON for each."""
    return b"".join(orjson.dumps(asdict(fault)) + b"\n" for fault in faults)


def read(lines: bytes) -> list[Fault]:
    """What `written` wrote. Numbered anew, so that lines may be left out."""
    return list(_numbered(Fault(**orjson.loads(line)) for line in lines.splitlines() if line.strip()))


def _numbered(faults: Iterable[Fault]) -> Iterator[Fault]:
    for number, fault in enumerate(faults, 1):
        yield replace(fault, number=number)
