"""deploy/prometheus/alerts.yml as a resource of the Prometheus Operator, which cannot include that file."""

from __future__ import annotations

import textwrap
from pathlib import Path

_HEAD = """\
# Generated from deploy/prometheus/alerts.yml by `make docs`. A Prometheus Operator that chooses rules by a label (in
# kube-prometheus-stack, `release`) needs it here and at the PodMonitor: add it with `labels` in your kustomization.
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: aegis
  labels: {app.kubernetes.io/part-of: aegis-tagger}
spec:
"""


def alert_resource(root: Path) -> str:
    """Return the text of the resource, made of the alerts below the repository's root."""
    alerts = (root / "deploy" / "prometheus" / "alerts.yml").read_text(encoding="utf-8")
    return _HEAD + textwrap.indent(alerts[alerts.index("groups:") :], "  ")
