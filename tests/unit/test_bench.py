"""The benchmarks can be run, and say what they measured."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.bench.__main__ import BENCHMARKS
from tests.bench.document import as_json, page
from tests.bench.measuring import Contender, Figures, Rounds, take_turns


def contender(name: str, figures: list[float], log: list[str]) -> Contender:
    rest = iter(figures)

    async def run() -> Figures:
        log.append(name)
        return {"events/s": next(rest)}

    return Contender(name, run)


async def test_contenders_take_turns_and_the_first_round_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    # Here the garbage is that of all tests before.
    monkeypatch.setattr("tests.bench.measuring.gc.collect", lambda: 0)
    log: list[str] = []
    steps: list[str] = []
    rounds = await take_turns(
        [contender("ours", [1, 30, 40, 50], log), contender("theirs", [1, 10, 10, 20], log)], 3, steps.append
    )
    assert log == ["ours", "theirs"] * 4
    assert steps[:3] == ["ours, warming up", "theirs, warming up", "ours, round 1 of 3"]
    ratio = rounds.ratio("ours", "theirs", "events/s", aim=2)
    assert (ratio.found.median, ratio.found.least, ratio.found.most) == (4.0, 2.5, 4.0)


def test_the_page_holds_what_was_found() -> None:
    rounds = Rounds({"ours": [{"events/s": 12_345.6}], "theirs": [{"events/s": 1_234.56}]})
    more, itself = (
        rounds.ratio("ours", "theirs", "events/s", aim=4),
        rounds.figure("ours", "events/s", aim=10_000, at_most=True),
    )
    assert (more.is_met, itself.is_met) == (True, False)
    found = [rounds.outcome("Appending", "What.\n", more, itself)]
    text = page("run me", datetime(2026, 3, 1, tzinfo=UTC), 7, 4.0, {"Memory": "16 GiB"}, found)
    assert "`run me` on 2026-03-01" in text
    assert "| Appending, events/s | theirs | **10.0 × (10.0–10.0)** | 4 |" in text
    assert "| Appending, events/s |  | **12,346 (12,346–12,346)** | ≤ 10,000 |" in text
    assert "| ours | 12,346 (12,346–12,346) |" in text
    assert "| Memory | 16 GiB |" in text
    assert '"aim": 4' in as_json({}, found)


def test_there_are_nine_benchmarks() -> None:
    assert list(BENCHMARKS) == ["a", "b", "c", "d", "e", "f", "g", "h", "i"]
