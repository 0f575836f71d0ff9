#!/usr/bin/env bash
# Guess: once /minio/health/ready answers 200, the server takes requests; it is the readiness probe.
# Finding: it answers 200 as soon as the port is open, while every request of S3 is still answered by 503
# XMinioServerNotInitialized. /minio/health/cluster answers 503 for as long as that. Needs Go, and a minute or two
# to build.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
GOBIN="$folder" go install github.com/minio/minio@v0.0.0-20260212201848-7aac2a2c5b7c
python3 - <<'PY'
import http.client
import re
import socket
import subprocess
import tempfile
import time
from contextlib import suppress

STARTS, LIMIT_SECONDS = 5, 60


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def status_of(port, path):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        code = re.search(rb"<Code>(\w+)</Code>", answer.read())
        return answer.status, code and code[1].decode()
    finally:
        connection.close()


def states_of_a_start():
    """What the probes and a request said one after the other, until requests were taken."""
    port, states = free_port(), []
    with tempfile.TemporaryDirectory() as data:
        command = ["./minio", "server", "--quiet", "--address", f"127.0.0.1:{port}", "--console-address"]
        server = subprocess.Popen(
            [*command, f"127.0.0.1:{free_port()}", data], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            end = time.monotonic() + LIMIT_SECONDS
            while time.monotonic() < end and (not states or states[-1][2][1] != "AccessDenied"):
                with suppress(OSError, http.client.HTTPException):
                    ready, _ = status_of(port, "/minio/health/ready")
                    cluster, _ = status_of(port, "/minio/health/cluster")
                    states.append((ready, cluster, status_of(port, "/")))
        finally:
            server.terminate()
            server.wait()
    return states


print(subprocess.run(["./minio", "--version"], capture_output=True, text=True, check=True).stdout.splitlines()[0])
seen = []
for _ in range(STARTS):
    seen = list(dict.fromkeys(seen + states_of_a_start()))
    if any(ready == 200 and status == 503 for ready, _, (status, _) in seen):
        break
for ready, cluster, (status, code) in seen:
    print(f"/minio/health/ready {ready}, /minio/health/cluster {cluster}, a request {status} {code}")
assert (200, 503, (503, "XMinioServerNotInitialized")) in seen
PY
