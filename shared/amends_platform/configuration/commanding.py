"""What commands at a terminal need, and what programs say of themselves."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import BaseModel, SecretStr

from amends_platform.configuration.kinds import HttpUrl, setting


class Commands(BaseModel):
    """Finding and asking the services"""

    READ_BY: ClassVar[str] = "commands"

    intake_url: HttpUrl | None = setting(
        None,
        "where commands, and the console, find intake; by default the running `amends up`",
        example="https://intake.example",
        read_by="commands, workflow",
    )
    workflow_url: HttpUrl | None = setting(
        None,
        "where commands find workflow; by default the running `amends up`",
        example="https://desk.example",
    )
    api_key: SecretStr | None = setting(None, "the API key that commands use towards the services", example="amends_…")
    language: Literal["en", "zh"] | None = setting(
        None, "what commands speak at a terminal; by default as its locale says, else English", example="zh"
    )


class Logs(BaseModel):
    """What is logged"""

    READ_BY: ClassVar[str] = "intake, workflow, notifier"

    log_level: Literal["debug", "info", "warning", "error"] = setting("info", "how much is logged", example="warning")
    log_format: Literal["json", "console"] = setting("json", "json for machines, console for people", example="console")
