"""Destroying a customer's personal data: asked for, and answered by another person, for all their cases at once.

The life of a case goes on untouched: an erasure takes words and names away, never a fact.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from amends_domain.access.judging import may
from amends_domain.access.roles import HEADS
from amends_domain.case import Case, ErasureRequest
from amends_domain.commands import ApproveErasure, RejectErasure, RequestErasure
from amends_domain.decisions.recusal import RECUSED_FROM, recused
from amends_domain.decisions.ruling import Actor, Context, Rejection
from amends_domain.events import ErasureRejected, ErasureRequested, Event, PersonalDataErased
from amends_domain.reference import reference_of

ErasureCommand = RequestErasure | ApproveErasure | RejectErasure
Recordings = tuple[tuple[Case, Event], ...]
"""What is recorded on which case, in one append."""

REASON_CHARACTERS_MAX: Final = 200
# Shorter numbers are found in any date.
_DIGITS_MIN: Final = 5
_LAST_DIGITS: Final = 8
_UNPARTED_LETTERS_MIN: Final = 2
_WORD_LETTERS_MIN: Final = 3
_NOT_A_LETTER: Final = re.compile(r"[\W_]+")
_NOT_A_DIGIT: Final = re.compile(r"\D")
# The organisation's own name for the customer is clear everywhere.
_PSEUDONYM: Final = "ref"


def decide_erasure(
    cases: Sequence[Case], command: ErasureCommand, key_id: str | None, context: Context
) -> Recordings | Rejection:
    """What the command means for `cases`: all of the customer's, one at least. `key_id` is the customer's data key,
    None when there is none that could be destroyed."""
    refused = _may_not(cases, command, context.actor)
    if refused is not None:
        return refused
    match command:
        case RequestErasure():
            return _request(cases, command, key_id, context.actor)
        case ApproveErasure():
            return _approve(cases, key_id, context.actor)
        case RejectErasure():
            return _reject(cases, command, context.actor)


def erase_alone(cases: Sequence[Case], key_id: str | None, actor: str, reason: str) -> Recordings | Rejection:
    """What it means that whoever holds the database and the key store erases a customer: nobody else has to agree,
    and a legal hold stands in the way all the same."""
    return _unfit(reason) or _in_the_way(cases, key_id) or _erased(cases, key_id, actor, actor, reason)


def held(cases: Iterable[Case]) -> list[Case]:
    """The cases under legal hold."""
    return [case for case in cases if case.held]


def given_away(reason: str, customers: Iterable[Mapping[str, Any]]) -> Rejection | None:
    """Refuses a reason that says who the customer is; `customers` is what their cases know of them."""
    words, digits = _words(reason), _NOT_A_DIGIT.sub("", reason)
    for customer in customers:
        for field, value in _told(customer):
            if _says_number(digits, value) or _says_words(words, value, any_word="name" in field):
                return Rejection(
                    "reason-names-customer",
                    f"The reason holds the customer's {field}, and would be readable for ever: say it without.",
                )
    return None


def _told(customer: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What is known of the customer, as text, each with the field that has it."""
    for field, value in customer.items():
        if isinstance(value, Mapping):
            yield from _told(value)
        elif field != _PSEUDONYM and isinstance(value, str | int) and not isinstance(value, bool):
            yield field, str(value)


def _says_number(digits: str, value: str) -> bool:
    number = _NOT_A_DIGIT.sub("", value)
    # The same number is written with the code of a country and without.
    return len(number) >= _DIGITS_MIN and number[-_LAST_DIGITS:] in digits


def _says_words(words: str, value: str, *, any_word: bool) -> bool:
    """Whether the value stands in the words; `any_word`: whether one word of it does."""
    sought = _words(value)
    parts = sought.split()
    # Where no blanks part the words, as in Chinese, a name may stand anywhere.
    unparted = "".join(parts)
    if not unparted.isascii() and len(unparted) >= _UNPARTED_LETTERS_MIN and unparted in words.replace(" ", ""):
        return True
    if len(unparted) >= _WORD_LETTERS_MIN and sought in words:
        return True
    return any_word and any(len(part) >= _WORD_LETTERS_MIN and f" {part} " in words for part in parts)


