"""Charts as SVG, drawn by the server: nothing runs in the browser, and every number stands beside its bar in words.

Each has a title and a description for who cannot see it. Colours are not the only sign of anything.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final
from unicodedata import east_asian_width
from xml.etree.ElementTree import Element, SubElement

from amends_workflow.reports.document import Bar, Bars, Stack

_WIDTH: Final = 760
_LABEL_WIDTH, _WORDS_WIDTH = 200, 250
_BAR_WIDTH: Final = _WIDTH - _LABEL_WIDTH - _WORDS_WIDTH
_ROW, _BAR = 30, 16
_LABEL_CELLS_MAX: Final = 30
_INK, _LINE = "currentColor", "#8a97a3"
_PLAIN, _BAD = "#3d7ea6", "#b3423a"
_TONES: Final = {"bad": "#b3423a", "plain": "#a9b4bd", "good": "#3f8f5f"}


def bars_chart(chart: Bars, name: str) -> Element:
    """Horizontal bars. `name` is unique on the page."""
    svg = _svg(chart.title, chart.description, name, _ROW * max(1, len(chart.bars)) + 8)
    longest = max([*(bar.length for bar in chart.bars), *(bar.limit or Decimal(0) for bar in chart.bars), Decimal(1)])
    for number, bar in enumerate(chart.bars):
        _bar(svg, bar, number * _ROW + 4, longest)
    return svg


def stack_chart(chart: Stack, name: str) -> Element:
    """One bar of several parts, and below it what each of them is."""
    svg = _svg(chart.title, chart.description, name, 34 + 24 * len(chart.slices))
    whole = sum(each.size for each in chart.slices)
    left = Decimal(0)
    for number, each in enumerate(chart.slices):
        width = Decimal(_WIDTH * each.size) / whole if whole else Decimal(0)
        if each.size:
            # A white line between neighbours, so that no two are told apart by their colours alone.
            _rect(svg, left, 2, width, 24, _TONES[each.tone], stroke="#ffffff")
        left += width
        y = 48 + 24 * number
        _rect(svg, Decimal(0), y - 11, Decimal(14), 14, _TONES[each.tone])
        _text(svg, 22, y, f"{each.label}: {each.words}")
    return svg


def _bar(svg: Element, bar: Bar, y: int, longest: Decimal) -> None:
    middle = y + _ROW // 2 + 3
    label = _text(svg, 0, middle, _shortened(bar.label))
    SubElement(label, "title").text = bar.label
    width = _BAR_WIDTH * bar.length / longest
    _rect(svg, Decimal(_LABEL_WIDTH), y + 5, width, _BAR, _BAD if bar.is_bad else _PLAIN)
    if bar.limit is not None:
        at = _number(_LABEL_WIDTH + _BAR_WIDTH * bar.limit / longest)
        line = {"x1": at, "x2": at, "y1": str(y + 1), "y2": str(y + _BAR + 9), "stroke": _INK, "stroke-width": "1.5"}
        SubElement(svg, "line", line)
    # Not by colour alone.
    words = f"▲ {bar.words}" if bar.is_bad else bar.words
    _text(svg, _LABEL_WIDTH + _BAR_WIDTH + 14, middle, words)


def _svg(title: str, description: str, name: str, height: int) -> Element:
    svg = Element(
        "svg",
        {
            "xmlns": "http://www.w3.org/2000/svg",
            "class": "chart",
            "viewBox": f"0 0 {_WIDTH} {height}",
            "role": "img",
            "aria-labelledby": f"{name}-title {name}-description",
        },
    )
    SubElement(svg, "title", id=f"{name}-title").text = title
    SubElement(svg, "desc", id=f"{name}-description").text = description
    return svg


def _rect(svg: Element, x: Decimal, y: int, width: Decimal, height: int, fill: str, stroke: str = "none") -> None:
    SubElement(
        svg,
        "rect",
        {
            "x": _number(x),
            "y": str(y),
            "width": _number(max(Decimal(0), width)),
            "height": str(height),
            "fill": fill,
            "stroke": stroke,
        },
    )


def _text(svg: Element, x: int, y: int, words: str) -> Element:
    text = SubElement(svg, "text", {"x": str(x), "y": str(y), "fill": _INK, "font-size": "13"})
    text.text = words
    return text


def _number(value: Decimal) -> str:
    return str(value.quantize(Decimal("0.1")))


def _shortened(label: str) -> str:
    """So much of a label as there is room for; a Chinese character is as wide as two letters."""
    room = _LABEL_CELLS_MAX
    for number, character in enumerate(label):
        room -= 2 if east_asian_width(character) in "WF" else 1
        if room < 0:
            return label[: max(1, number - 1)] + "…"
    return label
