"""`python -m amends_workflow`: serve until told to stop; with `rebuild`: make the read model anew, and swap it in."""

from __future__ import annotations

import sys

from amends_platform.garbage import without_collecting

if __name__ == "__main__":
    if sys.argv[1:] == ["rebuild"]:
        from amends_workflow.rebuilding import main

        sys.exit(main())
    with without_collecting():
        from amends_platform.http.serving import serve
        from amends_workflow.app import create_app

    sys.exit(serve("workflow", create_app))
