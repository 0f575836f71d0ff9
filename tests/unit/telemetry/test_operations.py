"""The operations port, over real HTTP."""

from __future__ import annotations

import asyncio
import json
import socket
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from consumer.telemetry.health import Health
from consumer.telemetry.http import serve_operations
from consumer.telemetry.metrics import Metrics


async def _get(port: int, path: str) -> tuple[int, str]:
    def fetch() -> tuple[int, str]:
        try:
            with urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
                return answer.status, answer.read().decode()
        except HTTPError as error:
            with error:
                return error.code, error.read().decode()

    return await asyncio.to_thread(fetch)


async def test_a_process_that_starts_is_alive_and_not_ready() -> None:
    """Nobody has said yet what ready means."""
    async with serve_operations("127.0.0.1", 0, Health(), Metrics()) as port:
        assert (await _get(port, "/livez"))[0] == 200
        status, body = await _get(port, "/readyz")

    assert status == 503
    assert json.loads(body) == {"status": "failing", "checks": {"start": "starting up"}}


async def test_each_check_gives_its_own_sentence() -> None:
    """One failing dependency turns readiness off, not liveness."""
    health = Health()
    health.add_liveness("stream", lambda: None)
    health.add_readiness("object store", lambda: "does not answer")
    health.add_readiness("group", lambda: None)

    async with serve_operations("127.0.0.1", 0, health, Metrics()) as port:
        live = await _get(port, "/livez")
        ready = await _get(port, "/readyz")

    assert live[0] == 200
    assert ready[0] == 503
    assert json.loads(ready[1])["checks"] == {"stream": "ok", "object store": "does not answer", "group": "ok"}


async def test_a_failed_liveness_is_told_and_fails_readiness_too() -> None:
    """A process that shall be restarted must get no work."""
    health = Health()
    health.add_liveness("stream", lambda: "stalled")
    health.add_readiness("group", lambda: None)

    async with serve_operations("127.0.0.1", 0, health, Metrics()) as port:
        assert (await _get(port, "/livez"))[0] == 503
        assert (await _get(port, "/readyz"))[0] == 503


async def test_metrics_are_in_the_text_format() -> None:
    """As Prometheus scrapes them."""
    async with serve_operations("127.0.0.1", 0, Health(), Metrics()) as port:
        status, body = await _get(port, "/metrics")

    assert status == 200
    assert "# TYPE aegis_in_flight_records gauge" in body


async def test_a_scrape_tells_what_readyz_would_say() -> None:
    """So that an alert can be made of it."""
    health, problem = Health(), "does not answer"
    health.add_readiness("object store", lambda: problem or None)

    async with serve_operations("127.0.0.1", 0, health, Metrics("tagger")) as port:
        _, failing = await _get(port, "/metrics")
        problem = ""
        _, fine = await _get(port, "/metrics")

    assert "aegis_ready 0.0" in failing
    assert "aegis_ready 1.0" in fine


async def test_a_port_that_is_taken_is_an_error_at_start() -> None:
    """Not a process that runs without probes."""
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(OSError, match="in use"):
        async with serve_operations("127.0.0.1", taken.getsockname()[1], Health(), Metrics()):
            pass
