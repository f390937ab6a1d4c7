"""The dossier as PDF, set by typst (the extra `pdf`), with fonts of this machine for Chinese, Japanese and Korean."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict
from importlib.resources import files
from threading import Lock
from typing import Any, Final

from amends_platform.evidence.dossier import Dossier

# In the order in which they are taken; the first is what Debian's fonts-noto-cjk brings.
_CJK_FONTS: Final = (
    "Noto Sans CJK SC",
    "Noto Sans SC",
    "Source Han Sans SC",
    "Source Han Sans CN",
    "PingFang SC",
    "Microsoft YaHei",
    "Noto Serif CJK SC",
    "WenQuanYi Micro Hei",
    "WenQuanYi Zen Hei",
)
# typst carries it with it, for machines on which there is nothing else.
_OWN_FONT: Final = "Libertinus Serif"
_CJK: Final = re.compile(r"[\u1100-\u11ff\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef\U00020000-\U0003ffff]")

# Looking for fonts takes longer than the dossier, and needs to be done once.
_fonts: Any = None
_lock: Final = Lock()


class CannotPrint(Exception):
    """The dossier cannot be set as PDF here; the message says what is missing."""


def pdf_of(dossier: Dossier) -> bytes:
    """The dossier as PDF, the same bytes each time on the same machine. Raises CannotPrint. The first takes seconds."""
    source = (files("amends_platform.evidence") / "dossier.typ").read_bytes()
    return pdf_from(source, {"dossier": json.dumps(asdict(dossier), ensure_ascii=False)})


def pdf_from(source: bytes, inputs: Mapping[str, str]) -> bytes:
    """What a source of typst makes of its inputs, which are JSON; one called `fonts` is added. Raises CannotPrint."""
    try:
        import typst
    except ImportError:
        raise CannotPrint(
            "A PDF needs typst: install amends with the extra pdf, `pip install 'amends[pdf]'`."
        ) from None

    fonts = _system_fonts(typst)
    families = [family for family in _CJK_FONTS if family in fonts.families()]
    if not families and any(_CJK.search(text) for text in inputs.values()):
        raise CannotPrint(
            "A PDF of this needs a font with Chinese characters, and this machine has none: install one, "
            "on Debian and Ubuntu the package fonts-noto-cjk."
        )
    given = {**inputs, "fonts": json.dumps([*families, _OWN_FONT])}
    try:
        pdf = typst.Compiler(source, font_paths=fonts, sys_inputs=given).compile(format="pdf")
    except typst.TypstError as error:
        raise CannotPrint(f"It could not be set as PDF: {error.message}") from error
    assert isinstance(pdf, bytes), "asked for one document, it gives one"
    return pdf


def _system_fonts(typst: Any) -> Any:
    global _fonts
    with _lock:
        if _fonts is None:
            _fonts = typst.Fonts()
        return _fonts
