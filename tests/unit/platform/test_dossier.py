"""The dossier: what happened is all in it, in a page that does nothing and on paper, in any language."""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import pypdf
import pytest
import typst

from amends_platform.evidence import dossier_pdf
from amends_platform.evidence.dossier import Dossier, dossier_of
from amends_platform.evidence.dossier_html import html_of
from amends_platform.evidence.dossier_pdf import CannotPrint, pdf_of
from amends_platform.evidence.subject import UNREADABLE, Subject, Words
from amends_platform.evidence.tree_head import TreeHead
from tests.support.evidence import CUSTOMER, NARRATIVE, ORIGIN, a_life, erased

HEAD = TreeHead(ORIGIN, 500, bytes(range(32)))
SUBJECT = a_life().subject()
CHINESE = sorted(set(re.findall(r"[\u4e00-\u9fff]", NARRATIVE + CUSTOMER["name"])))


def dossier(subject: Subject = SUBJECT) -> Dossier:
    return dossier_of(subject, HEAD)


class Page(HTMLParser):
    """What a browser makes of a page: its elements, their attributes, and the text that is shown."""

    def __init__(self, html: bytes) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.text = ""
        self._inside: list[str] = []
        self.feed(html.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag != "meta":
            self._inside.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._inside.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self._inside:
            self.text += data + "\n"


def pages_of(pdf: bytes) -> list[pypdf.PageObject]:
    return list(pypdf.PdfReader(io.BytesIO(pdf)).pages)


def printed(pdf: bytes) -> str:
    """The text of a PDF without any white space, which its lines put anywhere."""
    return "".join("".join(page.extract_text() for page in pages_of(pdf)).split())


def shown(subject: Subject) -> str:
    return Page(html_of(dossier(subject))).text


def test_everything_that_happened_is_told_with_who_and_when() -> None:
    text = shown(SUBJECT)
    for entry, event in zip(dossier().timeline, SUBJECT.events, strict=True):
        assert entry.version == event.version
        for part in (entry.sentence, entry.actor, entry.at, *entry.words):
            assert part in text
    assert "BREACH: promise was due 2026-03-02 15:00:00+08:00" in text
    assert "system:timers" in text


def test_every_run_of_a_clock_is_told_with_its_verdict_and_why_it_was_due() -> None:
    told = {clock.name: clock for clock in dossier().clocks}
    assert len(dossier().clocks) == len(SUBJECT.deadlines)
    assert told["promise 1"].verdict == "breached"
    assert told["apology"].verdict == "met"
    assert told["apology"].explanation == "The clock apology was explained."
    assert told["apology"].explanation in shown(SUBJECT)


def test_contacts_say_who_spoke() -> None:
    (contact,) = dossier().contacts
    assert (contact.how, contact.spoken_by) == ("inbound, by phone", "a-handler")
    assert contact.outcome == "customer reached, the reason for the delay explained"


def test_the_words_of_people_are_told_as_they_said_them() -> None:
    text = shown(SUBJECT)
    for words in (*NARRATIVE.splitlines(), *CUSTOMER.values(), "客户来电询问进展。", "今天下班前到账", "满意"):
        assert words in text


def test_the_policies_and_the_checkpoint_are_named_by_their_hashes() -> None:
    text = shown(SUBJECT)
    for policy_hash in SUBJECT.policies:
        assert policy_hash in text
    assert HEAD.root_hash.hex() in text
    assert f"1–{len(SUBJECT.events)}" in text


@pytest.mark.parametrize(
    ("without", "notice"),
    [
        (erased, "Personal data of this customer was erased"),
        (lambda subject: replace(subject, words=None), "left out of this copy"),
        (
            lambda subject: replace(subject, words={each: Words(None, UNREADABLE) for each in subject.words}),
            "could not be opened",
        ),
    ],
)
def test_a_dossier_without_words_says_why(without: Callable[[Subject], Subject], notice: str) -> None:
    subject = without(SUBJECT)
    text = shown(subject)
    assert notice in text
    for words in (*NARRATIVE.splitlines(), *CUSTOMER.values(), "客户来电", "满意"):
        assert words not in text
    # What happened is told all the same.
    assert [entry.sentence for entry in dossier(subject).timeline] == [entry.sentence for entry in dossier().timeline]


def test_a_page_loads_nothing_runs_nothing_and_takes_no_word_for_markup() -> None:
    page = Page(html_of(dossier()))
    assert page.tags.isdisjoint({"script", "img", "link", "iframe", "object", "a", "form", "b"})
    assert page.attributes <= {"lang", "charset", "http-equiv", "content", "name", "class", "colspan"}
    assert "<b>nobody</b> & nothing helped" in page.text


def test_the_same_case_gives_the_same_page() -> None:
    assert html_of(dossier(a_life().subject())) == html_of(dossier())


def test_a_case_without_clocks_contacts_or_words_is_told_too() -> None:
    bare = replace(dossier(), clocks=(), contacts=(), customer=(), narrative=(), timeline=(), notice=None)
    assert "No clock ever ran on this case." in Page(html_of(bare)).text
    assert "Noclockeverranonthiscase." in printed(pdf_of(bare))


# On paper

needs_chinese_font = pytest.mark.skipif(
    set(dossier_pdf._CJK_FONTS).isdisjoint(typst.Fonts().families()),
    reason="no font with Chinese characters is installed (Debian: fonts-noto-cjk)",
)


@needs_chinese_font
def test_the_paper_says_what_the_page_says() -> None:
    text = printed(pdf_of(dossier()))
    for words in (
        *NARRATIVE.splitlines(),
        *CUSTOMER.values(),
        "客户来电询问进展。",
        "The clock apology was explained.",
    ):
        assert "".join(words.split()) in text
    for entry in dossier().timeline:
        assert "".join(entry.sentence.split()) in text
    assert HEAD.root_hash.hex() in text


@needs_chinese_font
def test_each_chinese_character_has_a_shape_of_its_own_on_paper() -> None:
    """A character that no font has is drawn as glyph 0, an empty box, whatever the text beneath says."""
    glyphs: dict[str, set[tuple[str, str]]] = {character: set() for character in CHINESE}
    for page in pages_of(pdf_of(dossier())):
        fonts: Any = page["/Resources"]
        for font in fonts["/Font"].values():
            mapping = font["/ToUnicode"].get_data().decode("latin-1")
            for code, text in re.findall(r"<([0-9a-fA-F]{4})> <([0-9a-fA-F]+)>\s*\n", mapping):
                character = bytes.fromhex(text).decode("utf-16-be")
                if character in glyphs:
                    glyphs[character].add((font["/BaseFont"], code))
    assert [character for character, found in glyphs.items() if not found] == []
    drawn = [glyph for found in glyphs.values() for glyph in found]
    assert len(set(drawn)) == len(drawn)
    assert "0000" not in {code for _, code in drawn}


@needs_chinese_font
def test_the_same_case_gives_the_same_paper() -> None:
    assert pdf_of(dossier()) == pdf_of(dossier())


@needs_chinese_font
def test_what_somebody_wrote_is_no_instruction_to_the_typesetter() -> None:
    words = '#panic("no") $x$ = *bold* `raw` // gone \\ @ref <label> "quoted" ' + "w" * 300
    told = replace(dossier(), narrative=(words,))
    text = printed(pdf_of(told)).replace("\u200b", "")
    assert "".join(words.split()) in text


@pytest.fixture
def _no_fonts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dossier_pdf, "_fonts", typst.Fonts(include_system_fonts=False))


@pytest.mark.usefixtures("_no_fonts")
def test_without_a_chinese_font_the_package_that_has_one_is_named() -> None:
    with pytest.raises(CannotPrint, match="fonts-noto-cjk"):
        pdf_of(dossier())


@pytest.mark.usefixtures("_no_fonts")
def test_without_a_chinese_font_a_case_that_needs_none_is_printed() -> None:
    subject = replace(SUBJECT, words=None)
    assert SUBJECT.reference in printed(pdf_of(dossier(subject)))


def test_without_the_extra_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "typst", None)
    with pytest.raises(CannotPrint, match=r"amends\[pdf\]"):
        pdf_of(dossier())
