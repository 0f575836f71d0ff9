"""docs/metrics.md: every metric, taken from the registry that the processes measure by."""

from __future__ import annotations

from aegis.markdown import NOTE, code, table
from consumer.telemetry.registry import ALL_METRICS

_INTRODUCTION = """\
# Metrics

Every process serves these at `/metrics` of its operations port (`AEGIS_OPS_HOST`, `AEGIS_OPS_PORT`) in Prometheus'
text format. A histogram has the series `_bucket`, `_sum` and `_count`. Series of a partition are reported by its owner
alone and end when it is revoked.
"""


def metrics_page() -> str:
    rows = [
        (
            code(spec.name),
            spec.kind,
            spec.unit,
            ", ".join(map(code, spec.labels)) or "none",
            spec.meaning,
            spec.action,
        )
        for spec in ALL_METRICS
    ]
    heads = ("metric", "type", "unit", "labels", "meaning", "when it looks wrong")
    return "\n".join((NOTE, _INTRODUCTION, table(heads, rows)))
