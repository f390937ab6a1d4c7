"""Cookies, languages and forms of the console; and what it ships of others is what its makers released."""

from __future__ import annotations

import hashlib
from datetime import UTC
from importlib.resources import files

import pytest

from amends_platform.http.problems import Problem
from amends_platform.words import words
from amends_workflow.console.acting.filling import fill
from amends_workflow.console.acting.table import ACTIONS
from amends_workflow.console.forgery import check_form_token, form_token
from amends_workflow.console.forms import Form
from amends_workflow.console.rendering import local_path

VENDOR = files("amends_workflow.console") / "static" / "vendor"


def test_vendored_files_are_unmodified() -> None:
    lines = (VENDOR / "SHA256SUMS").read_text("utf-8").splitlines()
    sums = {name: digest for digest, name in (line.split() for line in lines)}
    assert set(sums) == {path.name for path in VENDOR.iterdir()} - {"SHA256SUMS"}
    for name, digest in sums.items():
        assert hashlib.sha256((VENDOR / name).read_bytes()).hexdigest() == digest, name


def test_a_form_is_bound_to_the_secret_of_one_session() -> None:
    check_form_token("one", form_token("one"))
    with pytest.raises(Problem):
        check_form_token("one", form_token("other"))
    assert "one" not in form_token("one")


@pytest.mark.parametrize("path", ["", "x", "//x", "/\\x", "http://x", "/a\nb", "/a\tb", "/客"])
def test_only_paths_of_ours_are_gone_to(path: str) -> None:
    assert local_path(path) == "/"
    assert local_path("/cases/5MAY-X6NW?position=3") == "/cases/5MAY-X6NW?position=3"


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("200", "200"), (" 19.90 ", "19.90"), ("1,200", "1200"), ("1，200，000.50", "1200000.50"), ("０", "0")],
)
def test_an_amount_is_taken_as_people_write_it(typed: str, meant: str) -> None:
    given = Form([("kind", "refund"), ("offer", "All."), ("amount", typed), ("currency", "CNY")])
    filled = fill(ACTIONS["propose"], given, UTC, words("en"))
    assert (filled.errors, filled.body["amount"]) == ({}, meant)


@pytest.mark.parametrize("typed", ["12,00", "1,2000", "1.200,50", ",5", "1e3", "-1", "much", "NaN", "1 200"])
def test_an_amount_that_may_mean_another_is_asked_again_and_not_guessed(typed: str) -> None:
    given = Form([("kind", "refund"), ("offer", "All."), ("amount", typed), ("currency", "CNY")])
    assert set(fill(ACTIONS["propose"], given, UTC, words("en")).errors) == {"amount"}
