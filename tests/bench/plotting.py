"""Pictures of the results: bars where contenders stand side by side, lines where a cost grows with something."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import cycle
from pathlib import Path
from typing import Any, Final

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tests.bench.document import number
from tests.bench.measuring import Aim, Curve, Outcome, Summary

_OURS: Final = "#0b6e4f"
_OTHERS: Final = ("#8a8f98", "#c8553d", "#3d6cc8", "#b08900", "#7b4fa3")
_WIDTH_INCHES: Final = 8.0
_STYLE: Final[dict[Any, Any]] = {
    # Text stays text, and the same figures are the same bytes.
    "svg.fonttype": "none",
    "svg.hashsalt": "amends",
    "font.family": "sans-serif",
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
}


def draw(found: Sequence[Outcome], directory: Path) -> dict[str, str]:
    """An SVG file for all ratios, and one for each outcome that has something to show. By title: the file's name."""
    directory.mkdir(parents=True, exist_ok=True)
    drawn: dict[str, str] = {}
    with mpl.rc_context(_STYLE):
        ratios = [(outcome, aim) for outcome in found for aim in outcome.aims if aim.theirs is not None]
        if ratios:
            drawn[""] = _kept(_ratios(ratios), directory, "ratios")
        for outcome in found:
            picture = _curves(outcome) if outcome.curves else _bars(outcome)
            drawn[outcome.title] = _kept(picture, directory, re.sub(r"\W+", "-", outcome.title.lower()).strip("-"))
    return drawn


def _ratios(ratios: Sequence[tuple[Outcome, Aim]]) -> Figure:
    """How many times what it is held against, on a scale of doublings; a mark where the aim is."""
    picture, axes = _sheet(0.42 * len(ratios) + 1.1)
    for row, (_outcome, aim) in enumerate(reversed(ratios)):
        found = aim.found
        axes.barh(row, found.median, color=_OURS if aim.is_met else _OTHERS[1], height=0.62)
        axes.hlines(row, found.least, found.most, color="black", linewidth=1)
        axes.plot(aim.aim, row, marker="|", color="black", markersize=15, markeredgewidth=2)
        _label(axes, f"{number(found.median)} ×", max(found.most, aim.aim), row)
    axes.set_yticks(
        range(len(ratios)),
        [f"{outcome.named(aim)}\nagainst {aim.theirs}" for outcome, aim in reversed(ratios)],
    )
    axes.tick_params(axis="y", labelsize=8)
    axes.set_xscale("log", base=2)
    axes.xaxis.set_major_formatter(lambda value, _position: f"{value:g}")
    axes.axvline(1, color="black", linewidth=0.6)
    axes.set_xlabel("times; the line across is the aim,\nwhiskers are the least and the most of any round")
    return picture


def _bars(outcome: Outcome) -> Figure:
    """The outcome's first column, by contender."""
    column, names = outcome.columns[0], list(outcome.rows)
    picture, axes = _sheet(0.42 * len(names) + 1.1)
    for row, name in enumerate(reversed(names)):
        value = outcome.rows[name][column]
        is_ours = row == len(names) - 1
        axes.barh(row, value.median, color=_OURS if is_ours else _OTHERS[0], height=0.62)
        axes.hlines(row, value.least, value.most, color="black", linewidth=1)
        _label(axes, number(value.median), value.most, row)
    axes.set_yticks(range(len(names)), list(reversed(names)))
    axes.xaxis.set_major_formatter(lambda value, _position: f"{value:,g}")
    axes.set_xlabel(column)
    return picture


def _curves(outcome: Outcome) -> Figure:
    """A panel for each column: its curves, against what they grow with, which runs over powers."""
    columns = list(dict.fromkeys(curve.column for curve in outcome.curves))
    picture = Figure(figsize=(_WIDTH_INCHES, 2.8), layout="constrained")
    for axes, column in zip(picture.subplots(1, len(columns), squeeze=False)[0], columns, strict=True):
        shown = [curve for curve in outcome.curves if curve.column == column]
        for curve, color in zip(shown, cycle((_OURS, *_OTHERS))):
            _line(axes, curve, [outcome.rows[row][column] for row in curve.rows], color)
        first = shown[0]
        axes.set_xscale("log")
        axes.set_xticks(first.at, [f"{at:,.0f}" for at in first.at])
        axes.set_xticks([], minor=True)
        axes.set_xlabel(first.against)
        axes.set_title(column, loc="left", fontsize=10)
        axes.set_ylim(bottom=0)
        axes.yaxis.set_major_formatter(lambda value, _position: f"{value:,g}")
        if len(shown) > 1:
            axes.legend(frameon=False, fontsize=9)
    return picture


def _line(axes: Axes, curve: Curve, values: Sequence[Summary], color: str) -> None:
    medians = [value.median for value in values]
    spread = [
        [value.median - value.least for value in values],
        [value.most - value.median for value in values],
    ]
    axes.errorbar(
        curve.at,
        medians,
        yerr=spread,
        color=color,
        marker="o",
        markersize=4,
        capsize=3,
        linewidth=1.5,
        label=curve.name,
    )


def _label(axes: Axes, text: str, x: float, y: float) -> None:
    axes.annotate(text, (x, y), (8, 0), textcoords="offset points", va="center")


def _sheet(height_inches: float) -> tuple[Figure, Axes]:
    picture = Figure(figsize=(_WIDTH_INCHES, height_inches), layout="constrained")
    return picture, picture.subplots()


def _kept(picture: Figure, directory: Path, name: str) -> str:
    file = directory / f"{name}.svg"
    # A date would make other bytes of the same figures.
    picture.savefig(file, metadata={"Date": None})
    return file.name
