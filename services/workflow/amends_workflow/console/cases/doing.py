"""What may be done with a case now, and by whom: as forms, of which one is open."""

from __future__ import annotations

import re
import secrets
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from amends_domain.access.judging import who_may
from amends_platform.words import Words, message
from amends_workflow.console.acting.action import Action
from amends_workflow.console.acting.fields import Field
from amends_workflow.console.acting.sending import Refused
from amends_workflow.console.acting.table import ACTIONS, GROUPS
from amends_workflow.console.cases.offering import Offering, Option, options_of
from amends_workflow.console.cases.timeline import Entry
from amends_workflow.console.cases.view import View
from amends_workflow.console.forms import Form
from amends_workflow.console.visitors import Visitor

_KEY: Final = re.compile(r"[!-~]{1,255}")


class Question(NamedTuple):
    """A field with what can be chosen, what stands in it (in its parts: `under`), and what is wrong with that."""

    field: Field
    options: Sequence[Option]
    value: str
    chosen: frozenset[str]
    error: str
    under: Mapping[str, str]

    @property
    def is_touched(self) -> bool:
        """Whether something stands in it that did not at first."""
        return bool(self.error) or self.value != self.field.initial


@dataclass(frozen=True, slots=True)
class OpenForm:
    """The form that is open. `key` lets intake know a repetition; `version` is what the person looked at.

    `since` is what has happened since the version that they had looked at, where the case has moved on.
    """

    action: Action
    to: str
    questions: Sequence[Question]
    key: str
    version: int | None
    refused: Refused | None = None
    since: Sequence[Entry] = field(default_factory=tuple)

    @property
    def errors(self) -> list[Question]:
        return [question for question in self.questions if question.error]


class Doing(NamedTuple):
    """By group, the commands that are allowed and this role may give; and those that others may, with their roles."""

    groups: Mapping[str, Sequence[str]]
    others: Sequence[tuple[str, Sequence[str]]]


def doing(view: View, visitor: Visitor) -> Doing:
    """What may be done now."""
    allowed = [name for name in view.answer["allowed"] if name in ACTIONS]
    branch, grade = view.case.branch, view.case.grade
    own = {name for name in allowed if visitor.may(name, branch, grade)}
    groups: dict[str, list[str]] = {}
    for group, label in GROUPS.items():
        names = [name for name in allowed if ACTIONS[name].group == group and name in own]
        if names:
            groups[label] = names
    others = [(name, sorted(who_may(name, grade))) for name in allowed if name not in own]
    return Doing(groups, others)


def new_key() -> str:
    """For one form, made when it is shown: sent twice, it is one request."""
    return "console-" + secrets.token_urlsafe(24)


def key_of(form: Form) -> str:
    """The key that the form was made with; a new one where it has none that intake would take."""
    key = form.get("key")
    return key if _KEY.fullmatch(key) else new_key()


def fresh_form(action: Action, to: str, offering: Offering, version: int | None, given: Mapping[str, str]) -> OpenForm:
    """The form as it is first shown. `given` is what the address says should stand in it."""
    typed = Form([(each.name, given.get(each.name, each.initial)) for each in action.all_fields])
    return OpenForm(action, to, questions(action, offering, typed, {}), new_key(), version)


def questions(action: Action, offering: Offering, typed: Form, errors: Mapping[str, str]) -> list[Question]:
    """The form's questions with what was typed."""
    return [
        Question(
            each,
            _offered(each, offering, typed),
            typed.get(each.name),
            frozenset(typed.all(each.name)),
            errors.get(each.name, ""),
            defaultdict(str, typed.under(each.name)),
        )
        for each in action.all_fields
    ]


def _offered(each: Field, offering: Offering, typed: Form) -> list[Option]:
    """What can be chosen; what was chosen stays so, though it be no longer offered."""
    options = options_of(each, offering)
    if each.kind in ("code", "pick"):
        missing = [text for text in typed.all(each.name) if text not in {option.value for option in options}]
        options += [Option(text, text) for text in missing]
    return options


# What the page itself has to say besides intake's own words.
_OWN_WORDS: Final[Mapping[str, str]] = {
    "intake-away": message(
        "The service that records is not there just now. What you typed is still here: send it again in a moment. If it"
        " was recorded after all, it is recorded once."
    ),
    "version-mismatch": message("The case has moved on since you looked. See what happened, then send it again."),
    "stale-form": message("You have signed in anew since this form was made. Send it again."),
    "idempotency-key-reused": message(
        "Something else was recorded from this very form before. Look at the history; if this is still to be done, open"
        " the form anew."
    ),
}


def said_of(refused: Refused, words: Words) -> str:
    """Why it was not recorded, in a sentence."""
    own = _OWN_WORDS.get(refused.code)
    return words.refusal(refused.code, refused.detail) if own is None else words.text(own)
