"""`python -m amends_platform.cli`, where the console script is not installed."""

from amends_platform.cli import main

main()
