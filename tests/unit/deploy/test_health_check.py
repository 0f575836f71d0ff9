"""The image's health check, asked of a real operations port."""

from __future__ import annotations

import asyncio
import signal
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest

from consumer.telemetry.health import Health
from consumer.telemetry.http import serve_operations
from consumer.telemetry.metrics import Metrics

FILE = Path(__file__).parents[3] / "deploy" / "image" / "healthcheck.py"


@pytest.fixture
def health_check() -> ModuleType:
    """The script as a module; it lies outside of every package, since the image runs it alone."""
    spec = spec_from_file_location("healthcheck", FILE)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def ended(health_check: ModuleType, monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """The signals it sent; sending them for real would end whoever is process 1 here."""
    sent: list[tuple[int, int]] = []
    monkeypatch.setattr(health_check.os, "kill", lambda process, number: sent.append((process, number)))
    return sent


async def _ask(health_check: ModuleType, monkeypatch: pytest.MonkeyPatch, health: Health, probe: str) -> int:
    async with serve_operations("127.0.0.1", 0, health, Metrics()) as port:
        monkeypatch.setenv("AEGIS_OPS_PORT", str(port))
        return int(await asyncio.to_thread(health_check.main, probe))


async def test_a_process_that_takes_work_is_healthy(
    health_check: ModuleType, ended: list[tuple[int, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    health = Health()
    health.add_readiness("stream", lambda: None)

    assert await _ask(health_check, monkeypatch, health, "readyz") == 0
    assert ended == []


async def test_an_outage_is_unhealthy_for_readyz_alone_and_ends_nothing(
    health_check: ModuleType,
    ended: list[tuple[int, int]],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Which dependency it is can be read in `docker inspect`."""
    health = Health()
    health.add_readiness("object store", lambda: "does not answer")

    assert await _ask(health_check, monkeypatch, health, "livez") == 0
    assert await _ask(health_check, monkeypatch, health, "readyz") == 1
    assert "object store" in capsys.readouterr().out
    assert ended == []


async def test_a_process_that_asks_to_be_restarted_is_told_to_end(
    health_check: ModuleType, ended: list[tuple[int, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Docker would leave it unhealthy for ever."""
    health = Health()
    health.add_liveness("stream", lambda: "stalled, although its consumer was rebuilt")

    assert await _ask(health_check, monkeypatch, health, "readyz") == 1
    assert ended == [(1, signal.SIGTERM)]


def test_a_port_that_does_not_answer_is_unhealthy(
    health_check: ModuleType,
    ended: list[tuple[int, int]],
    monkeypatch: pytest.MonkeyPatch,
    unused_tcp_port: int,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """As while the process starts."""
    monkeypatch.setenv("AEGIS_OPS_PORT", str(unused_tcp_port))

    assert health_check.main("livez") == 1
    assert "does not answer" in capsys.readouterr().out
    assert ended == []
