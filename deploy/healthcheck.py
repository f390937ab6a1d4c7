"""Is the service in this container ready? Asks the one whose port is set; the exit status is 0 when it says yes."""

import os
import sys
import urllib.request

ports = [os.environ[name] for name in ("AMENDS_INTAKE_PORT", "AMENDS_WORKFLOW_PORT") if name in os.environ]
if not ports:
    sys.exit("nothing to ask: set AMENDS_INTAKE_PORT or AMENDS_WORKFLOW_PORT, or disable this check")
for port in ports:
    try:
        urllib.request.urlopen(f"http://127.0.0.1:{int(port)}/readyz", timeout=3).close()
    except (OSError, ValueError) as error:
        sys.exit(f"port {port}: {error}")
