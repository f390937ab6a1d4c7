"""`amends verify-bundle`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from amends_platform.cli.client import AsJson
from amends_platform.cli.counting import counted

if TYPE_CHECKING:
    from amends_platform.evidence.checking import Checked

_SHOWN_MAX: Final = 20


def verify_bundle(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="An archive that `amends evidence` wrote.")],
    key: Annotated[
        str | None,
        typer.Option(
            "--key", metavar="VKEY|FILE", help="The log's public key, as you were given it apart from the archive."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Check a case's evidence: every byte of it, offline, with nothing but the archive and the log's public key.

    The events are those of the signed log, whole from the first to the last; the policies are those that they name;
    state and deadlines are computed anew. Without --key the archive's own key is taken, which proves only that it is
    of one piece. What is wrong is named, and the exit status is 1.
    """
    from amends_platform.evidence.checking import check_bundle

    verifier = None
    if key is not None:
        from amends_platform.verifying.claims import public_key

        verifier = public_key(key)
    checked = check_bundle(_read(file), verifier)
    if as_json:
        print(json.dumps(document(checked), ensure_ascii=False))
    else:
        for line in proven(checked) if checked.is_good else _faults(checked):
            # Whoever made the archive must not write to this terminal.
            print("".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in line))
    if not checked.is_good:
        raise typer.Exit(1)


def _read(file: Path) -> bytes:
    """As much of the file as a bundle may have, and a byte more. Raises WrongUsage."""
    from amends_platform.evidence.archive import BYTES_MAX
    from amends_platform.failures import WrongUsage

    try:
        with file.open("rb") as opened:
            return opened.read(BYTES_MAX + 1)
    except OSError as error:
        raise WrongUsage(f"{file} cannot be read: {error.strerror}.") from error


def document(checked: Checked) -> dict[str, Any]:
    """What was found, for programs."""
    subject, head, verifier = checked.subject, checked.head, checked.verifier
    case = None if subject is None else subject.case
    return {
        "good": checked.is_good,
        "case": None if case is None else str(case.id),
        "reference": None if subject is None else subject.reference,
        "state": None if case is None else case.status.value,
        "version": None if case is None else case.version,
        "origin": None if head is None else head.origin,
        "tree_size": None if head is None else head.tree_size,
        "key": None if verifier is None else verifier.vkey,
        "key_given": checked.is_given,
        "dossier_compared": checked.is_dossier_remade,
        "faults": [fault._asdict() for fault in checked.faults],
    }


def proven(checked: Checked) -> Iterator[str]:
    """What a good bundle proves, and to whom."""
    from collections import Counter

    subject, head, verifier = checked.subject, checked.head, checked.verifier
    assert subject is not None, "it is good"
    assert head is not None, "it is good"
    assert verifier is not None, "it is good"
    verdicts = Counter(deadline.status.value for deadline in subject.deadlines)
    policies = ", ".join(f"{policy.name} {policy.version}" for policy in subject.policies.values())
    events = counted(len(subject.events), "event")
    yield f"The evidence of {subject.reference} is good: {events}, proven by {head.origin}."
    yield f"  state       {subject.case.status.value}, version {subject.case.version}"
    yield f"  clocks      {', '.join(f'{count} {name}' for name, count in sorted(verdicts.items())) or 'none'}"
    yield f"  policies    {policies or 'none'}"
    yield f"  checkpoint  of {head.tree_size:,} events, root {head.root_hash.hex()}"
    yield f"  words       {_words(checked)}"
    yield f"  dossier     {'says what the events say' if checked.is_dossier_remade else _OTHER_RELEASE}"
    yield f"  key         {verifier.vkey}"
    if not checked.is_given:
        yield (
            "The key is the archive's own. Whoever made up the whole archive would have put another in it: compare it "
            "with the key that you were given, or say --key."
        )


_OTHER_RELEASE: Final = "was worded by another release, and is as it was signed"


def _words(checked: Checked) -> str:
    assert checked.subject is not None, "it is good"
    words = checked.subject.words
    if words is None:
        return "left out"
    missing = sum(each.missing is not None for each in words.values())
    said = []
    if len(words) > missing:
        said.append(f"of {counted(len(words) - missing, 'event')}, as whoever signed has unsealed them")
    if missing:
        said.append(f"of {counted(missing, 'event')} erased or unreadable")
    return "; ".join(said) or "there are none"


def _faults(checked: Checked) -> Iterator[str]:
    yield "The bundle is bad."
    for fault in checked.faults[:_SHOWN_MAX]:
        yield f"  {fault.file or 'the archive'}: {fault.what}"
    if len(checked.faults) > _SHOWN_MAX:
        yield f"  … and {len(checked.faults) - _SHOWN_MAX} more; --json lists them"
