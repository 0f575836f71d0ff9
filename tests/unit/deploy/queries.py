"""What the dashboard and the alerts ask of Prometheus."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from consumer.telemetry.registry import ALL_METRICS

DEPLOY = Path(__file__).parents[3] / "deploy"
DASHBOARD = DEPLOY / "grafana" / "dashboards" / "aegis.json"
PROMETHEUS = DEPLOY / "prometheus"
KINDS = {spec.name: spec.kind for spec in ALL_METRICS}
_HISTOGRAM_PARTS = ("_bucket", "_sum", "_count")


def panels() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(DASHBOARD.read_text())["panels"]
    return found


def dashboard_queries() -> list[str]:
    return [target["expr"] for panel in panels() for target in panel.get("targets", ())]


def alert_rules() -> list[dict[str, Any]]:
    groups = yaml.safe_load((PROMETHEUS / "alerts.yml").read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def our_metrics(query: str) -> Iterator[tuple[str, str]]:
    """Yield the registry's name of each metric of ours in a query, and how the query names it."""
    for name in re.findall(r"\baegis_\w+", query):
        base = next((name.removesuffix(part) for part in _HISTOGRAM_PARTS if name.endswith(part)), name)
        yield (base if KINDS.get(base) == "histogram" else name), name
