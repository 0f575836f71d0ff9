"""The registry is whole, and partitions that went take their series with them."""

from __future__ import annotations

from importlib.metadata import version
from types import SimpleNamespace

import pytest

from consumer.telemetry.metric_spec import MetricSpec
from consumer.telemetry.metrics import Metrics
from consumer.telemetry.registry import ALL_METRICS


@pytest.mark.parametrize("spec", ALL_METRICS, ids=lambda spec: spec.name)
def test_every_metric_says_what_it_means_and_what_to_do(spec: MetricSpec) -> None:
    """Names follow Prometheus' conventions: our prefix, counters end in _total, times in _seconds."""
    assert spec.name.startswith("aegis_")
    assert (spec.kind == "counter") == spec.name.endswith("_total")
    assert (spec.unit == "seconds") == spec.name.endswith("_seconds")
    assert spec.meaning
    assert spec.action


def test_series_of_a_revoked_partition_are_deleted() -> None:
    """Its new owner reports them from then on; a late measurement does not bring them back."""
    metrics = Metrics()
    metrics.partitions_assigned(frozenset({("t", 0), ("t", 1)}))
    for partition in (0, 1):
        metrics.lag("t", partition, records=5, seconds=1.5)
        metrics.committed("t", partition, 7)

    metrics.partitions_revoked(frozenset({("t", 1)}))
    metrics.lag("t", 1, records=9, seconds=2)

    shown = metrics.render().decode()
    assert 'aegis_consumer_lag_records{partition="0",topic="t"} 5.0' in shown
    assert 'partition="1"' not in shown
    assert "aegis_assigned_partitions 1.0" in shown


def test_what_the_engine_tells_is_counted() -> None:
    """One of everything."""
    metrics = Metrics()
    metrics.record_received("t", 0)
    metrics.record_finished("t", 0, seconds=0.2)
    metrics.retry_scheduled("StoreUnavailableError", "fetch")
    metrics.dead_lettered("ImageRejectedError", "decode-image", "poison")
    metrics.in_flight(records=3, bytes_held=900, oldest_seconds=4)
    metrics.commit_failed("CommitFailedError")
    metrics.breaker_changed(is_open=True)
    metrics.consumer_rebuilt()
    metrics.batch_inferred(8, 1.0, 20.0)
    metrics.stages_timed(SimpleNamespace(wait=1.0, fetch=2.0, decode=3.0, embed=4.0, score=0.1))
    metrics.embedding_from("memory")
    metrics.reuse_failed()
    metrics.batch_stored(40, 0.03)
    metrics.asset_stored(7.5)
    metrics.readiness_asked(is_ready=True)
    metrics.loop_lagged(0.01)

    shown = metrics.render().decode()

    for line in (
        'aegis_records_received_total{topic="t"} 1.0',
        'aegis_records_finished_total{topic="t"} 1.0',
        'aegis_retries_total{error_class="StoreUnavailableError",stage="fetch"} 1.0',
        "aegis_in_flight_records 3.0",
        "aegis_breaker_open 1.0",
        "aegis_consumer_rebuilds_total 1.0",
        "aegis_inference_batch_size_sum 8.0",
        'aegis_stage_seconds_sum{stage="fetch"} 0.002',
        "aegis_sink_batch_events_sum 40.0",
        "aegis_sink_batch_seconds_count 1.0",
        "aegis_extracted_to_stored_seconds_sum 7.5",
        "aegis_ready 1.0",
    ):
        assert line in shown


def test_a_process_reports_what_it_can_measure_and_nothing_else() -> None:
    """A counter of its own is there, at zero, before its first event; another process's never is."""
    tagger, sink = Metrics("tagger").render().decode(), Metrics("sink").render().decode()

    assert "aegis_consumer_rebuilds_total 0.0" in tagger
    assert "aegis_consumer_rebuilds_total 0.0" in sink
    assert "aegis_inference_batch_size" in tagger
    assert "aegis_inference_batch_size" not in sink
    assert "aegis_sink_batch_events" in sink
    assert "aegis_sink_batch_events" not in tagger
    assert "aegis_spool_" not in tagger + sink


def test_version_and_resources_of_the_process_are_told() -> None:
    """What a dashboard needs to compare processes."""
    shown = Metrics("sink").render().decode()

    assert f'aegis_build_info{{version="{version("aegis-tagger")}"}} 1.0' in shown
    assert "process_resident_memory_bytes" in shown


def test_two_processes_in_one_do_not_share_a_registry() -> None:
    """Tests and tools may hold several."""
    first, second = Metrics(), Metrics()
    first.record_received("t", 0)

    assert b"aegis_records_received_total{" not in second.render()
