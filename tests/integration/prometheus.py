"""Prometheus' HTTP API, as far as the tests ask it."""

from __future__ import annotations

import json
from typing import Any
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import urlopen


def query(address: str, promql: str) -> list[Any]:
    """Return the series of an instant vector; none while the server still starts."""
    try:
        found: list[Any] = _get(f"{address}/api/v1/query?{urlencode({'query': promql})}")["result"]
    except URLError as error:
        if isinstance(error.reason, ConnectionRefusedError):
            return []
        raise
    return found


def rules(address: str) -> list[dict[str, Any]]:
    """Return the rules as the server evaluates them, each with its health."""
    return [rule for group in _get(f"{address}/api/v1/rules")["groups"] for rule in group["rules"]]


def _get(url: str) -> dict[str, Any]:
    with urlopen(url, timeout=10) as answer:  # noqa: S310 - http, to a server of the test's own
        data: dict[str, Any] = json.load(answer)["data"]
    return data
