"""What every test may ask for: real servers, started once for each worker."""

import gc
import os
import signal

import pytest
import structlog

# A shell that runs the tests as a job behind itself ignores Ctrl-C for it, and whatever they start would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)

# Imports and collection make next to no garbage, and whatever they make stays: a tenth of a run went into looking.
gc.disable()

pytest_plugins = [
    "tests.support.postgres",
    "tests.support.nats",
    "tests.support.intake",
    "tests.support.console",
    "tests.support.browser",
    "tests.support.scheduling",
]

# As structlog is by itself, but for pictures of tracebacks: many a test breaks something on purpose.
structlog.configure(
    processors=[
        structlog.processors.add_log_level,
        structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback),
    ]
)

# Here the database's owner is everybody, and keys are made up.
os.environ["AMENDS_MODE"] = "development"


def pytest_collection_finish(session: pytest.Session) -> None:
    """From here on garbage is looked for, as seldom as in a service, and never in what is there by now."""
    gc.freeze()
    gc.set_threshold(10_000)
    gc.enable()


def pytest_unconfigure() -> None:
    """Libraries in C++ call it a leak when what they made is there at the very end."""
    gc.unfreeze()
