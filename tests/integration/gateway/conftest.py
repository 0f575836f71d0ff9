"""A gateway as a process of its own, with a database and events; a tagger and a sink beside it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import pytest
import urllib3

from testkit.corner import make_corner
from testkit.running import Pipeline, ServiceProcess
from tests.unit.gateway.serving import Client


@pytest.fixture(scope="module")
def corner(stack_environment: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory) -> Pipeline:
    return make_corner(stack_environment, tmp_path_factory.mktemp("gateway"))


@pytest.fixture(scope="module")
def publishing(corner: Pipeline) -> Iterator[Client]:
    """A gateway that publishes; its drain must exit 0."""
    with gateway_process(corner, AEGIS_GATEWAY_PUBLISH="true") as (service, client):
        yield client
        assert service.stop() == 0


@contextmanager
def gateway_process(corner: Pipeline, **environment: str) -> Iterator[tuple[ServiceProcess, Client]]:
    service = corner.service("gateway", AEGIS_GATEWAY_PORT="0", **environment)
    service.start()
    try:
        _await_ready(service)
        assert service.process.poll() is None, service.log_path.read_text()
        with urllib3.PoolManager(maxsize=32) as http:
            yield service, Client(_url(service), http)
    finally:
        if service.process.poll() is None:
            service.kill()


def _await_ready(service: ServiceProcess) -> None:
    deadline = time.monotonic() + 30
    while not _url(service) and service.process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)


def _url(service: ServiceProcess) -> str:
    return next((event["url"] for event in service.events() if event["event"] == "gateway.ready"), "")
