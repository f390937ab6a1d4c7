"""`amends up` with small programs in place of the services: what it does for them, in a fraction of the time.

Run as a program with the options of `amends up`; everything else about it is real.
"""

from __future__ import annotations

import os
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

NAMES = ("notifier", "intake", "workflow")


class _Ready(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/readyz" else 404)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        return None


def serve(name: str) -> None:
    """Be a service: listen if it is one that does, announce, and wait for SIGTERM."""
    from amends_platform.supervising.readiness import announce_ready

    if name == "notifier":
        import signal

        announce_ready()
        signal.pause()
    server = ThreadingHTTPServer(("127.0.0.1", int(os.environ[f"AMENDS_{name.upper()}_PORT"])), _Ready)
    announce_ready()
    server.serve_forever()


def main() -> None:
    """`amends up` itself, its services replaced."""
    from amends_platform.supervising import up

    up.SERVICES = tuple(  # type: ignore[misc, assignment]
        up.Service(name, (sys.executable, "-m", "tests.support.stand_ins", name), serves_http=name != "notifier")
        for name in NAMES
    )
    sys.argv.insert(1, "up")
    from amends_platform.cli import main as amends

    amends()


if __name__ == "__main__":
    if sys.argv[1:2] and sys.argv[1] in NAMES:
        serve(sys.argv[1])
    else:
        main()
