"""The spool's metrics as a file: an extraction is over before anybody could scrape it."""

from __future__ import annotations

import click
from prometheus_client import CollectorRegistry, Gauge, write_to_textfile

from consumer.telemetry import registry as declared
from consumer.telemetry.metric_spec import MetricSpec
from producer_tools.delivery.spool import Spool
from producer_tools.settings import SpoolSettings


def write_spool_metrics(spool: Spool, settings: SpoolSettings) -> None:
    """Write AEGIS_SPOOL_METRICS_FILE where it is set; says on stderr when it cannot, and never fails for it."""
    if settings.metrics_file is None:
        return
    try:
        state = spool.state()
        values: dict[MetricSpec, float] = {
            declared.SPOOL_EVENTS: state.events,
            declared.SPOOL_BYTES: state.size_bytes,
            declared.SPOOL_LIMIT_BYTES: settings.max_bytes,
            declared.SPOOL_OLDEST: state.oldest_at_seconds,
            declared.SPOOL_REJECTED: state.rejected,
        }
        collectors = CollectorRegistry()
        for spec, value in values.items():
            Gauge(spec.name, spec.meaning, spec.labels, registry=collectors).labels(str(spool.folder)).set(value)
        write_to_textfile(str(settings.metrics_file), collectors)
    except OSError as error:
        click.echo(
            f"AEGIS_SPOOL_METRICS_FILE={settings.metrics_file} cannot be written ({error.strerror}): "
            "name a file in a folder that is there",
            err=True,
        )
