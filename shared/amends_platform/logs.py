"""Structured logs: JSON for machines, lines for people at a terminal; never a secret or a request body."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any, Final

import orjson
import structlog

from amends_platform.settings import Settings, masked
from amends_platform.telemetry.current import add_what_it_is_about

# Fields that are dropped whatever they hold: a log is read by more people than a complaint is.
_NEVER: Final = frozenset(
    {"authorization", "api_key", "body", "request_body", "password", "key", "master_key", "sealed"}
)
_API_KEY: Final = re.compile(r"amends_(session_)?[A-Za-z0-9_-]{43}")


def configure_logging(settings: Settings, *, program: str) -> None:
    """Send structlog and the standard library's loggers to standard error, in the format that is set."""
    level = logging.getLevelNamesMapping()[settings.log_level.upper()]
    shared: list[structlog.typing.Processor] = [
        add_what_it_is_about,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
        structlog.processors.StackInfoRenderer(),
    ]
    rendering: list[structlog.typing.Processor] = [structlog.stdlib.ProcessorFormatter.remove_processors_meta]
    if settings.log_format == "json":
        # Never with locals: they would hold keys and personal data.
        rendering += [
            structlog.processors.format_exc_info,
            _without_secrets,
            structlog.processors.JSONRenderer(_json),
        ]
    else:
        plain = structlog.dev.plain_traceback
        rendering += [
            _without_secrets,
            structlog.dev.ConsoleRenderer(colors=_terminal(), exception_formatter=plain),
        ]

    def _program(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        event["program"] = program
        return event

    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(foreign_pre_chain=[*shared, _program], processors=rendering)
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logger = logging.getLogger(name)
        logger.handlers[:] = []
        logger.propagate = True
    # Both say every request or every statement at their usual level.
    for name in ("uvicorn.access", "httpx"):
        logging.getLogger(name).setLevel(max(level, logging.WARNING))
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            _program,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(level),
        cache_logger_on_first_use=True,
    )


def without_secrets(text: str) -> str:
    """The text with API keys and passwords in URLs replaced."""
    return masked(_API_KEY.sub("amends_****", text))


def _without_secrets(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
    return {name: _clean(value) for name, value in event.items() if name not in _NEVER}


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return without_secrets(value)
    if isinstance(value, Mapping):
        return {name: _clean(inner) for name, inner in value.items() if name not in _NEVER}
    if isinstance(value, list | tuple):
        return [_clean(inner) for inner in value]
    return value


def _json(event: Any, **_: Any) -> str:
    return orjson.dumps(event, default=str, option=orjson.OPT_NON_STR_KEYS).decode()


def _terminal() -> bool:
    return sys.stderr.isatty()
