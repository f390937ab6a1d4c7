"""Every command that a case may allow, with its form. The one table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from amends_platform.words import message
from amends_workflow.console.acting.action import Action, Group
from amends_workflow.console.acting.desk_forms import DESK
from amends_workflow.console.acting.life_forms import LIFE

ACTIONS: Final[Mapping[str, Action]] = {action.command: action for action in (*LIFE, *DESK)}

GROUPS: Final[Mapping[Group, str]] = {
    "steps": message("Next steps"),
    "contact": message("With the customer"),
    "people": message("Who is answerable"),
    "knowledge": message("What is known"),
    "ends": message("Ends and holds"),
}
