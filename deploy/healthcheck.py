"""Is what this container runs ready? Asks the service that the command names; the exit status is 0 when it says yes.

A job (`migrate`, `keys` and so on) has nothing to ask: it is well for as long as it runs.
"""

import os
import socket
import sys

# Every few seconds, for as long as the container lives: so with nothing that takes long to load.
PORTS = {"intake": "8081", "workflow": "8082", "notifier": ""}
PATIENCE_SECONDS = 3.0


def service_of(command_line: bytes) -> str | None:
    """Which service the words of a command line start (`amends intake`, `python -m amends_intake`)."""
    words = [word.decode(errors="replace").removeprefix("amends_") for word in command_line.split(b"\0")]
    return next((word for word in words if word in PORTS), None)


def status_of(port: int) -> bytes:
    """The status line of /readyz. Raises OSError."""
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_SECONDS) as connection:
        connection.sendall(b"GET /readyz HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n")
        answer = b""
        while b"\r\n" not in answer and (more := connection.recv(1_024)):
            answer += more
    return answer.partition(b"\r\n")[0]


def main() -> None:
    """Ends the program with 0, or with what is wrong."""
    with open(sys.argv[1] if len(sys.argv) > 1 else "/proc/1/cmdline", "rb") as file:
        service = service_of(file.read())
    if service is None:
        return
    port = os.environ.get(f"AMENDS_{service.upper()}_PORT") or PORTS[service]
    if not port.isdecimal():
        sys.exit(f"nothing to ask: set AMENDS_{service.upper()}_PORT")
    try:
        status = status_of(int(port))
    except OSError as error:
        sys.exit(f"port {port}: {error}")
    if status.split(b" ")[1:2] != [b"200"]:
        sys.exit(f"port {port}: {status.decode(errors='replace') or 'no answer'}")


main()
