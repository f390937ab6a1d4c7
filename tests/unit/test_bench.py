"""The benchmarks can be run, and say what they measured."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.bench.__main__ import BENCHMARKS
from tests.bench.document import as_json, page
from tests.bench.measuring import FULL, Contender, Curve, Figures, Rounds, take_turns
from tests.bench.records import Record, keep_records, read_records


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


def test_the_page_holds_what_was_found_with_pictures_of_it(tmp_path: Path) -> None:
    from tests.bench.plotting import draw

    rounds = Rounds({"ours": [{"events/s": 12_345.6}], "theirs": [{"events/s": 1_234.56}]})
    more, itself = (
        rounds.ratio("ours", "theirs", "events/s", aim=4),
        rounds.figure("ours", "events/s", aim=10_000, at_most=True),
    )
    assert (more.is_met, itself.is_met) == (True, False)
    found = [rounds.outcome("Appending", "What.\n", more, itself)]
    at, machine = datetime(2026, 3, 1, tzinfo=UTC), {"Memory": "16 GiB", "Load average before": "0.10"}
    records = {"append": Record(at, machine, found[0])}
    keep_records(tmp_path / "records.json", records)
    assert read_records(tmp_path / "records.json") == records
    text = page("run me", FULL, records, draw(found, tmp_path))
    assert "`run me`" in text
    assert "Measured on 2026-03-01 at 00:00 UTC" in text
    assert "load average before: 0.10" in text
    assert "| Appending, events/s | theirs | **10.0 × (10.0–10.0)** | 4 |" in text
    assert "| Appending, events/s |  | **12,346 (12,346–12,346)** | ≤ 10,000 |" in text
    assert "| ours | 12,346 (12,346–12,346) |" in text
    assert "| Memory | 16 GiB |" in text
    assert "![Appending](appending.svg)" in text
    assert "![All ratios, and their aims](ratios.svg)" in text
    assert "12,346" in (tmp_path / "appending.svg").read_text()
    assert '"aim": 4' in as_json({}, found)


def test_what_grows_is_drawn_as_lines_and_the_same_figures_are_the_same_bytes(tmp_path: Path) -> None:
    from tests.bench.plotting import draw

    rounds = Rounds({"small": [{"p99 ms": 4.0}, {"p99 ms": 5.0}], "large": [{"p99 ms": 6.0}, {"p99 ms": 8.0}]})
    curve = Curve("Amends", "p99 ms", "events in the log", (10_000, 1_000_000), ("small", "large"))
    found = [rounds.outcome("As the log grows", "What.\n", curves=[curve])]
    drawn = [(draw(found, tmp_path / name), (tmp_path / name / "as-the-log-grows.svg").read_bytes()) for name in "ab"]
    assert drawn[0] == drawn[1] == ({"As the log grows": "as-the-log-grows.svg"}, drawn[0][1])
    assert b"events in the log" in drawn[0][1]


def test_every_benchmark_is_known_by_a_name() -> None:
    assert list(BENCHMARKS)[:3] == ["append", "callers", "growth"]
    assert all(name.isalpha() for name in BENCHMARKS)
