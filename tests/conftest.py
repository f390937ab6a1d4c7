"""What every test may ask for: real servers, started once for each worker."""

import os
import signal

# A shell that runs the tests as a job behind itself ignores Ctrl-C for it, and whatever they start would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)

pytest_plugins = [
    "tests.support.postgres",
    "tests.support.nats",
    "tests.support.intake",
    "tests.support.console",
    "tests.support.browser",
    "tests.support.scheduling",
]

# Here the database's owner is everybody, and keys are made up.
os.environ["AMENDS_MODE"] = "development"
