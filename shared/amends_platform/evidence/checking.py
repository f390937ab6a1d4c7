"""Checking a bundle with nothing but its bytes and a public key. No network, no database, nothing believed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any, Final, NamedTuple

import orjson

from amends_domain.clocks import UnknownPolicy
from amends_domain.event_codec import UnknownEventType
from amends_domain.evolve import BrokenStream
from amends_platform.evidence import bundle
from amends_platform.evidence.archive import BadArchive, read_archive
from amends_platform.evidence.dossier import dossier_of
from amends_platform.evidence.dossier_html import html_of
from amends_platform.evidence.notes import BadNote, Verifier
from amends_platform.evidence.policy_files import BadPolicy, policy_file_names, policy_of
from amends_platform.evidence.proven import BadLine, ProvenEvent, read_line
from amends_platform.evidence.subject import ERASED, UNREADABLE, Subject, Words, policies_used, subject_of
from amends_platform.evidence.tree_head import TreeHead, parse
from amends_store.merkle import verify_inclusion
from amends_store.records import StoredEvent

_ALWAYS: Final = frozenset(
    {
        bundle.README,
        bundle.MANIFEST,
        bundle.SUMS,
        bundle.EVENTS,
        bundle.CHECKPOINT,
        bundle.KEY,
        bundle.KEY_PEM,
        bundle.DOSSIER,
    }
)
_SOMETIMES: Final = frozenset({bundle.WORDS, bundle.DOSSIER_PDF})
# The empty line and that of the signature.
_LINES_OF_ONE_SIGNATURE: Final = 2
_SIGNED_FOR: Final = re.compile(rf"# {re.escape(bundle.FORMAT)}\n# case (\S+) of (.+)\n")


class Fault(NamedTuple):
    """What is wrong, and in which file of the bundle; None is the archive as a whole."""

    file: str | None
    what: str


class Checked(NamedTuple):
    """What was found. `subject` and `head` are what was proven, None where so much is wrong that nothing was.

    `verifier` is the key that the bundle was checked with; `is_given`: whoever checks brought it, so that the bundle
    was not asked to vouch for itself. `is_dossier_remade`: the dossier was made again from the events and is the same.
    """

    faults: tuple[Fault, ...]
    subject: Subject | None
    head: TreeHead | None
    verifier: Verifier | None
    is_given: bool
    is_dossier_remade: bool

    @property
    def is_good(self) -> bool:
        return not self.faults


class _Bad(Exception):
    """So much is wrong that there is no use in going on."""

    def __init__(self, *faults: Fault) -> None:
        self.faults = faults


def check_bundle(raw: bytes, key: Verifier | None = None) -> Checked:
    """Everything that can be wrong with a bundle. Without a key the one in the bundle is taken, and proves less."""
    try:
        files = read_archive(raw)
    except BadArchive as error:
        return Checked((Fault(None, str(error)),), None, None, key, key is not None, is_dossier_remade=False)
    return _Checking(files, key).checked()


class _Checking:
    """A bundle being checked, from the outside in: what was signed, the proofs, and what follows from the events."""

    def __init__(self, files: Mapping[str, bytes], key: Verifier | None) -> None:
        self._files = files
        self._given = key
        self._faults: list[Fault] = []

    def checked(self) -> Checked:
        verifier, subject, head, is_remade = self._given, None, None, False
        try:
            self._all_there()
            verifier = self._key()
            signed_for = self._signed(verifier)
            head = self._checkpoint(verifier)
            said = self._manifest()
            subject = self._subject(self._events(head), said)
            self._no_strangers(subject)
            if signed_for != (str(subject.case.id), head.origin):
                self._fault(bundle.SUMS, "It was signed for another case, or another log.")
            is_remade = self._follows(subject, head, said["made_by"])
        except _Bad as bad:
            self._faults += bad.faults
        # Where the hashes are right, somebody signed what no release has ever written.
        except (ValueError, TypeError, LookupError, AttributeError) as error:
            self._fault(None, f"It says what cannot be read: {error!r}")
        return Checked(tuple(self._faults), subject, head, verifier, self._given is not None, is_remade)

    def _all_there(self) -> None:
        missing = sorted(_ALWAYS - self._files.keys())
        if missing:
            raise _Bad(*(Fault(name, "The file is missing.") for name in missing))

    def _key(self) -> Verifier:
        try:
            own = Verifier.from_vkey(self._text(bundle.KEY))
        except BadNote as error:
            raise _Bad(Fault(bundle.KEY, str(error))) from None
        self._must_be(bundle.KEY, bundle.key_text(own), "is not written as a key is")
        self._must_be(bundle.KEY_PEM, own.pem.encode(), f"is another key than {bundle.KEY}")
        if self._given is not None and self._given.vkey != own.vkey:
            self._fault(bundle.KEY, "It is another key than the one to check with.")
        return self._given or own

    def _signed(self, verifier: Verifier) -> tuple[str, str]:
        """Every file is what was signed. Returns of which case, and which log, the signature tells."""
        note = self._text(bundle.SUMS)
        try:
            listed = verifier.open(note)
        except BadNote as error:
            raise _Bad(Fault(bundle.SUMS, str(error))) from None
        if note.removeprefix(listed).count("\n") != _LINES_OF_ONE_SIGNATURE:
            self._fault(bundle.SUMS, "It has more signatures than the log's.")
        of = _SIGNED_FOR.match(listed)
        if of is None:
            raise _Bad(Fault(bundle.SUMS, "It is not the list of a bundle's files."))
        expected = bundle.sums(self._files, *of.groups())
        differing = {line.partition("  ")[2] for line in set(expected.splitlines()) ^ set(listed.splitlines())}
        for name in sorted(differing):
            what = "It is not what was signed: its SHA-256 is another." if name in self._files else "It was taken out."
            self._fault(name, what)
        if listed != expected and not differing:
            self._fault(bundle.SUMS, "It is not written as it should be.")
        return of[1], of[2]

    def _checkpoint(self, verifier: Verifier) -> TreeHead:
        note = self._text(bundle.CHECKPOINT)
        try:
            return parse(verifier.open(note))
        except BadNote as error:
            raise _Bad(Fault(bundle.CHECKPOINT, str(error))) from None

    def _events(self, head: TreeHead) -> list[ProvenEvent]:
        lines = self._files[bundle.EVENTS].splitlines(keepends=True)
        if not lines:
            raise _Bad(Fault(bundle.EVENTS, "There is no event."))
        proven = []
        for number, line in enumerate(lines, 1):
            try:
                proven.append(read_line(line))
            except BadLine as error:
                self._fault(bundle.EVENTS, f"Line {number}: {error}")
        if len(proven) < len(lines):
            raise _Bad()
        for each in proven:
            event = each.event
            if not verify_inclusion(event.leaf_hash, event.position - 1, head.tree_size, each.proof, head.root_hash):
                self._fault(
                    bundle.EVENTS, f"Version {event.version}: the checkpoint's tree does not have it at this position."
                )
        return proven

    def _manifest(self) -> dict[str, Any]:
        try:
            said = orjson.loads(self._files[bundle.MANIFEST])
        except ValueError as error:
            raise _Bad(Fault(bundle.MANIFEST, f"It cannot be read: {error}")) from None
        if (
            not isinstance(said, dict)
            or said.get("format") != bundle.FORMAT
            or not isinstance(said.get("made_by"), str)
        ):
            raise _Bad(Fault(bundle.MANIFEST, f"It is no manifest of the format {bundle.FORMAT}."))
        return said

    def _subject(self, proven: list[ProvenEvent], said: dict[str, Any]) -> Subject:
        events = tuple(each.event for each in proven)
        self._one_case(events)
        policies = {}
        for policy_hash in policies_used(events):
            try:
                policies[policy_hash] = policy_of(policy_hash, self._files)
            except BadPolicy as error:
                raise _Bad(Fault(f"policies/{policy_hash}", str(error))) from None
        # The sentences on the clocks are not proven, but signed.
        explanations = {(each["kind"], each["generation"]): each["explanation"] for each in said["deadlines"]}
        try:
            return subject_of(events[0].stream_id, events, policies, self._words(events), explanations)
        except UnknownEventType as error:
            what = f"There is an event of a type that this release does not know, {error}: check with a newer one."
            raise _Bad(Fault(bundle.EVENTS, what)) from None
        except (BrokenStream, UnknownPolicy) as error:
            raise _Bad(Fault(bundle.EVENTS, f"The events make no case: {error}")) from None

    def _one_case(self, events: tuple[StoredEvent, ...]) -> None:
        """Of one stream, in the order of the log; that no version is missing is asked where they are folded."""
        for before, event in pairwise(events):
            if (event.stream_id, event.tenant) != (before.stream_id, before.tenant):
                raise _Bad(Fault(bundle.EVENTS, f"Version {event.version} is of another case."))
            if before.position >= event.position or before.recorded_at > event.recorded_at:
                raise _Bad(Fault(bundle.EVENTS, f"Version {event.version} was recorded before the one before it."))

    def _words(self, events: tuple[StoredEvent, ...]) -> dict[int, Words] | None:
        """What people said, which the log proves only in its sealed form: the signature vouches for it."""
        if bundle.WORDS not in self._files:
            return None
        words = {}
        try:
            for line in self._files[bundle.WORDS].splitlines():
                said = orjson.loads(line)
                words[said["version"]] = Words(said["personal"], said["missing"])
            is_written_so = bundle.words_lines(words) == self._files[bundle.WORDS]
        except (ValueError, KeyError, TypeError) as error:
            raise _Bad(Fault(bundle.WORDS, f"It cannot be read: {error}")) from None
        if not is_written_so or not all(_is_sound(each) for each in words.values()):
            self._fault(bundle.WORDS, "It is not written as it should be.")
        sealed = {event.version for event in events if event.sealed is not None}
        for version in sorted(sealed ^ words.keys()):
            has = "has words and no sealed part" if version in words else "has a sealed part and no words"
            self._fault(bundle.WORDS, f"Version {version} {has}.")
        return words

    def _no_strangers(self, subject: Subject) -> None:
        known = _ALWAYS | _SOMETIMES | policy_file_names(policies_used(subject.events))
        for name in sorted(self._files.keys() - known):
            self._fault(name, "This file belongs to no bundle of this case.")

    def _follows(self, subject: Subject, head: TreeHead, made_by: str) -> bool:
        """The manifest follows from the events, and so does the dossier; whether that was made again.

        Another release may word or arrange a dossier otherwise: then it is not compared.
        """
        for differing in _differences(bundle.manifest(subject, head, made_by), self._files[bundle.MANIFEST]):
            self._fault(bundle.MANIFEST, differing)
        if made_by != bundle.made_by():
            return False
        self._must_be(bundle.DOSSIER, html_of(dossier_of(subject, head)), "does not say what the events say")
        self._must_be(bundle.README, bundle.readme(), "is another")
        return True

    def _text(self, name: str) -> str:
        try:
            return self._files[name].decode()
        except UnicodeDecodeError:
            raise _Bad(Fault(name, "It is not text in UTF-8.")) from None

    def _must_be(self, name: str, expected: bytes, otherwise: str) -> None:
        if self._files[name] != expected:
            self._fault(name, f"It {otherwise}.")

    def _fault(self, file: str | None, what: str) -> None:
        self._faults.append(Fault(file, what))


def _is_sound(words: Words) -> bool:
    if words.missing is None:
        return isinstance(words.personal, dict)
    return words.personal is None and words.missing in (ERASED, UNREADABLE)


def _differences(expected: bytes, found: bytes) -> Iterator[str]:
    """In which of its members a manifest differs from what the events give."""
    if found == expected:
        return
    ours, theirs = orjson.loads(expected), orjson.loads(found)
    differing = [name for name, value in ours.items() if theirs.get(name) != value]
    for name in differing:
        yield f"{name} is not what the events give."
    if not differing:
        yield "It is not written as it should be."
