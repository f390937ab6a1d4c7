"""`python -m amends_intake`: serve until told to stop."""

from __future__ import annotations

import sys

from amends_intake.app import create_app
from amends_platform.http.serving import serve

if __name__ == "__main__":
    sys.exit(serve("intake", create_app))
