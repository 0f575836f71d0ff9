"""docs/metrics.md: every metric, taken from the registry that the processes measure by."""

from __future__ import annotations

from aegis.reference.markdown import NOTE, code, table
from consumer.telemetry.registry import ALL_METRICS

_INTRODUCTION = """\
# Metrics

Every service exports its metrics in Prometheus' text format at `/metrics` of its operations port (`AEGIS_OPS_HOST`,
`AEGIS_OPS_PORT`), along with the usual `process_…` metrics of CPU, memory and open files. A histogram has the series
`_bucket`, `_sum` and `_count`. Only the owner of a partition reports its series, until the partition is revoked.
Extractions are too short to be scraped: they write their metrics to the file named by `AEGIS_SPOOL_METRICS_FILE`, for
node_exporter's textfile collector. Dashboard and alerts: [production.md](production.md#watching).
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
