"""A bundle is checked with nothing but its bytes and a public key: what is right passes, and nothing else does."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from amends_platform.evidence import bundle
from amends_platform.evidence.archive import read_archive, write_archive
from amends_platform.evidence.checking import Checked, check_bundle
from amends_platform.evidence.notes import BadNote, Signer
from amends_platform.evidence.proven import ProvenEvent, line_of, read_line
from amends_platform.evidence.tree_head import TreeHead
from amends_store.leaf import leaf_hash
from tests.support.evidence import (
    CUSTOMER,
    NARRATIVE,
    ORIGIN,
    SIGNER,
    STRANGER,
    a_life,
    bundle_of,
    checkpoint_of,
    erased,
    tree_of,
)

Files = dict[str, bytes]

SUBJECT = a_life().subject()
BUNDLE = bundle_of(SUBJECT)
FILES = read_archive(BUNDLE)
KEY = SIGNER.verifier
POLICY = f"policies/{SUBJECT.events[0].policy_hash.hex() if SUBJECT.events[0].policy_hash else ''}"


def signed(files: Files, signer: Signer = SIGNER, case_id: str = str(SUBJECT.case.id), origin: str = ORIGIN) -> bytes:
    """The files as whoever holds the key would hand them out: every hash is right, and signed."""
    listed = {name: content for name, content in files.items() if name != bundle.SUMS}
    note = signer.sign(bundle.sums(listed, case_id, origin))
    return write_archive(listed | {bundle.SUMS: note.encode()})


def faults_of(checked: Checked) -> set[str | None]:
    return {fault.file for fault in checked.faults}


def test_a_bundle_is_good_and_tells_what_it_proves() -> None:
    checked = check_bundle(BUNDLE, KEY)
    assert checked.faults == ()
    assert checked.is_given
    assert checked.is_dossier_remade
    assert checked.subject == SUBJECT
    size = SUBJECT.case.position + 20
    assert checked.head == TreeHead(ORIGIN, size, tree_of(SUBJECT.events).head(size))


def test_without_a_key_of_ones_own_a_bundle_only_vouches_for_itself() -> None:
    checked = check_bundle(BUNDLE)
    assert checked.is_good
    assert not checked.is_given


def test_the_same_case_gives_the_same_bytes() -> None:
    assert bundle_of(a_life().subject()) == BUNDLE


def test_a_case_that_the_checkpoint_ends_with_is_proven_by_it() -> None:
    assert check_bundle(bundle_of(SUBJECT, size=SUBJECT.case.position), KEY).is_good


def test_words_that_were_erased_or_left_out_are_in_no_file() -> None:
    for subject, personal in ((erased(SUBJECT), "included"), (replace(SUBJECT, words=None), "left out")):
        raw = bundle_of(subject)
        assert check_bundle(raw, KEY).faults == ()
        files = read_archive(raw)
        assert json.loads(files[bundle.MANIFEST])["personal"] == personal
        for content in files.values():
            for words in (*NARRATIVE.splitlines(), *CUSTOMER.values(), "客户来电"):
                assert words.encode() not in content
                assert json.dumps(words).strip('"').encode() not in content


def test_a_bundle_that_a_stranger_made_up_is_refused_by_whoever_has_the_key() -> None:
    forged = bundle_of(SUBJECT, signer=STRANGER)
    assert check_bundle(forged).is_good
    assert bundle.KEY in faults_of(check_bundle(forged, KEY))


def test_no_bundle_is_made_with_a_checkpoint_that_another_key_signed() -> None:
    tree = tree_of(SUBJECT.events)
    with pytest.raises(BadNote):
        bundle.make_bundle(SUBJECT, [], checkpoint_of(tree, 150, STRANGER), {}, SIGNER)


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(sorted(FILES)), st.floats(0, 1, exclude_max=True), st.integers(1, 255))
def test_any_byte_of_any_file_that_is_changed_is_noticed(name: str, place: float, change: int) -> None:
    content = bytearray(FILES[name])
    content[int(place * len(content))] ^= change
    assert not check_bundle(write_archive(FILES | {name: bytes(content)}), KEY).is_good


@pytest.mark.parametrize("name", sorted(FILES))
def test_a_file_that_is_missing_is_noticed(name: str) -> None:
    left = {other: content for other, content in FILES.items() if other != name}
    assert not check_bundle(write_archive(left), KEY).is_good


# From here on whoever holds the key has signed what was tampered with: each check does its part alone.


def lines() -> list[bytes]:
    return FILES[bundle.EVENTS].splitlines(keepends=True)


def altered(number: int, **fields: Any) -> bytes:
    """The line of event `number`, counted from 1, with other fields, its leaf as it was."""
    return (
        json.dumps(json.loads(lines()[number - 1]) | fields, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"
    )


def rewritten(number: int, **fields: Any) -> bytes:
    """The line of an event that was recorded otherwise: its leaf and hash agree, its proof is what it was."""
    proven = read_line(lines()[number - 1])
    event = proven.event._replace(**fields)
    return line_of(ProvenEvent(event._replace(leaf_hash=leaf_hash(event)), proven.proof))


def with_line(number: int, line: bytes) -> Files:
    changed = lines()
    changed[number - 1] = line
    return FILES | {bundle.EVENTS: b"".join(changed)}


def without_line(number: int) -> Files:
    kept = lines()
    del kept[number - 1]
    return FILES | {bundle.EVENTS: b"".join(kept)}


def swapped() -> Files:
    first, second, *rest = lines()
    return FILES | {bundle.EVENTS: b"".join((second, first, *rest))}


def twice() -> Files:
    return FILES | {bundle.EVENTS: b"".join((*lines()[:2], *lines()[1:]))}


def saying(**members: Any) -> Files:
    said = json.loads(FILES[bundle.MANIFEST]) | members
    return FILES | {bundle.MANIFEST: json.dumps(said, indent=2, ensure_ascii=False).encode() + b"\n"}


def a_deadline_met() -> Files:
    deadlines = json.loads(FILES[bundle.MANIFEST])["deadlines"]
    return saying(deadlines=[each | {"status": "met"} for each in deadlines])


def a_state() -> Files:
    return saying(case=json.loads(FILES[bundle.MANIFEST])["case"] | {"state": "received"})


def flipped(name: str, old: bytes, new: bytes) -> Files:
    assert old in FILES[name]
    return FILES | {name: FILES[name].replace(old, new, 1)}


def another_checkpoint(signer: Signer = SIGNER, size: int = 140) -> Files:
    tree = tree_of(SUBJECT.events)
    return FILES | {bundle.CHECKPOINT: checkpoint_of(tree, size, signer).note.encode()}


def without_words() -> Files:
    return FILES | {bundle.WORDS: b"".join(FILES[bundle.WORDS].splitlines(keepends=True)[1:])}


def words_written(old: str, new: str) -> Files:
    return flipped(bundle.WORDS, old.encode(), new.encode())


def words_for(version: int) -> Files:
    line = json.dumps({"version": version, "personal": {"text": "Made up."}, "missing": None}, separators=(",", ":"))
    return FILES | {bundle.WORDS: FILES[bundle.WORDS] + line.encode() + b"\n"}


TAMPERED: dict[str, tuple[Callable[[], Files], str | None]] = {
    "a field beside its leaf": (lambda: with_line(2, altered(2, actor="a-nother")), bundle.EVENTS),
    "data beside its leaf": (lambda: with_line(2, altered(2, data={"by_channel": "letter"})), bundle.EVENTS),
    "a member that no event has": (lambda: with_line(2, altered(2, remark="x")), bundle.EVENTS),
    "a leaf hash": (
        lambda: with_line(2, altered(2, leaf_hash=base64.b64encode(bytes(32)).decode())),
        bundle.EVENTS,
    ),
    "a proof": (lambda: with_line(2, altered(2, proof=json.loads(lines()[0])["proof"])), bundle.EVENTS),
    "a line that is no JSON": (lambda: with_line(2, b"{\n"), bundle.EVENTS),
    "another actor, hashed anew": (lambda: with_line(2, rewritten(2, actor="a-nother")), bundle.EVENTS),
    "another time, hashed anew": (
        lambda: with_line(2, rewritten(2, occurred_at=SUBJECT.events[-1].occurred_at)),
        bundle.EVENTS,
    ),
    "other words, hashed anew": (lambda: with_line(1, rewritten(1, sealed=bytes(64))), bundle.EVENTS),
    "the first event gone": (lambda: without_line(1), bundle.EVENTS),
    "an event in the middle gone": (lambda: without_line(3), bundle.EVENTS),
    "the last event gone": (lambda: without_line(len(lines())), bundle.MANIFEST),
    "all events gone": (lambda: FILES | {bundle.EVENTS: b""}, bundle.EVENTS),
    "two events in the wrong order": (swapped, bundle.EVENTS),
    "an event twice": (twice, bundle.EVENTS),
    "an event of another case": (lambda: with_line(2, rewritten(2, stream_id=UUID(int=7))), bundle.EVENTS),
    "another state": (a_state, bundle.MANIFEST),
    "a breach that was none": (a_deadline_met, bundle.MANIFEST),
    "another checkpoint in the manifest": (lambda: saying(checkpoint={"tree_size": 1}), bundle.MANIFEST),
    "a member that no manifest has": (lambda: saying(remark="x"), bundle.MANIFEST),
    "a manifest of no known format": (lambda: saying(format="amends-evidence/2"), bundle.MANIFEST),
    "a manifest that is no JSON": (lambda: FILES | {bundle.MANIFEST: b"{"}, bundle.MANIFEST),
    "a manifest that is a list": (lambda: FILES | {bundle.MANIFEST: b"[]"}, bundle.MANIFEST),
    "a checkpoint of another size": (another_checkpoint, bundle.EVENTS),
    "a checkpoint from before the case ended": (lambda: another_checkpoint(size=110), bundle.EVENTS),
    "a checkpoint that a stranger signed": (lambda: another_checkpoint(STRANGER), bundle.CHECKPOINT),
    "a checkpoint that is none": (lambda: FILES | {bundle.CHECKPOINT: b"\xff"}, bundle.CHECKPOINT),
    "another key for openssl": (lambda: FILES | {bundle.KEY_PEM: STRANGER.verifier.pem.encode()}, bundle.KEY_PEM),
    "a key that is none": (lambda: FILES | {bundle.KEY: b"key\n"}, bundle.KEY),
    "the text that the policy's hash is of": (lambda: flipped(f"{POLICY}.json", b'"24h"', b'"36h"'), POLICY),
    "the policy as it was written": (lambda: flipped(f"{POLICY}.yaml", b"due: 24h", b"due: 36h"), POLICY),
    "a holiday": (lambda: flipped(f"{POLICY}.calendar.json", b"2026-10-01", b"2026-10-11"), POLICY),
    "a policy that is no policy": (lambda: FILES | {f"{POLICY}.yaml": b"- 1"}, POLICY),
    "a dossier that tells otherwise": (lambda: flipped(bundle.DOSSIER, b"breached", b"kept"), bundle.DOSSIER),
    "another way to check it": (lambda: FILES | {bundle.README: b"Trust us.\n"}, bundle.README),
    "words that are missing": (without_words, bundle.WORDS),
    "words of an event that has none": (lambda: words_for(4_711), bundle.WORDS),
    "words twice": (lambda: words_for(1), bundle.WORDS),
    "words in another order of members": (lambda: words_written('{"version":1,', '{"x":0,"version":1,'), bundle.WORDS),
    "words that are missing for no known reason": (
        lambda: words_written('"missing":null', '"missing":"lost"'),
        bundle.WORDS,
    ),
    "words that are no words": (lambda: FILES | {bundle.WORDS: b"[]\n"}, bundle.WORDS),
    "a file that does not belong there": (lambda: FILES | {"more.txt": b"More."}, "more.txt"),
    "a policy that judged nothing": (lambda: FILES | {f"policies/{'0' * 64}.json": b"{}"}, f"policies/{'0' * 64}.json"),
}


@pytest.mark.parametrize("what", TAMPERED)
def test_what_was_tampered_with_is_named_even_where_it_was_signed(what: str) -> None:
    files, name = TAMPERED[what]
    assert name in faults_of(check_bundle(signed(files()), KEY))


def in_the_log(number: int, **fields: Any) -> bytes:
    """A bundle with an event that the log really has so, whoever got it there."""
    rows = list(SUBJECT.events)
    rows[number - 1] = rows[number - 1]._replace(**fields)
    rows = [row._replace(leaf_hash=leaf_hash(row)) for row in rows]
    return bundle_of(replace(SUBJECT, events=tuple(rows)))


@pytest.mark.parametrize(
    ("fields", "what"),
    [
        ({"stream_id": UUID(int=7)}, "of another case"),
        ({"tenant": "other"}, "of another case"),
        ({"position": 50}, "recorded before"),
        ({"recorded_at": SUBJECT.events[0].recorded_at - timedelta(seconds=1)}, "recorded before"),
        ({"version": 3}, "make no case"),
        ({"type": "never-heard-of"}, "does not know"),
    ],
)
def test_what_is_in_the_log_and_makes_no_case_is_refused(fields: dict[str, Any], what: str) -> None:
    checked = check_bundle(in_the_log(2, **fields), KEY)
    assert any(what in fault.what for fault in checked.faults)


def test_what_is_signed_anew_as_it_was_is_good() -> None:
    assert signed(FILES) == BUNDLE


def test_words_that_cannot_be_told_do_no_harm() -> None:
    strange = json.dumps(
        {"version": 1, "personal": {"narrative": 7, "customer": 7}, "missing": None}, separators=(",", ":")
    )
    rest = FILES[bundle.WORDS].splitlines(keepends=True)[1:]
    checked = check_bundle(signed(FILES | {bundle.WORDS: b"".join((strange.encode() + b"\n", *rest))}), KEY)
    assert not checked.is_good


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)
junk = st.binary(max_size=100) | json_values.map(lambda value: json.dumps(value).encode() + b"\n")
members = st.sampled_from(["format", "made_by", "case", "deadlines", "policies", "checkpoint", "personal"])


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(sorted(set(FILES) - {bundle.SUMS})), junk)
def test_whatever_is_signed_the_check_ends_with_an_answer(name: str, content: bytes) -> None:
    assert not check_bundle(signed(FILES | {name: content}), KEY).is_good


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(members, json_values | st.lists(st.fixed_dictionaries({"kind": json_values, "generation": json_values})))
def test_whatever_a_manifest_says_the_check_ends_with_an_answer(member: str, value: Any) -> None:
    checked = check_bundle(signed(saying(**{member: value})), KEY)
    assert not checked.is_good or member == "made_by"


@pytest.mark.parametrize(("case_id", "origin"), [(str(UUID(int=7)), ORIGIN), (str(SUBJECT.case.id), "amends/other")])
def test_a_signature_for_another_case_or_log_is_refused(case_id: str, origin: str) -> None:
    assert bundle.SUMS in faults_of(check_bundle(signed(FILES, case_id=case_id, origin=origin), KEY))


def test_a_signature_on_a_checkpoint_is_none_on_a_list_of_files() -> None:
    assert bundle.SUMS in faults_of(check_bundle(write_archive(FILES | {bundle.SUMS: FILES[bundle.CHECKPOINT]}), KEY))


def test_a_list_of_files_is_written_in_one_way_only() -> None:
    listed = bundle.sums(FILES, str(SUBJECT.case.id), ORIGIN).splitlines(keepends=True)
    for again in ((*listed, listed[-1]), (*listed[:2], *reversed(listed[2:]))):
        note = SIGNER.sign("".join(again)).encode()
        assert faults_of(check_bundle(write_archive(FILES | {bundle.SUMS: note}), KEY)) == {bundle.SUMS}


def test_nothing_is_added_to_the_signature() -> None:
    other = base64.b64encode(hashlib.sha512(b"").digest()).decode()
    more = FILES[bundle.SUMS] + f"— somebody {other}\n".encode()
    assert bundle.SUMS in faults_of(check_bundle(write_archive(FILES | {bundle.SUMS: more}), KEY))


def test_a_bundle_says_by_which_code_it_was_made() -> None:
    assert json.loads(FILES[bundle.MANIFEST])["made_by"] == bundle.made_by()
    assert re.fullmatch(r"amends [0-9.]+, build [0-9a-f]{12}", bundle.made_by())


def test_what_another_release_wrote_is_checked_but_its_wording_is_not_compared() -> None:
    files = saying(made_by="amends 99.0") | {bundle.DOSSIER: b"<!DOCTYPE html><p>Worded otherwise."}
    checked = check_bundle(signed(files), KEY)
    assert checked.faults == ()
    assert not checked.is_dossier_remade
