"""What a page points at is there: files, headings, and the files that it names in passing."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = [
    page
    for page in sorted(ROOT.glob("**/*.md"))
    if not page.relative_to(ROOT).parts[0].startswith(".") and "node_modules" not in page.parts
]
_CODE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_ELSEWHERE = re.compile(r"[a-z]+:")
_HEADING = re.compile(r"^#+ +(.+?) *$", re.MULTILINE)
_NAMED = re.compile(r"`((?:\.ci|bench|deploy|docs|samples|services|shared|tests)/[\w./-]+)(?:::\w+)?`")


def _text(page: Path) -> str:
    """Without blocks of code, in which nothing is a link."""
    return _CODE.sub("", page.read_text("utf-8"))


@cache
def _anchors(page: Path) -> frozenset[str]:
    """By what its headings are linked to: small letters, hyphens for spaces, without signs."""
    headings = _HEADING.findall(_text(page))
    return frozenset(re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings)


def _leads_somewhere(page: Path, link: str) -> bool:
    path, _, anchor = link.partition("#")
    leads_to = page.parent / path if path else page
    return leads_to.exists() and (not anchor or leads_to.suffix != ".md" or anchor in _anchors(leads_to))


def test_every_link_of_a_page_leads_somewhere() -> None:
    links = [(page, link) for page in PAGES for link in _LINK.findall(_text(page)) if not _ELSEWHERE.match(link)]
    assert [f"{page.relative_to(ROOT)}: {link}" for page, link in links if not _leads_somewhere(page, link)] == []


def test_every_file_that_a_page_names_is_there() -> None:
    named = [(page, name) for page in PAGES for name in _NAMED.findall(_text(page))]
    assert [f"{page.relative_to(ROOT)}: {name}" for page, name in named if not (ROOT / name).exists()] == []
