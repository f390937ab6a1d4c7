"""A report on paper, set by typst (the extra `pdf`), with fonts of this machine for Chinese."""

from __future__ import annotations

import json
from dataclasses import asdict
from importlib.resources import files
from typing import Any

from amends_platform.evidence.dossier_pdf import pdf_from
from amends_platform.words import words
from amends_workflow.reports.document import Bars, Block, Document, Stack, Table
from amends_workflow.reports.wording import Said


def as_pdf(document: Document) -> bytes:
    """The report as PDF, the same bytes each time on the same machine. Raises CannotPrint. The first takes seconds."""
    said = Said(words(document.language), document.zone)
    told = {
        **{name: value for name, value in asdict(document).items() if name != "sections"},
        "headlines": [each._asdict() for each in document.headlines],
        "made_from": said.words.text("Made from"),
        "nothing": said.words.text("None."),
        "sections": [
            {"title": each.title, "lead": each.lead, "blocks": [_block(block, said) for block in each.blocks]}
            for each in document.sections
        ],
    }
    source = (files("amends_workflow.reports") / "report.typ").read_bytes()
    return pdf_from(source, {"report": json.dumps(told, ensure_ascii=False)})


def _block(block: Block, said: Said) -> dict[str, Any]:
    if isinstance(block, Bars):
        longest = max([*(bar.length for bar in block.bars), *(bar.limit or 0 for bar in block.bars), 1])
        return {
            "is": "bars",
            "title": block.title,
            "bars": [
                {
                    "label": bar.label,
                    "words": f"▲ {bar.words}" if bar.is_bad else bar.words,
                    "part": float(100 * bar.length / longest),
                    "limit": None if bar.limit is None else float(100 * bar.limit / longest),
                    "is_bad": bar.is_bad,
                }
                for bar in block.bars
            ],
        }
    if isinstance(block, Stack):
        return {"is": "stack", "title": block.title, "slices": [each._asdict() for each in block.slices]}
    return _table(block, said)


def _table(table: Table, said: Said) -> dict[str, Any]:
    return {
        "is": "table",
        "title": table.title,
        "columns": [{"title": column.title, "is_text": not column.is_figure} for column in table.columns],
        "rows": [
            [
                {
                    "words": said.value(value, column),
                    "heat": table.heat(number, place),
                    "is_total": table.is_total(number),
                }
                for place, (value, column) in enumerate(zip(row, table.columns, strict=True))
            ]
            for number, row in enumerate(table.rows)
        ],
        "note": table.note,
    }
