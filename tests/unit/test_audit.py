"""What becomes of a known vulnerability in something that is locked."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.audit import read_ignored, verdict

FOUND: dict[str, Any] = {"id": "PYSEC-2026-1", "aliases": ["CVE-2026-1"], "fix_versions": ["1.1"], "description": "…"}


def report(**more: Any) -> dict[str, Any]:
    return {
        "dependencies": [{"name": "good", "version": "1.0", "vulns": []}, {"name": "bad", "version": "1.0", **more}]
    }


def test_a_known_vulnerability_fails_and_says_where_it_is_mended() -> None:
    found = verdict(report(vulns=[FOUND]), {})
    assert (found.failing, found.asked) == (["bad 1.0: PYSEC-2026-1, mended in 1.1"], 2)


def test_one_that_is_ignored_by_any_of_its_names_does_not_and_is_told_with_the_reason() -> None:
    found = verdict(report(vulns=[FOUND]), read_ignored("# why\n\nCVE-2026-1 we never call it\n"))
    assert found.failing == []
    assert found.ignored == ["bad 1.0: PYSEC-2026-1, mended in 1.1 (ignored: we never call it)"]


def test_what_could_not_be_asked_about_is_counted_and_does_not_fail() -> None:
    found = verdict(report(skip_reason="nobody answers"), {})
    assert (found.failing, found.asked, found.packages) == ([], 1, 2)


def test_nothing_is_ignored_without_a_reason() -> None:
    with pytest.raises(ValueError, match="say why"):
        read_ignored("CVE-2026-1")
