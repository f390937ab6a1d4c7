"""What people say and write in the month: texts by language and occasion, and narratives, each a little different."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from random import Random
from typing import Any, Final

from amends_platform.simulation.bank import BRANCHES, TYPES

_NUMBER: Final = re.compile(r"(?<![\d.:])\d{2,5}(?![\d:%]|\.\d)")
_WEEKDAYS: Final = {
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday"),
    "zh": ("星期一", "星期二", "星期三", "星期四", "星期五"),
}
_FAMILIES: Final = {
    "en": "Abernathy Bello Corrigan Dimitrov Eriksen Falk Garland Hadley Iversen Jessop Kimura Lacroix Moreau Nwosu "
    "Ostrander Petrov Quigley Rosales Sandhu Thorne Ullman Varga Wexler Yilmaz Zeman",
    "zh": "赵 钱 孙 李 周 吴 郑 王 冯 陈 蒋 沈 韩 杨 朱 秦 许 何 吕 张 孔 曹 严 华 金 魏 陶 姜 谢 邹",
}
_TITLES: Final = {"en": ("Ms. {}", "Mr. {}", "Mrs. {}"), "zh": ("{}女士", "{}先生")}
# Telephone numbers that are never given to anyone.
_TELEPHONES: Final = {"en": "555-01{:02}", "zh": "+86 000 0000 {:04}"}
# A middle of our own, or a paragraph of a sample.
_SAMPLE_SHARE: Final = 0.55

# What is shorter says nothing without the rest of its letter.
_PARAGRAPH_MIN: Final = {"en": 110, "zh": 45}

Samples = Mapping[str, Mapping[str, Any]]


@cache
def _texts() -> dict[str, dict[str, list[str]]]:
    read: dict[str, dict[str, list[str]]] = tomllib.loads((files(__package__) / "words.toml").read_text("utf-8"))
    return read


def say(chance: Random, language: str, occasion: str) -> str:
    """Something that fits the occasion, a key of words.toml."""
    return chance.choice(_texts()[language][occasion])


def customer(chance: Random, language: str) -> dict[str, str]:
    """Name and telephone number of nobody."""
    number = chance.randrange(10_000 if language == "zh" else 100)
    name = chance.choice(_TITLES[language]).format(chance.choice(_FAMILIES[language].split()))
    return {"name": name, "phone": _TELEPHONES[language].format(number)}


def narrative(chance: Random, language: str, branch: str, about: str, samples: Samples) -> str:
    """What a customer tells. `about` is a complaint type, or a kind of record that is no complaint."""
    middle = chance.choice(_texts()[language][about])
    written = _written(samples, language, about)
    if written and chance.random() < _SAMPLE_SHARE:
        middle = _varied(chance, chance.choice(written), branch)
    parts = [middle]
    if about not in TYPES:
        return _filled(chance, middle, language, branch)
    if chance.random() < 0.6:
        parts.insert(0, say(chance, language, "opening"))
    if chance.random() < 0.7:
        parts.append(say(chance, language, "end"))
    return ("" if language == "zh" else " ").join(_filled(chance, part, language, branch) for part in parts)


def _written(samples: Samples, language: str, about: str) -> list[str]:
    """The paragraphs of the bank's samples about this, in this language."""
    return [
        paragraph
        for sample in samples.values()
        if sample["type"] == about and sample["customer"]["ref"].startswith("C-1")
        for paragraph in sample["narrative"].split("\n\n")
        if len(paragraph) > _PARAGRAPH_MIN[language] and ("zh" if _is_chinese(paragraph) else "en") == language
    ]


def _varied(chance: Random, paragraph: str, branch: str) -> str:
    """The paragraph with other numbers, and at another branch."""
    for each in BRANCHES:
        paragraph = paragraph.replace(each.name, branch)
    return _NUMBER.sub(lambda number: str(_near(chance, int(number[0]))), paragraph).replace("{", "").replace("}", "")


def _near(chance: Random, number: int) -> int:
    """A number of the same kind: as round, and not far off."""
    step = next((each for each in (1000, 100, 50, 10, 5) if number % each == 0), 1)
    return max(2, number // step + chance.choice((-2, -1, 0, 1, 2, 3))) * step


def _filled(chance: Random, text: str, language: str, branch: str) -> str:
    if "{" not in text:
        return text
    shown = branch if language == "zh" else branch.replace("-", " ").title()
    return text.format(
        branch=shown,
        weekday=chance.choice(_WEEKDAYS[language]),
        clock=f"{chance.randint(9, 16)}:{chance.choice((5, 10, 20, 40, 50)):02}",
        amount=chance.choice((200, 300, 400, 500, 800, 1_000, 1_500, 2_000, 3_000)),
        small=chance.choice((12, 18, 20, 28, 35, 40)),
        minutes=chance.choice((20, 25, 35, 40, 45, 50)),
        years=chance.randint(3, 21),
        age=chance.randint(61, 84),
    )


def _is_chinese(text: str) -> bool:
    return any("\u4e00" <= letter <= "\u9fff" for letter in text)
