"""docs/forgetting.md is true: its certificate is what certificates look like, and its addresses are served."""

from __future__ import annotations

import base64
import re
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from amends_domain.decisions.erasure import REASON_CHARACTERS_MAX
from amends_domain.reference import reference_of
from amends_intake.app import create_app as create_intake
from amends_platform.erasing.certificates import ErasedCase, Erasure, certificate_text
from amends_platform.settings import Settings
from amends_workflow.app import create_app as create_workflow

DOCUMENT = (Path(__file__).parents[3] / "docs" / "forgetting.md").read_text(encoding="utf-8")


def test_the_certificate_is_written_as_the_document_shows_it() -> None:
    shown = DOCUMENT.split("```text\n")[1].split("```")[0]
    leaf = re.search(r" leaf (\S+)\n", shown)
    assert leaf is not None
    case = ErasedCase(
        UUID("01890000-0000-7000-8000-000000000001"), reference_of(1), 12, 4, base64.b64decode(leaf[1], validate=True)
    )
    erasure = Erasure(
        UUID("01890000-0000-7000-8000-00000000000a"),
        "dev-handler",
        "dev-department_head",
        "asked for by the customer, Art. 17 GDPR",
        datetime(2026, 3, 2, 2, 0, tzinfo=UTC),
        (case,),
    )
    assert certificate_text("amends/default", "C-10482", erasure) == shown.partition("\n— ")[0]


def test_every_address_is_served() -> None:
    settings = Settings.load(database_url="postgresql://nobody@/none")
    served = {
        f"{method.upper()} {re.sub('{.*?}', '', path)}"
        for app in (create_intake(settings, provider=None), create_workflow(settings, provider=None))
        for path, item in app.openapi()["paths"].items()
        for method in item
    }
    named = re.findall(r"`((?:GET|POST) /v1/[^`? ]+)", DOCUMENT)
    assert len(named) > 6
    assert {re.sub("{.*?}", "", name) for name in named} <= served


def test_the_reason_is_as_long_as_it_says() -> None:
    assert f"at most {REASON_CHARACTERS_MAX} characters" in DOCUMENT
