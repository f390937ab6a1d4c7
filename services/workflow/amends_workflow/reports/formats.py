"""A report in the format that is asked for."""

from __future__ import annotations

import asyncio
from typing import Final, NamedTuple

from amends_domain.measures.pack import Pack
from amends_platform.evidence.dossier_pdf import CannotPrint
from amends_platform.http.problems import Problem
from amends_workflow.press import PRESS
from amends_workflow.reports.composing import composed
from amends_workflow.reports.html_form import as_html
from amends_workflow.reports.json_form import as_json
from amends_workflow.reports.lines import as_csv
from amends_workflow.reports.media import MEDIA_TYPES, Format
from amends_workflow.reports.pdf_form import as_pdf
from amends_workflow.reports.xlsx_form import as_xlsx

_IN_WORDS: Final = {Format.HTML: as_html, Format.XLSX: as_xlsx, Format.PDF: as_pdf}


class Written(NamedTuple):
    """A report in a format, and what a file of it is called."""

    body: bytes
    media_type: str
    name: str


async def written(pack: Pack, format_: Format, language: str) -> Written:
    """The report. Raises a 501 problem where a PDF cannot be set here, and a 429 problem where many wait for one."""
    branch = "" if pack.branch is None else f"-{_as_name(pack.branch)}"
    # Data is read by programs, and done at once; setting a page takes long enough for others to notice.
    setting = asyncio.to_thread if format_ is Format.JSON else PRESS.set
    body = await setting(_body, pack, format_, language)
    return Written(body, MEDIA_TYPES[format_], f"report-{pack.month}{branch}.{format_}")


def _body(pack: Pack, format_: Format, language: str) -> bytes:
    if format_ is Format.JSON:
        return as_json(pack)
    if format_ is Format.CSV:
        return as_csv(pack)
    try:
        return _IN_WORDS[format_](composed(pack, language))
    except CannotPrint as error:
        raise Problem(501, "no-pdf", str(error)) from error


def _as_name(branch: str) -> str:
    """A branch in a file's name, and in a header."""
    return "".join(each if each.isascii() and (each.isalnum() or each in "-_") else "_" for each in branch)[:60]
