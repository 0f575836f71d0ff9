"""Docker's health check: `python -I healthcheck.py livez|readyz` asks one probe of this container's operations port.

Exits 0 when the probe answers 200. Docker restarts what ends, not what is unhealthy; so a process that itself says, by
/livez, that it must be restarted is told to end. It drains, and the restart policy starts it again.
"""

from __future__ import annotations

import os
import signal
import sys
from http.client import HTTPConnection, HTTPException

_TIMEOUT_SECONDS = 4.0
_MAIN_PROCESS = 1


def main(probe: str) -> int:
    """Print what the probe says, which `docker inspect` shows; return the exit code."""
    try:
        if _ask("livez")[0] == 503:
            os.kill(_MAIN_PROCESS, signal.SIGTERM)
        status, body = _ask(probe)
    except (OSError, HTTPException) as error:
        status, body = 0, f"the operations port does not answer: {error}"
    sys.stdout.write(f"{body}\n")
    return 0 if status == 200 else 1


def _ask(probe: str) -> tuple[int, str]:
    port = int(os.environ.get("AEGIS_OPS_PORT", "9464"))
    connection = HTTPConnection("127.0.0.1", port, timeout=_TIMEOUT_SECONDS)
    try:
        connection.request("GET", f"/{probe}")
        answer = connection.getresponse()
        return answer.status, answer.read().decode(errors="replace")
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
