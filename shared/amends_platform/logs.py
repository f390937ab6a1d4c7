"""Structured logs: JSON for machines, lines for people at a terminal; never a secret or a request body."""

from __future__ import annotations

import logging
import os
import re
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any, Final

import orjson
import stamina.instrumentation
import structlog

from amends_platform.reasons import reason, traced
from amends_platform.settings import Settings, masked
from amends_platform.telemetry.current import add_what_it_is_about

log = structlog.get_logger()

# What a line may have besides its event: a log is read by more people than a complaint is. Codes, counts, places and
# our own words, none of which a customer brought. A test holds that whatever the code logs is here.
FIELDS: Final = frozenset(
    {
        *("event", "at", "level", "program", "logger", "exception", "instance", "request", "trace_id", "span_id"),
        *("reason", "error", "places", "path", "status", "code", "count", "counts", "connections", "position"),
        *("after", "first", "epoch", "messages", "stream", "replicas", "differences", "away_seconds", "mend"),
        *("month", "equations", "key_id", "event_id", "tree_size", "endpoint", "endpoints", "subject", "id"),
        *("request_id", "method", "route", "person", "correlation_id", "case_id", "event_type"),
        *("attempts", "again_in_seconds", "day", "reader", "published", "mails", "owners", "drain_seconds", "seconds"),
    }
)
_HIDDEN: Final = "(not logged)"
# Whose messages we know. Others put into theirs whatever they were given.
_KNOWN_LOGGERS: Final = ("amends_", "tests.", "uvicorn", "alembic", "nats")
_WORDS: Final = re.compile(r"[A-Za-z ,._-]*")
# By which `journalctl --priority` chooses. Source: sd-daemon(3).
_PRIORITIES: Final = {"critical": 2, "error": 3, "warning": 4, "info": 6, "debug": 7}
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
    rendering += [_traced, _allowed]
    renderer: structlog.typing.Processor
    if settings.log_format == "json":
        renderer = structlog.processors.JSONRenderer(_json)
    else:
        renderer = structlog.dev.ConsoleRenderer(colors=_terminal())
    rendering.append(_with_priority(renderer) if _is_journal() else renderer)

    def _program(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        event["program"] = program
        return event

    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[_said_by_others, *shared, _program], processors=rendering
        )
    )
    handler.addFilter(_name_errors)
    # A line that cannot be written would be shown whole instead, with all that was given to it.
    logging.raiseExceptions = False
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
    stamina.instrumentation.set_on_retry_hooks([_tried_again])


def _tried_again(details: stamina.instrumentation.RetryDetails) -> None:
    log.warning("tried again", reason=reason(details.caused_by), again_in_seconds=round(details.wait_for, 1))


def without_secrets(text: str) -> str:
    """The text with API keys and passwords in URLs replaced."""
    return masked(_API_KEY.sub("amends_****", text))


def _said_by_others(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A line of the standard library's loggers: whole where we know who speaks, else only how it begins."""
    record: logging.LogRecord = event["_record"]
    if not record.name.startswith(_KNOWN_LOGGERS):
        beginning = _WORDS.match(str(record.msg))
        event["event"] = f"{record.name}: {beginning[0].strip() if beginning else ''}"
    return event


def _name_errors(record: logging.LogRecord) -> bool:
    """Before its text is made of them: an error among a record's arguments is told by its reason."""
    if isinstance(record.args, tuple):
        record.args = tuple(reason(each) if isinstance(each, BaseException) else each for each in record.args)
    return True


def _traced(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """An exception as the places it came through: its text, and locals, would hold keys and personal data."""
    raised = event.pop("exc_info", None)
    if isinstance(raised, tuple):
        raised = raised[1]
    elif raised is True:
        raised = sys.exc_info()[1]
    if isinstance(raised, BaseException):
        event["exception"] = traced(raised)
    return event


def _allowed(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    return {name: _clean(value) if name in FIELDS else _HIDDEN for name, value in event.items()}


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return without_secrets(value)
    if isinstance(value, BaseException):
        return reason(value)
    if isinstance(value, Mapping):
        return {name: _clean(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(inner) for inner in value]
    return value


def _json(event: Any, **_: Any) -> str:
    return orjson.dumps(event, default=str, option=orjson.OPT_NON_STR_KEYS).decode()


def _with_priority(renderer: structlog.typing.Processor) -> structlog.typing.Processor:
    """A line as the journal takes it: its level in front, which is not kept in the text."""

    def rendered(logger: Any, method: str, event: MutableMapping[str, Any]) -> str:
        return f"<{_PRIORITIES.get(event.get('level', ''), 6)}>{renderer(logger, method, event)!s}"

    return rendered


def _is_journal() -> bool:
    """Whether standard error goes to systemd's journal, which says which file it is. Source: systemd.exec(5)."""
    try:
        status = os.fstat(sys.stderr.fileno())
    except (OSError, ValueError):
        return False
    return os.environ.get("JOURNAL_STREAM") == f"{status.st_dev}:{status.st_ino}"


def _terminal() -> bool:
    return sys.stderr.isatty()
