#!/usr/bin/env bash
# Guess: it makes no difference to a client whether uvicorn is given a host and a port or a listening socket that
# socket.create_server made for them; in both cases asyncio sets TCP_NODELAY on what it accepts.
# Finding: asyncio sets it only where a socket's proto is IPPROTO_TCP. What create_server makes has proto 0, and so has all
# that it accepts. As uvicorn writes head and body apart, Nagle's algorithm holds the body back until the client's delayed
# acknowledgement: each answer but the first of a kept connection is some 40 ms late.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check uvicorn==0.54.0 h11==0.16.0
venv/bin/python - <<'PY'
import asyncio
import platform
import socket
import statistics
import time
from importlib.metadata import version

import uvicorn

REQUEST = b"GET / HTTP/1.1\r\nHost: test\r\n\r\n"
BODY = b"tags"
ANSWERS = 21


async def app(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"4")]})
    await send({"type": "http.response.body", "body": BODY})


async def measured(own_socket):
    """proto and TCP_NODELAY of the accepted connection, and the median of its answers but the first, in ms."""
    listener = socket.create_server(("127.0.0.1", 0))
    host, port = listener.getsockname()
    if not own_socket:
        listener.close()
    server = uvicorn.Server(uvicorn.Config(app, host=host, port=port, http="h11", lifespan="off", log_level="error"))
    serving = asyncio.create_task(server.serve([listener] if own_socket else None))
    while not (server.started or serving.done()):
        await asyncio.sleep(0.01)
    reader, writer = await asyncio.open_connection(host, port)
    took = []
    for _ in range(ANSWERS):
        begun = time.perf_counter()
        writer.write(REQUEST)
        await reader.readuntil(BODY)
        took.append((time.perf_counter() - begun) * 1000)
    accepted = next(iter(server.server_state.connections)).transport.get_extra_info("socket")
    found = accepted.proto, accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
    writer.close()
    server.should_exit = True
    await serving
    return *found, statistics.median(took[1:])


print("uvicorn", version("uvicorn"), "Python", platform.python_version())
seen = {own_socket: asyncio.run(measured(own_socket)) for own_socket in (False, True)}
for own_socket, (proto, no_delay, milliseconds) in seen.items():
    given = "sockets=[create_server(...)]" if own_socket else "host and port"
    print(f"{given}: proto {proto}, TCP_NODELAY {no_delay}, an answer takes {milliseconds:.2f} ms")
(_, with_port, quick), (_, with_socket, late) = seen[False], seen[True]
assert (with_port, with_socket) == (1, 0), "the finding no longer holds"
assert late > 10 * quick
PY
