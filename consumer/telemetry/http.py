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

from consumer.telemetry.health import Health
from consumer.telemetry.metrics import Metrics


class _Server(uvicorn.Server):
    """A server whose process handles its own signals."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def operations_app(health: Health, metrics: Metrics) -> Starlette:
    """Return the application; 200 where every check is fine, else 503, with each check's sentence either way."""

    # Coroutines, so that they run on the event loop: that they answer at all is what liveness is about.
    def probe(checks: Callable[[], Mapping[str, str | None]]) -> Callable[[Request], Awaitable[Response]]:
        async def answer(_: Request) -> Response:
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

    return Starlette(
        routes=[
            Route("/livez", probe(health.liveness)),
            Route("/readyz", probe(health.readiness)),
            Route("/metrics", render),
        ]
    )


@asynccontextmanager
async def serve_operations(host: str, port: int, health: Health, metrics: Metrics) -> AsyncIterator[int]:
    """Serve the operations port; gives the port, which the system chooses where ``port`` is 0.

    Raises:
        OSError: the port is taken.

    """
    config = uvicorn.Config(operations_app(health, metrics), log_config=None, access_log=False, lifespan="off")
    listening = socket.create_server((host, port))
    server = _Server(config)
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    try:
        yield int(listening.getsockname()[1])
    finally:
        server.should_exit = True
        await serving
        listening.close()
