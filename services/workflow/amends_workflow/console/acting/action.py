"""One thing that people do: where it goes in intake, and what is asked."""

from __future__ import annotations

from typing import Literal, NamedTuple

from amends_workflow.console.acting.fields import OCCURRED_AT, Field

Group = Literal["steps", "contact", "people", "knowledge", "ends"]


class Action(NamedTuple):
    """`path` follows `/v1/complaints/{id}/`; `{number}` in it is a field's. `note`: what one should know before."""

    command: str
    path: str
    group: Group
    fields: tuple[Field, ...]
    note: str = ""

    @property
    def all_fields(self) -> tuple[Field, ...]:
        return (*self.fields, OCCURRED_AT)
