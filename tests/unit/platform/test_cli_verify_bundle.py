"""`amends verify-bundle`, and what fetches for it: what it says to people and programs, and its exit status."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from amends_platform import cli
from amends_platform.evidence.archive import read_archive, write_archive
from amends_platform.failures import WrongUsage
from amends_store.leaf import leaf_hash
from tests.support.evidence import SIGNER, STRANGER, a_life, bundle_of, erased

SUBJECT = a_life().subject()
BUNDLE = bundle_of(SUBJECT)


def given(path: Path, raw: bytes, *options: str) -> Result:
    (path / "bundle.zip").write_bytes(raw)
    return CliRunner().invoke(cli.app, ["verify-bundle", str(path / "bundle.zip"), *options])


def test_a_good_bundle_says_what_it_proves(tmp_path: Path) -> None:
    answer = given(tmp_path, BUNDLE, "--key", SIGNER.vkey)
    assert answer.exit_code == 0
    for said in ("Z5JA-7EPF is good: 9 events", "followed-up, version 9", "1 breached", "bank-cn", SIGNER.vkey):
        assert said in answer.output
    assert "archive's own" not in answer.output


def test_the_key_may_be_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "key.txt").write_text(f"{SIGNER.vkey}\n")
    document = json.loads(given(tmp_path, BUNDLE, "--key", str(tmp_path / "key.txt"), "--json").output)
    assert (document["good"], document["key_given"], document["faults"]) == (True, True, [])
    assert (document["reference"], document["state"], document["version"]) == ("Z5JA-7EPF", "followed-up", 9)


def test_without_a_key_it_says_that_the_bundle_vouches_for_itself(tmp_path: Path) -> None:
    answer = given(tmp_path, bundle_of(SUBJECT, signer=STRANGER))
    assert answer.exit_code == 0
    assert "The key is the archive's own." in answer.output
    assert json.loads(given(tmp_path, BUNDLE, "--json").output)["key_given"] is False


def test_with_another_key_than_ones_own_it_is_bad(tmp_path: Path) -> None:
    answer = given(tmp_path, bundle_of(SUBJECT, signer=STRANGER), "--key", SIGNER.vkey)
    assert answer.exit_code == 1
    assert "key.txt: It is another key than the one to check with." in answer.output


def test_what_was_changed_is_named(tmp_path: Path) -> None:
    changed = write_archive(read_archive(BUNDLE) | {"dossier.html": b"<p>All was well."})
    answer = given(tmp_path, changed, "--key", SIGNER.vkey)
    assert answer.exit_code == 1
    assert "dossier.html: It is not what was signed" in answer.output
    faults = json.loads(given(tmp_path, changed, "--json").output)["faults"]
    assert {fault["file"] for fault in faults} == {"dossier.html"}


def test_what_is_no_bundle_is_bad(tmp_path: Path) -> None:
    answer = given(tmp_path, b"%PDF-1.7", "--json")
    assert answer.exit_code == 1
    assert json.loads(answer.output)["case"] is None


def test_a_bundle_does_not_write_to_the_terminal(tmp_path: Path) -> None:
    row = SUBJECT.events[1]._replace(type="\x1b]0;owned\x07")
    forged = replace(SUBJECT, events=(SUBJECT.events[0], row._replace(leaf_hash=leaf_hash(row)), *SUBJECT.events[2:]))
    answer = given(tmp_path, bundle_of(forged))
    assert answer.exit_code == 1
    assert "owned" in answer.output
    assert "\x1b" not in answer.output


@pytest.mark.parametrize("arguments", [["nowhere.zip"], ["."], [__file__, "--key", "nonsense"]])
def test_what_cannot_be_read_is_wrong_usage(arguments: list[str]) -> None:
    assert isinstance(CliRunner().invoke(cli.app, ["verify-bundle", *arguments]).exception, WrongUsage)


def test_words_that_are_missing_are_said_to_be(tmp_path: Path) -> None:
    assert "words       left out" in given(tmp_path, bundle_of(replace(SUBJECT, words=None))).output
    assert "words       of 7 events erased or unreadable" in given(tmp_path, bundle_of(erased(SUBJECT))).output


def test_evidence_is_not_asked_for_where_it_cannot_be_written(tmp_path: Path) -> None:
    arguments = ["evidence", "K7M2-P9QX", "-o", str(tmp_path / "nowhere" / "evidence.zip")]
    assert isinstance(CliRunner().invoke(cli.app, arguments).exception, WrongUsage)
