"""What a bundle of evidence is made of, from the log: a case, a checkpoint that covers it, and the proofs between."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import partial
from typing import Final
from uuid import UUID

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from amends_domain.policy import Policy
from amends_platform.evidence.bundle import make_bundle
from amends_platform.evidence.dossier_pdf import CannotPrint
from amends_platform.evidence.notes import BadNote, Signer, Verifier
from amends_platform.evidence.policy_files import PolicySource
from amends_platform.evidence.subject import Subject, Words, WordsByVersion, policies_used, subject_of
from amends_platform.evidence.tree_head import SignedCheckpoint, checkpoint_at_or_after, latest_checkpoint
from amends_platform.http.problems import Problem
from amends_platform.policy.book import restored
from amends_platform.words import words as words_of
from amends_store.read import Executor, UpToPosition, read_stream
from amends_store.records import StoredEvent
from amends_store.tiles import inclusion_proof
from amends_workflow.answering import Answering
from amends_workflow.enquiries import Enquirer, not_permitted
from amends_workflow.parameters import PastParameters
from amends_workflow.places import Places
from amends_workflow.press import PRESS
from amends_workflow.statements import statement
from amends_workflow.timing import timing_of
from amends_workflow.unsealing import Reader, names_staff
from amends_workflow.wording import in_words

_POLICY_SOURCES: Final = statement("policy_sources")
# Longer than a checkpoint takes to come, unless the operator made that long too.
_WAIT_SECONDS_MAX: Final = 15.0
_LOOK_AGAIN_SECONDS: Final = 0.25
_PIECE_BYTES: Final = 65_536
# A case may have megabytes of words, which are in memory from here until they are sent.
_PLACES: Final = Places("evidence")


class _Bundle(Response):
    """Sent piece by piece: one who takes none of it has a place, and not one bundle after the other."""

    def __init__(self, bundle: bytes, headers: Mapping[str, str], done: Callable[[], None]) -> None:
        super().__init__(bundle, 200, headers, "application/zip")
        self._done = done

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        try:
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            for begin in range(0, len(self.body), _PIECE_BYTES):
                piece = self.body[begin : begin + _PIECE_BYTES]
                await send({"type": "http.response.body", "body": piece, "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            self._done()


async def evidence_for(
    of: Answering, asked: Enquirer, name: str, headers: Mapping[str, str], *, with_words: bool, with_pdf: bool
) -> Response:
    """The bundle of the case called `name`, with what people said where they may read that and want it.

    Raises as `_evidence_for`, and a 429 problem for whoever asks for many at once.
    """
    _PLACES.take(asked.person)
    try:
        subject, bundle = await _evidence_for(of, asked, name, with_words=with_words, with_pdf=with_pdf)
    except BaseException:
        _PLACES.give_back(asked.person)
        raise
    disposition = {"Content-Disposition": f'attachment; filename="evidence-{subject.reference}.zip"'}
    return _Bundle(bundle, {**headers, **disposition}, partial(_PLACES.give_back, asked.person))


async def _evidence_for(
    of: Answering, asked: Enquirer, name: str, *, with_words: bool, with_pdf: bool
) -> tuple[Subject, bytes]:
    """Raises AlteredPolicy, and Problem: 403 where the case names staff who are not theirs to know, 404 where there is
    no such case or nothing is signed here, 429 while many files are being made, 503 while no checkpoint covers the
    case, 501 for want of a PDF.
    """
    found = await of.enquiries.case(asked, name)
    rows = await read_stream(of.view_of(asked), found.id, up_to=UpToPosition(found.position))
    staff = asked.may("read-complained-of", found.branch)
    if not staff.is_permitted and any(map(names_staff, rows)):
        # What is proven is the very bytes: nothing can be left out of them.
        raise not_permitted(staff, "read-complained-of")
    reader = of.enquiries.reader_for_words(asked, found) if with_words else None
    return await _bundle_of(of, found.id, rows, reader, with_pdf=with_pdf)


async def _bundle_of(
    of: Answering, case_id: UUID, rows: list[StoredEvent], reader: Reader | None, *, with_pdf: bool
) -> tuple[Subject, bytes]:
    if of.signer is None:
        raise Problem(404, "no-signing-key", "This service has no signing key: it signs nothing, so it proves nothing.")
    words = None if reader is None else await _words(reader, rows)
    subject = await of.policies.judge(lambda policies: _subject(case_id, rows, policies, words))
    checkpoint = await _checkpoint(of.tenant, subject.case.position, of.signer.verifier)
    async with of.tenant.reading() as conn:
        proofs = [await inclusion_proof(conn, row.position, checkpoint.tree_size) for row in rows]
        sources = await _sources(conn, policies_used(subject.events))
    return subject, await _made(subject, proofs, checkpoint, sources, of.signer, with_pdf=with_pdf)


def _subject(
    case_id: UUID, rows: list[StoredEvent], policies: Mapping[str, Policy], words: WordsByVersion | None
) -> Subject:
    told = subject_of(case_id, tuple(rows), policies, words)
    explanations = {
        (deadline.kind, deadline.generation): in_words(
            # What is proven letter by letter has one language.
            words_of("en"),
            told.case,
            deadline,
            policies[deadline.policy],
            timing_of(told.case, told.deadlines, deadline, rows),
            PastParameters(),
        )
        for deadline in told.deadlines
    }
    return replace(told, explanations=explanations)


async def _words(reader: Reader, rows: list[StoredEvent]) -> WordsByVersion:
    answers = await reader.answers(rows)
    return {
        row.version: Words(answer["personal"], answer.get("personal_missing"))
        for row, answer in zip(rows, answers, strict=True)
        if row.sealed is not None
    }


async def _checkpoint(conn: Executor, position: int, verifier: Verifier) -> SignedCheckpoint:
    """The first one that covers the position, so that the same case has the same bundle, however the log grows.

    Where that was signed with a key that was since replaced, the newest. Waits for one to come.
    """
    try:
        async with asyncio.timeout(_WAIT_SECONDS_MAX):
            while True:
                for found in (await checkpoint_at_or_after(conn, position), await latest_checkpoint(conn)):
                    if found is not None and found.tree_size >= position and _is_signed(found, verifier):
                        return found
                await asyncio.sleep(_LOOK_AGAIN_SECONDS)
    except TimeoutError:
        raise Problem(
            503,
            "not-yet-proven",
            f"No signed checkpoint covers position {position} of the log yet, the case's last. Ask again.",
            headers={"Retry-After": "5"},
        ) from None


def _is_signed(checkpoint: SignedCheckpoint, verifier: Verifier) -> bool:
    try:
        verifier.open(checkpoint.note)
    except BadNote:
        return False
    return True


async def _sources(conn: Executor, hashes: Iterable[str]) -> dict[str, PolicySource]:
    rows = await conn.fetch(_POLICY_SOURCES, [bytes.fromhex(each) for each in hashes])
    for row in rows:
        # We judge by what we know of it; what is handed out must be that.
        restored(row)
    return {row["hash"].hex(): PolicySource(row["document"], row["calendar"]) for row in rows}


async def _made(
    subject: Subject,
    proofs: list[list[bytes]],
    checkpoint: SignedCheckpoint,
    sources: Mapping[str, PolicySource],
    signer: Signer,
    *,
    with_pdf: bool,
) -> bytes:
    try:
        # With many words in it, or set on pages, it takes long enough for others to notice.
        return await PRESS.set(make_bundle, subject, proofs, checkpoint, sources, signer, with_pdf=with_pdf)
    except CannotPrint as error:
        raise Problem(501, "no-pdf", str(error)) from error
