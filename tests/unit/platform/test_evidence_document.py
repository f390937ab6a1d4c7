"""docs/evidence.md is true: its leaf is the leaf, and its commands check a bundle, with nobody's code but their own."""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from uuid import UUID

import pytest

from amends_platform.evidence import bundle
from amends_platform.evidence.archive import read_archive
from amends_store.leaf import leaf_bytes, leaf_hash
from amends_store.records import StoredEvent
from tests.support.evidence import SIGNER, STRANGER, a_life, bundle_of, erased

DOCUMENT = (Path(__file__).parents[3] / "docs" / "evidence.md").read_text(encoding="utf-8")
COMMANDS = "\n".join(re.findall(r"```sh\n(.*?)```", DOCUMENT, re.DOTALL))
(PROGRAM,) = re.findall(r"```python\n(.*?)```", DOCUMENT, re.DOTALL)

SUBJECT = a_life().subject()
FILES = read_archive(bundle_of(SUBJECT))

needs_tools = pytest.mark.skipif(
    not all(map(shutil.which, ("bash", "openssl", "sha256sum"))), reason="bash, openssl or sha256sum is not installed"
)


def block(language: str, beginning: str) -> str:
    """The block of the document that begins so."""
    (found,) = re.findall(rf"```{language}\n({re.escape(beginning)}.*?)```", DOCUMENT, re.DOTALL)
    return str(found)


def checked(files: dict[str, bytes], directory: Path, key: str = SIGNER.vkey) -> subprocess.CompletedProcess[str]:
    """What the document's commands say in a directory with these files."""
    for name, content in (files | {"check.py": PROGRAM.encode(), "KEY": f"{key}\n".encode()}).items():
        path = directory / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", COMMANDS],
        cwd=directory,
        env={"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_example_of_a_leaf_is_its_leaf() -> None:
    said = json.loads(block("json", "{"))
    event = StoredEvent(
        **said
        | {name: UUID(said[name]) for name in ("stream_id", "id", "correlation_id")}
        | {name: datetime.fromisoformat(said[name]) for name in ("occurred_at", "recorded_at")}
        | {"policy_hash": bytes.fromhex(said["policy_hash"]), "leaf_hash": b""}
    )
    assert leaf_bytes(event).hex() == "".join(block("text", "0000").split())
    assert leaf_hash(event).hex() == block("text", "6494").strip()


def test_every_field_of_an_event_is_described_in_the_order_of_the_leaf() -> None:
    described = re.findall(r"^\| `(\w+)` \| (?:\d+|framed) \|", DOCUMENT, re.MULTILINE)
    assert (*described, "leaf_hash") == StoredEvent._fields


def test_every_file_of_a_bundle_is_described() -> None:
    described = {name.strip("`") for name in re.findall(r"`[\w./]+`", DOCUMENT)}
    policy_hash = next(iter(SUBJECT.policies))
    assert {name.replace(policy_hash, "HASH") for name in FILES} <= described
    told = bundle.readme().decode()
    assert [name for name in FILES if name.split("/")[0] not in told and name != bundle.README] == []


def test_the_program_needs_nothing_but_python() -> None:
    modules = {
        name.name if isinstance(node, ast.Import) else str(node.module)
        for node in ast.walk(ast.parse(PROGRAM))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in node.names
    }
    assert modules <= sys.stdlib_module_names


@needs_tools
def test_the_commands_accept_a_bundle(tmp_path: Path) -> None:
    run = checked(FILES, tmp_path)
    assert run.returncode == 0, run.stderr
    assert f"{len(SUBJECT.events)} events are in amends/default" in run.stdout
    assert run.stdout.count("Signature Verified Successfully") == 2


@needs_tools
def test_the_commands_accept_a_bundle_of_what_was_erased(tmp_path: Path) -> None:
    assert checked(read_archive(bundle_of(erased(SUBJECT))), tmp_path).returncode == 0


def resigned(files: dict[str, bytes]) -> dict[str, bytes]:
    """As whoever holds the key would hand them out."""
    listed = {name: content for name, content in files.items() if name != bundle.SUMS}
    return listed | {bundle.SUMS: SIGNER.sign(bundle.sums(listed, str(SUBJECT.case.id), "amends/default")).encode()}


def without_the_first_event() -> bytes:
    return b"".join(FILES[bundle.EVENTS].splitlines(keepends=True)[1:])


POLICY = f"policies/{next(iter(SUBJECT.policies))}.json"
BAD: dict[str, Callable[[], dict[str, bytes]]] = {
    "another dossier": lambda: FILES | {bundle.DOSSIER: b"<p>All was well."},
    "another key": lambda: FILES | {bundle.KEY: f"{STRANGER.vkey}\n".encode()},
    "another key for openssl": lambda: FILES | {bundle.KEY_PEM: STRANGER.verifier.pem.encode()},
    "another checkpoint": lambda: resigned(
        FILES | {bundle.CHECKPOINT: FILES[bundle.CHECKPOINT].replace(b"\n147\n", b"\n148\n")}
    ),
    "another event": lambda: resigned(
        FILES | {bundle.EVENTS: FILES[bundle.EVENTS].replace(b'"a-handler"', b'"a-nother"', 1)}
    ),
    "an event that is missing": lambda: resigned(FILES | {bundle.EVENTS: without_the_first_event()}),
    "another policy": lambda: resigned(FILES | {POLICY: FILES[POLICY].replace(b'"24h"', b'"36h"')}),
}


@needs_tools
@pytest.mark.parametrize("what", BAD)
def test_the_commands_refuse_a_bundle_that_was_tampered_with(what: str, tmp_path: Path) -> None:
    files = BAD[what]()
    assert files != FILES
    assert checked(files, tmp_path).returncode != 0


@needs_tools
def test_the_commands_refuse_a_bundle_with_another_key_than_ones_own(tmp_path: Path) -> None:
    assert checked(read_archive(bundle_of(SUBJECT, signer=STRANGER)), tmp_path).returncode != 0