def _words(text: str) -> str:
    """The text in small letters, its words parted and enclosed by one blank each."""
    return f" {_NOT_A_LETTER.sub(' ', text.casefold()).strip()} "


def _may_not(cases: Sequence[Case], command: ErasureCommand, actor: Actor) -> Rejection | None:
    codes = {may(actor.grants, command.NAME, case.branch, case.grade).code for case in cases}
    if "role-not-allowed" in codes:
        return Rejection("role-not-allowed", f"The role {actor.role} may not {command.NAME}.")
    if "other-branch" in codes:
        return Rejection("other-branch", f"Your key is for branch {actor.branch}; the customer has cases elsewhere.")
    if command.NAME in RECUSED_FROM and any(actor.id in case.complained_of for case in cases):
        return recused(actor.id, command.NAME)
    return None


def _request(
    cases: Sequence[Case], command: RequestErasure, key_id: str | None, actor: Actor
) -> Recordings | Rejection:
    refused = _unfit(command.reason) or _in_the_way(cases, key_id)
    if refused is not None:
        return refused
    asked = _asked(cases)
    if asked is not None:
        return Rejection("erasure-pending", f"{asked.requested_by} has asked for it already: that is answered first.")
    return tuple((case, ErasureRequested(actor.id, command.reason)) for case in cases)


def _approve(cases: Sequence[Case], key_id: str | None, actor: Actor) -> Recordings | Rejection:
    asked = _asked(cases)
    if asked is None:
        return _in_the_way(cases, key_id) or _NOT_ASKED
    if asked.requested_by == actor.id:
        return Rejection("own-request", "Nobody approves what they asked for themselves: another person does.")
    # What the customer complained of since it was asked for has the same key, and goes too.
    return _in_the_way(cases, key_id) or _erased(cases, key_id, asked.requested_by, actor.id, asked.reason)


def _reject(cases: Sequence[Case], command: RejectErasure, actor: Actor) -> Recordings | Rejection:
    asked = _asked(cases)
    if asked is None:
        return _NOT_ASKED
    if actor.role not in HEADS and asked.requested_by != actor.id:
        return Rejection("role-not-allowed", f"The role {actor.role} may take back its own request, and no other.")
    return tuple((case, ErasureRejected(actor.id, command.reason)) for case in cases if case.erasure is not None)


def _asked(cases: Iterable[Case]) -> ErasureRequest | None:
    return next((case.erasure for case in cases if case.erasure is not None), None)


def _erased(cases: Sequence[Case], key_id: str | None, requested_by: str, approved_by: str, reason: str) -> Recordings:
    assert key_id is not None, "without a key there is nothing to erase"
    return tuple((case, PersonalDataErased(key_id, requested_by, approved_by, reason)) for case in cases)


def _unfit(reason: str) -> Rejection | None:
    if reason.isprintable() and reason.strip() and len(reason) <= REASON_CHARACTERS_MAX:
        return None
    return Rejection(
        "reason-unfit",
        f"The reason stays readable for ever: one line of at most {REASON_CHARACTERS_MAX} printable characters.",
    )


def _in_the_way(cases: Sequence[Case], key_id: str | None) -> Rejection | None:
    if key_id is None:
        return Rejection("already-erased", "The customer's personal data is erased, and nothing was added since.")
    held_cases = ", ".join(reference_of(case.first_position) for case in held(cases))
    if held_cases:
        return Rejection("legal-hold", f"Nothing of the customer's may be erased while these are held: {held_cases}.")
    return None


_NOT_ASKED: Final = Rejection("no-erasure-asked", "Nobody has asked to erase this customer's personal data.")
