"""The operations port of a process: /livez, /readyz and /metrics."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager

import uvicorn
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from consumer.telemetry.connections import ConnectionLimits, Connections
from consumer.telemetry.health import Health
from consumer.telemetry.metrics import Metrics


class _Server(uvicorn.Server):
    """A server whose process handles its own signals."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def operations_routes(health: Health, metrics: Metrics) -> list[Route]:
    """Return the routes; 200 where every check is fine, else 503, with each check's sentence either way."""

    # Coroutines, so that they run on the event loop: that they answer at all is what liveness is about.
    def probe(
        checks: Callable[[], Mapping[str, str | None]], before: Callable[[], Awaitable[object]] | None = None
    ) -> Callable[[Request], Awaitable[Response]]:
        async def answer(_: Request) -> Response:
            if before is not None:
                await before()
            problems = checks()
            failed = any(problem is not None for problem in problems.values())
            body = {
                "status": "failing" if failed else "ok",
                "checks": {name: problem or "ok" for name, problem in problems.items()},
            }
            return JSONResponse(body, status_code=503 if failed else 200)

        return answer

    async def render(_: Request) -> Response:
        metrics.readiness_asked(is_ready=all(problem is None for problem in health.readiness().values()))
        return Response(metrics.render(), media_type=CONTENT_TYPE_LATEST)

    return [
        Route("/livez", probe(health.liveness)),
        Route("/readyz", probe(health.readiness, health.refresh)),
        Route("/metrics", render),
    ]


@asynccontextmanager
async def serve_operations(host: str, port: int, health: Health, metrics: Metrics) -> AsyncIterator[int]:
    """Serve the operations port; gives the port, which the system chooses where ``port`` is 0.

    Raises:
        OSError: the port is taken.

    """
    async with serve(Starlette(routes=operations_routes(health, metrics)), host, port) as found:
        yield found


@asynccontextmanager
async def serve(
    app: Starlette,
    host: str,
    port: int,
    *,
    drain_seconds: int | None = None,
    limits: ConnectionLimits = ConnectionLimits(),  # noqa: B008 - frozen
) -> AsyncIterator[int]:
    """Serve an application; gives the port, which the system chooses where ``port`` is 0.

    At the end nothing more is accepted, and what is being answered gets ``drain_seconds`` to finish.

    Raises:
        OSError: the port is taken.

    """
    config = uvicorn.Config(
        app,
        http=Connections(limits).protocol,  # type: ignore[arg-type]  # called as a class
        ws="none",
        log_config=None,
        access_log=False,
        lifespan="off",
        timeout_graceful_shutdown=drain_seconds,
    )
    listening = socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    # asyncio sees to it only for sockets that say to be of TCP, which this one does not. Without it the body of each
    # answer after the first on a connection waits for the client to acknowledge its head: 40 ms on Linux.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    server = _Server(config)
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    try:
        yield int(listening.getsockname()[1])
    finally:
        server.should_exit = True
        await serving
        listening.close()
