"""The gateway listens where the clients of the service before it look, however it is run."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from consumer.settings import GatewaySettings

ROOT = Path(__file__).parents[3]
_PLACES = {
    "docker-compose.yml": r"AEGIS_GATEWAY_PORT: (\d+)|GATEWAY_PORT:-(\d+)\}:(\d+)",
    ".env.example": r"GATEWAY_PORT=(\d+)",
    "deploy/kubernetes/components/gateway/gateway.yaml": r'GATEWAY_PORT, value: "(\d+)"|http, containerPort: (\d+)',
    "tests/clients/rust/src/main.rs": r"http://localhost:(\d+)",
    "README.md": r"127\.0\.0\.1:(\d+)/api/v1",
    "docs/gateway.md": r"http://127\.0\.0\.1:(\d+)",
    "docs/production.md": r"listens on 127\.0\.0\.1:(\d+)",
}


@pytest.mark.parametrize("path", _PLACES)
def test_the_port_is_the_same_everywhere(path: str) -> None:
    found = re.finditer(_PLACES[path], (ROOT / path).read_text())
    ports = {port for match in found for port in match.groups() if port}

    assert ports == {str(GatewaySettings().port)} == {"8080"}
