"""`python -m amends_intake`: serve until told to stop."""

from __future__ import annotations

import sys

from amends_platform.garbage import without_collecting

if __name__ == "__main__":
    with without_collecting():
        from amends_intake.app import create_app
        from amends_platform.http.serving import serve

    sys.exit(serve("intake", create_app))
