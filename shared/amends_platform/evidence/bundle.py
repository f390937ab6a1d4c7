"""The bundle: all that proves a case, in one archive, whose files are listed with their hashes in a signed note.

The same release gives the same case the same bytes each time, as long as the same checkpoint proves it.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.metadata import version
from importlib.resources import files as resources
from typing import Any, Final

import orjson

from amends_domain.runs import Deadline
from amends_platform.evidence.archive import write_archive
from amends_platform.evidence.dossier import dossier_of
from amends_platform.evidence.dossier_html import html_of
from amends_platform.evidence.dossier_pdf import pdf_of
from amends_platform.evidence.notes import Signer, Verifier
from amends_platform.evidence.policy_files import PolicySource, policy_files
from amends_platform.evidence.proven import ProvenEvent, lines_of
from amends_platform.evidence.subject import Subject, WordsByVersion, policies_used
from amends_platform.evidence.tree_head import SignedCheckpoint, TreeHead, parse

FORMAT: Final = "amends-evidence/1"

README, MANIFEST, SUMS = "README.txt", "manifest.json", "SHA256SUMS"
EVENTS, WORDS, CHECKPOINT = "events.ndjson", "personal.ndjson", "checkpoint.txt"
KEY, KEY_PEM = "key.txt", "key.pem"
DOSSIER, DOSSIER_PDF = "dossier.html", "dossier.pdf"

# What a dossier is worded and laid out by, beside this package.
_WORDING: Final = ("page.py", "page.css")
_MARK_DIGITS: Final = 12


def make_bundle(
    subject: Subject,
    proofs: Sequence[Sequence[bytes]],
    checkpoint: SignedCheckpoint,
    sources: Mapping[str, PolicySource],
    signer: Signer,
    *,
    with_pdf: bool = False,
) -> bytes:
    """The archive. `proofs` are those of the subject's events in the checkpoint's tree; `sources` by policy hash.

    Raises CannotPrint where a PDF is wanted and cannot be had; BadNote where another key signed the checkpoint.
    """
    head = parse(signer.verifier.open(checkpoint.note))
    proven = [ProvenEvent(event, tuple(proof)) for event, proof in zip(subject.events, proofs, strict=True)]
    dossier = dossier_of(subject, head)
    files = {
        README: readme(),
        MANIFEST: manifest(subject, head, made_by()),
        EVENTS: lines_of(proven),
        CHECKPOINT: checkpoint.note.encode(),
        KEY: key_text(signer.verifier),
        KEY_PEM: signer.verifier.pem.encode(),
        DOSSIER: html_of(dossier),
    }
    for policy_hash in policies_used(subject.events):
        files |= policy_files(policy_hash, sources[policy_hash])
    if subject.words is not None:
        files[WORDS] = words_lines(subject.words)
    if with_pdf:
        files[DOSSIER_PDF] = pdf_of(dossier)
    files[SUMS] = signer.sign(sums(files, str(subject.case.id), head.origin)).encode()
    return write_archive(files)


@cache
def made_by() -> str:
    """This release, and a mark of the code that words a dossier: without the same code it cannot be made again."""
    here = resources("amends_platform")
    wording = [*(here / "evidence").iterdir(), *(here / "words").iterdir(), *(here / name for name in _WORDING)]
    mark = hashlib.sha256()
    for file in sorted(wording, key=lambda file: file.name):
        # A dossier is in English: no translation words it otherwise.
        if file.is_file() and not file.name.endswith(".po"):
            mark.update(hashlib.sha256(file.read_bytes()).digest())
    return f"amends {version('amends')}, build {mark.hexdigest()[:_MARK_DIGITS]}"


def readme() -> bytes:
    """What each file is, and how to check them without us."""
    return (resources("amends_platform.evidence") / "bundle_readme.txt").read_bytes()


def sums(files: Mapping[str, bytes], case_id: str, origin: str) -> str:
    """What is signed: the SHA-256 of every other file, as sha256sum writes them, and of which case they are.

    The first line keeps a signature on this from ever being taken for one on a checkpoint.
    """
    listed = "".join(f"{hashlib.sha256(files[name]).hexdigest()}  {name}\n" for name in sorted(files) if name != SUMS)
    return f"# {FORMAT}\n# case {case_id} of {origin}\n{listed}"


def manifest(subject: Subject, head: TreeHead, made_by: str) -> bytes:
    """What the bundle says of the case, for programs."""
    case = subject.case
    said = {
        "format": FORMAT,
        "made_by": made_by,
        "case": {
            "id": str(case.id),
            "reference": subject.reference,
            "tenant": subject.tenant,
            "kind": case.kind,
            "state": case.status.value,
            "cycle": case.cycle,
            "grade": case.grade,
            "owner": case.owner,
            "branch": case.branch,
            "version": case.version,
            "first_position": case.first_position,
            "position": case.position,
        },
        "checkpoint": {
            "origin": head.origin,
            "tree_size": head.tree_size,
            "root_hash": base64.b64encode(head.root_hash).decode(),
        },
        "policies": [_policy(subject, each) for each in policies_used(subject.events)],
        "deadlines": [_deadline(subject, each) for each in subject.deadlines],
        "personal": "left out" if subject.words is None else "included",
    }
    return orjson.dumps(said, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def _policy(subject: Subject, policy_hash: str) -> dict[str, Any]:
    policy = subject.policies[policy_hash]
    return {"name": policy.name, "version": policy.version, "hash": policy.hash}


def _deadline(subject: Subject, deadline: Deadline) -> dict[str, Any]:
    return {
        "kind": deadline.kind,
        "number": deadline.number,
        "generation": deadline.generation,
        "cycle": deadline.cycle,
        "status": deadline.status.value,
        "owed_by": deadline.rule.owed_by,
        "started_at": deadline.started_at.isoformat(),
        "due_at": deadline.due_at.isoformat(),
        "ended_at": None if deadline.ended_at is None else deadline.ended_at.isoformat(),
        "provisional": deadline.provisional,
        "policy": deadline.policy,
        "explanation": subject.explanations.get((deadline.kind, deadline.generation)),
    }


def words_lines(words: WordsByVersion) -> bytes:
    """The unsealed part of each event that has one, a line each; or why it is missing."""
    return b"".join(
        orjson.dumps(
            {"version": number, "personal": said.personal, "missing": said.missing},
            option=orjson.OPT_APPEND_NEWLINE,
        )
        for number, said in sorted(words.items())
    )


def key_text(verifier: Verifier) -> bytes:
    """The public key as programs for signed notes take it."""
    return f"{verifier.vkey}\n".encode()
