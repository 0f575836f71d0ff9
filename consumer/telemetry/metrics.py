"""The metrics of one process, in a registry of its own; declared in registry.py."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.metadata import version
from typing import Any, Protocol, TypeVar

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest

from consumer.telemetry import registry as declared
from consumer.telemetry.metric_spec import MetricSpec, Reporter

CountedT = TypeVar("CountedT", Counter, Histogram)


class ModelInfo(Protocol):
    """What is told of a model."""

    @property
    def id(self) -> str: ...
    @property
    def digest(self) -> str: ...
    @property
    def precision(self) -> str: ...
    @property
    def provider(self) -> str: ...
    @property
    def calibrated(self) -> bool: ...


class TaxonomyInfo(Protocol):
    """What is told of a taxonomy."""

    @property
    def id(self) -> str: ...
    @property
    def version(self) -> str: ...
    @property
    def digest(self) -> str: ...


class StageTimings(Protocol):
    """Milliseconds by stage."""

    @property
    def wait(self) -> float: ...
    @property
    def fetch(self) -> float: ...
    @property
    def decode(self) -> float: ...
    @property
    def embed(self) -> float: ...
    @property
    def score(self) -> float: ...


class Metrics:
    """Counts what the engine and the tagging code tell; an observer in the sense of the stream engine.

    Series of a partition are deleted when it is revoked: its new owner reports them from then on.
    """

    def __init__(self, reporter: Reporter | None = None) -> None:
        """Declare what this kind of process reports (None: everything), so that its counters are there from the start.

        Telling what the kind does not report is a defect of the caller, and a KeyError.
        """
        self.collectors = CollectorRegistry()
        self._counters: dict[str, Counter] = {}
        self._gauges: dict[str, Gauge] = {}
        self._histograms: dict[str, Histogram] = {}
        for spec in declared.ALL_METRICS:
            if reporter is None or reporter in spec.reported_by:
                self._declare(spec)
        self._owned: set[tuple[str, int]] = set()
        # Of what is told of every record: looking a series up by its label takes longer than counting.
        self._series: dict[tuple[Counter | Histogram, str], Any] = {}
        ProcessCollector(registry=self.collectors)
        self._gauge(declared.BUILD_INFO).labels(version("aegis-tagger")).set(1)

    def render(self) -> bytes:
        """Return everything in Prometheus' text format."""
        return generate_latest(self.collectors)

    def partitions_assigned(self, partitions: frozenset[tuple[str, int]]) -> None:
        self._owned = set(partitions)
        self._gauge(declared.PARTITIONS).set(len(self._owned))

    def partitions_revoked(self, partitions: frozenset[tuple[str, int]]) -> None:
        self._owned -= partitions
        self._gauge(declared.PARTITIONS).set(len(self._owned))
        for topic, partition in partitions:
            for spec in (declared.COMMITTED, declared.LAG_RECORDS, declared.LAG_SECONDS):
                self._gauge(spec).remove_by_labels({"topic": topic, "partition": str(partition)})

    def record_received(self, topic: str, partition: int) -> None:  # noqa: ARG002 - too many series otherwise
        self._of_topic(self._counter(declared.RECORDS_RECEIVED), topic).inc()

    def record_finished(self, topic: str, partition: int, *, seconds: float) -> None:  # noqa: ARG002 - as above
        self._of_topic(self._counter(declared.RECORDS_FINISHED), topic).inc()
        self._of_topic(self._histogram(declared.RECORD_SECONDS), topic).observe(seconds)

    def retry_scheduled(self, error_class: str, stage: str) -> None:
        self._counter(declared.RETRIES).labels(error_class, stage).inc()

    def dead_lettered(self, error_class: str, stage: str, disposition: str) -> None:
        self._counter(declared.DEAD_LETTERS).labels(error_class, stage, disposition).inc()

    def in_flight(self, *, records: int, bytes_held: int, oldest_seconds: float) -> None:
        self._gauge(declared.IN_FLIGHT).set(records)
        self._gauge(declared.IN_FLIGHT_BYTES).set(bytes_held)
        self._gauge(declared.OLDEST_IN_FLIGHT).set(oldest_seconds)

    def committed(self, topic: str, partition: int, next_offset: int) -> None:
        self._gauge(declared.COMMITTED).labels(topic, str(partition)).set(next_offset)

    def commit_failed(self, error_class: str) -> None:
        self._counter(declared.COMMIT_FAILURES).labels(error_class).inc()

    def lag(self, topic: str, partition: int, *, records: int, seconds: float) -> None:
        if (topic, partition) in self._owned:
            self._gauge(declared.LAG_RECORDS).labels(topic, str(partition)).set(records)
            self._gauge(declared.LAG_SECONDS).labels(topic, str(partition)).set(seconds)

    def breaker_changed(self, *, is_open: bool) -> None:
        self._gauge(declared.BREAKER_OPEN).set(is_open)

    def consumer_rebuilt(self) -> None:
        self._counter(declared.REBUILDS).inc()

    def clock_was_ahead(self) -> None:
        self._counter(declared.CLOCKS_AHEAD).inc()

    def ids_taken(self, count: int) -> None:
        self._counter(declared.IDS_TAKEN).inc(count)

    def stages_timed(self, timings_ms: StageTimings) -> None:
        stages = self._histogram(declared.STAGE_SECONDS)
        for stage in ("wait", "fetch", "decode", "embed", "score"):
            stages.labels(stage).observe(getattr(timings_ms, stage) / 1000)

    def partitions_stuck(self, count: int) -> None:
        self._gauge(declared.STUCK_PARTITIONS).set(count)

    def position_moved(self, topic: str, partition: int, *, reason: str) -> None:  # noqa: ARG002 - as above
        self._counter(declared.POSITION_MOVES).labels(topic, reason).inc()

    def batch_inferred(self, size: int, wait_ms: float, run_ms: float) -> None:  # noqa: ARG002 - in the embed stage
        self._histogram(declared.BATCH_SIZE).observe(size)
        self._histogram(declared.BATCH_SECONDS).observe(run_ms / 1000)

    def findings_told(self, names: Iterable[str]) -> None:
        for name in names:
            self._counter(declared.FINDINGS).labels(name).inc()

    def relations_told(self, relations: Iterable[str]) -> None:
        for relation in relations:
            self._counter(declared.RELATIONS).labels(relation).inc()

    def embedding_from(self, source: str) -> None:
        self._counter(declared.EMBEDDINGS).labels(source).inc()

    def reuse_failed(self) -> None:
        self._counter(declared.REUSE_FAILURES).inc()

    def request_answered(self, route: str, status: int, seconds: float) -> None:
        self._counter(declared.REQUESTS).labels(route, str(status)).inc()
        self._histogram(declared.REQUEST_SECONDS).labels(route).observe(seconds)

    def batch_stored(self, size: int, seconds: float) -> None:
        self._histogram(declared.SINK_BATCH_EVENTS).observe(size)
        self._histogram(declared.SINK_BATCH_SECONDS).observe(seconds)

    def embeddings_waiting(self, count: int) -> None:
        self._gauge(declared.EMBEDDINGS_WAITING).set(count)

    def asset_stored(self, since_extraction_seconds: float) -> None:
        self._histogram(declared.EXTRACTED_TO_STORED_SECONDS).observe(since_extraction_seconds)

    def lake_committed(self, table: str, *, rows: int, known: int, seconds: float) -> None:
        self._counter(declared.LAKE_ROWS).labels(table).inc(rows)
        self._counter(declared.LAKE_KNOWN_ROWS).labels(table).inc(known)
        self._histogram(declared.LAKE_COMMIT_SECONDS).labels(table).observe(seconds)

    def lake_conflicted(self, table: str) -> None:
        self._counter(declared.LAKE_CONFLICTS).labels(table).inc()

    def readiness_asked(self, *, is_ready: bool) -> None:
        self._gauge(declared.READY).set(is_ready)

    def loop_lagged(self, seconds: float) -> None:
        self._gauge(declared.LOOP_LAG).set(seconds)

    def model_loaded(self, model: ModelInfo, taxonomy: TaxonomyInfo) -> None:
        self._gauge(declared.MODEL_INFO).labels(
            model.id,
            model.digest,
            model.precision,
            model.provider,
            str(model.calibrated).lower(),
            taxonomy.id,
            taxonomy.version,
            taxonomy.digest,
        ).set(1)

    def _declare(self, spec: MetricSpec) -> None:
        if spec.kind == "counter":
            self._counters[spec.name] = Counter(spec.name, spec.meaning, spec.labels, registry=self.collectors)
        elif spec.kind == "gauge":
            self._gauges[spec.name] = Gauge(spec.name, spec.meaning, spec.labels, registry=self.collectors)
        else:
            self._histograms[spec.name] = Histogram(
                spec.name, spec.meaning, spec.labels, buckets=spec.buckets, registry=self.collectors
            )

    def _counter(self, spec: MetricSpec) -> Counter:
        return self._counters[spec.name]

    def _gauge(self, spec: MetricSpec) -> Gauge:
        return self._gauges[spec.name]

    def _histogram(self, spec: MetricSpec) -> Histogram:
        return self._histograms[spec.name]

    def _of_topic(self, metric: CountedT, topic: str) -> CountedT:
        series: CountedT | None = self._series.get((metric, topic))
        if series is None:
            series = self._series[metric, topic] = metric.labels(topic)
        return series
