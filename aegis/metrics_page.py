"""docs/metrics.md: every metric, taken from the registry that the processes measure by."""

from __future__ import annotations

from aegis.markdown import NOTE, code, table
from consumer.telemetry.registry import ALL_METRICS

_INTRODUCTION = """\
# Metrics

Every service serves its own at `/metrics` of its operations port (`AEGIS_OPS_HOST`, `AEGIS_OPS_PORT`) in Prometheus'
text format, and with them the usual `process_…` of CPU, memory and files. A histogram has the series `_bucket`, `_sum`
and `_count`. Series of a partition are reported by its owner alone and end when it is revoked. What an extractor
reports stands in the file that `AEGIS_SPOOL_METRICS_FILE` names, for node_exporter's textfile collector: an extraction
is over before it could be scraped. Dashboard and alerts: [production.md](production.md#watching).
"""


def metrics_page() -> str:
    rows = [
        (
            code(spec.name),
            spec.kind,
            spec.unit,
            ", ".join(map(code, spec.labels)) or "none",
            ", ".join(spec.reported_by),
            spec.meaning,
            spec.action,
        )
        for spec in ALL_METRICS
    ]
    heads = ("metric", "type", "unit", "labels", "reported by", "meaning", "when it looks wrong")
    return "\n".join((NOTE, _INTRODUCTION, table(heads, rows)))
