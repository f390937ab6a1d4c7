"""What every test may ask for: real servers, started once for each worker."""

pytest_plugins = [
    "tests.support.postgres",
    "tests.support.nats",
    "tests.support.intake",
    "tests.support.scheduling",
]
