#!/usr/bin/env bash
# Guess: timeout_keep_alive closes every connection on which nothing is being answered.
# Finding: uvicorn sets that deadline behind a response alone, and the first byte of the next request lifts it for good.
# A connection that never sent anything, or one byte since its last response, stays open for ever, and counts against
# limit_concurrency: as many of them as that allows, and whoever comes next, a probe too, gets 503.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check uvicorn==0.54.0 h11==0.16.0
venv/bin/python - <<'PY'
import asyncio
import socket
from importlib.metadata import version

import uvicorn

REQUEST = b"GET / HTTP/1.1\r\nHost: test\r\n\r\n"


async def app(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
    await send({"type": "http.response.body"})


async def opened(port, *parts):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for part in parts:
        writer.write(part)
        if part == REQUEST:
            await reader.readuntil(b"\r\n\r\n")
    return reader, writer


async def main():
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(app, http="h11", lifespan="off", log_level="error", timeout_keep_alive=1, limit_concurrency=3)
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve([listener]))
    port = listener.getsockname()[1]
    kinds = {
        "silent after a response": await opened(port, REQUEST),
        "one byte after a response": await opened(port, REQUEST, b"G"),
        "nothing at all": await opened(port),
    }
    await asyncio.sleep(5)
    found = {kind: "closed" if reader.at_eof() else "open" for kind, (reader, _) in kinds.items()}
    print(f"uvicorn {version('uvicorn')}")
    for kind, state in found.items():
        print(f"{kind}: {state} after five times timeout_keep_alive")
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(REQUEST)
    status = (await reader.readline()).split()[1].decode()
    print(f"the next client, while nothing is being answered and limit_concurrency is 3: {status}")
    for _, writer in [*kinds.values(), (reader, writer)]:
        writer.close()
    server.should_exit = True
    await serving
    return list(found.values()), status


states, status = asyncio.run(main())
assert states == ["closed", "open", "open"], "the finding no longer holds"
assert status == "503", "idle connections no longer count"
PY
